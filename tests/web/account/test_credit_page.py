"""`/account/credit`: the balance, the entries with sign and reason, and the links to the page."""

from __future__ import annotations

from models import CreditEntry, User
from portal.payments import debit_credit
from tests.factories import give_credit, make_order, make_payment, make_product
from tests.web.pages import text_of
from tests.web.visitor import Visitor

PAGE = "/account/credit"


def test_statement_shows_sign_reason_order_and_balance(as_owner: Visitor, owner: User) -> None:
    order = make_order(owner, paid=True)
    make_payment(order, "paid", processor="internal_credit", rail="internal_credit")
    give_credit(owner, 150_000)
    debit_credit(owner.id, 100_000, "UAH", order.order_reference)
    page = as_owner.get(PAGE)
    text = text_of(page)
    assert "+1,500.00 UAH" in text
    assert "-1,000.00 UAH" in text
    assert text.count(" 500.00 UAH") == 2  # the balance, and the balance after the purchase
    assert "test credit" in text
    assert "Purchase" in text
    link = f'href="/checkout/processing/{order.order_reference}"'
    assert link in page.text
    assert as_owner.get(f"/checkout/processing/{order.order_reference}").status_code == 200


def test_empty_statement_explains_credit(as_owner: Visitor) -> None:
    assert "You have no credit yet" in text_of(as_owner.get(PAGE))


def test_statement_is_filtered_by_currency(as_owner: Visitor, owner: User) -> None:
    give_credit(owner, 10_000)
    give_credit(owner, 500, "USD")
    assert as_owner.get(PAGE).text.count('id="entry-') == 2
    assert as_owner.get(f"{PAGE}?currency=USD").text.count('id="entry-') == 1
    assert as_owner.get(f"{PAGE}?currency=GBP").text.count('id="entry-') == 2


def test_statement_is_private_to_its_owner(
    as_owner: Visitor, as_other: Visitor, other: User, client: Visitor
) -> None:
    give_credit(other, 12_345)
    assert "123.45" not in as_owner.get(PAGE).text
    assert "123.45" in as_other.get(PAGE).text
    assert client.get(PAGE).status_code == 303
    assert as_owner.post(PAGE).status_code == 405


def test_reason_is_escaped_and_not_translated(as_owner: Visitor, owner: User) -> None:
    CreditEntry.insert(user_id=owner.id, amount_minor=5, currency="UAH", reason="<b>x</b>").execute()
    assert '<span class="cell-prose" translate="no">&lt;b&gt;x&lt;/b&gt;</span>' in as_owner.get(PAGE).text


def test_account_menu_and_checkout_link_to_the_statement(as_owner: Visitor, owner: User) -> None:
    assert 'href="/uk/account/credit"' in as_owner.get("/uk/orders").text
    as_owner.fill_cart((make_product().id, 1))
    assert as_owner.get("/checkout").text.count('href="/account/credit"') == 2
