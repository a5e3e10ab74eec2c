"""The buyer's orders and the membership page."""

from __future__ import annotations

from models import Refcode, User
from tests.factories import make_order, make_payment, make_product
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def test_orders_show_lines_payment_and_referral(as_owner: Visitor, owner: User, code: Refcode) -> None:
    credited = make_order(owner, [(make_product(name="A lamp", price_minor=76_000), 2)], code=code)
    make_payment(credited, "paid")
    make_order(owner)
    page = as_owner.get("/orders")
    assert page.status_code == 200
    told = text_of(page)
    for expected in ("A lamp", "1,520.00", code.code, credited.order_reference):
        assert expected in told
    assert page.text.count('class="referral-note"') == 1


def test_only_unpaid_orders_can_be_paid(as_owner: Visitor, owner: User) -> None:
    paid, unpaid, waiting = make_order(owner, paid=True), make_order(owner), make_order(owner)
    make_payment(paid, "paid")
    make_payment(waiting, "redirected")
    page = as_owner.get("/orders").text
    assert f"/checkout/pay/{unpaid.id}" in page
    assert f"/checkout/pay/{waiting.id}" in page
    assert f"/checkout/pay/{paid.id}" not in page


def test_nobody_sees_somebody_elses_orders(as_other: Visitor, owner: User) -> None:
    order = make_order(owner)
    assert order.order_reference not in as_other.get("/orders").text


def test_no_orders_yet_says_what_to_do(as_owner: Visitor) -> None:
    assert 'href="/"' in as_owner.get("/orders").text


def test_orders_need_a_person(client: Visitor) -> None:
    answer = client.get("/orders")
    assert (answer.status_code, answer.location) == (303, "/login?next=/orders")


def test_membership_shows_tiers_prices_and_the_present_one(as_owner: Visitor, owner: User) -> None:
    told = text_of(as_owner.get("/membership"))
    for expected in ("SUBSCRIBER", "MEMBER", "CONFIDENTIAL", "299.00", "999.00", "Your tier"):
        assert expected in told
    assert as_owner.get("/membership").text.count('name="tier"') == 2


def test_membership_needs_a_person(client: Visitor) -> None:
    assert client.get("/membership").status_code == 303
    assert client.submit("/membership", {"tier": "MEMBER"}).status_code == 401
