"""The orders page and the membership page."""

from __future__ import annotations

from models import Refcode, User
from tests.factories import make_order, make_payment, make_product
from tests.support.statements import count_statements
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def test_orders_show_lines_payment_and_referral(as_owner: Visitor, owner: User, code: Refcode) -> None:
    credited = make_order(owner, [(make_product(name="A lamp", price_minor=76_000), 2)], code=code)
    make_payment(credited, "paid")
    make_order(owner)
    make_order(owner, referral_reason="not_first_purchase")
    page = as_owner.get("/orders")
    assert page.status_code == 200
    text = text_of(page)
    for expected in ("A lamp", "1,520.00", code.code, credited.order_reference):
        assert expected in text
    # An order that no link led to has nothing to explain.
    assert page.text.count('class="referral-note"') == 1
    assert "Referrals count for a first purchase only" in text


def test_only_unpaid_orders_can_be_paid(as_owner: Visitor, owner: User) -> None:
    paid, unpaid, waiting = make_order(owner, paid=True), make_order(owner), make_order(owner)
    make_payment(paid, "paid")
    make_payment(waiting, "redirected")
    page = as_owner.get("/orders").text
    assert f"/checkout/pay/{unpaid.id}" in page
    assert f"/checkout/pay/{waiting.id}" in page
    assert f"/checkout/pay/{paid.id}" not in page


def test_number_of_statements_does_not_depend_on_the_number_of_orders(as_owner: Visitor, owner: User) -> None:
    def statements() -> int:
        with count_statements() as sent:
            as_owner.get("/orders")
        return sent.count

    make_order(owner)
    as_owner.get("/orders")
    before = statements()
    for _ in range(4):
        make_order(owner)
    assert statements() == before


def test_orders_of_others_are_hidden(as_other: Visitor, owner: User) -> None:
    order = make_order(owner)
    assert order.order_reference not in as_other.get("/orders").text


def test_empty_orders_page_links_to_the_store(as_owner: Visitor) -> None:
    assert 'href="/"' in as_owner.get("/orders").text


def test_orders_require_sign_in(client: Visitor) -> None:
    answer = client.get("/orders")
    assert (answer.status_code, answer.location) == (303, "/login?next=/orders")


def test_membership_shows_tiers_prices_and_the_current_one(as_owner: Visitor, owner: User) -> None:
    text = text_of(as_owner.get("/membership"))
    for expected in ("SUBSCRIBER", "MEMBER", "CONFIDENTIAL", "299.00", "999.00", "Your tier"):
        assert expected in text
    assert as_owner.get("/membership").text.count('name="tier"') == 2


def test_membership_requires_sign_in(client: Visitor) -> None:
    assert client.get("/membership").status_code == 303
    assert client.submit("/membership", {"tier": "MEMBER"}).status_code == 401
