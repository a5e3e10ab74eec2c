"""`/account/credit`: the balance, the entries with sign and reason, and the links to the page."""

from __future__ import annotations

from werkzeug.test import TestResponse

from models import CreditEntry, EventLog, JournalTransfer, User
from portal.db import Actor
from portal.db.checks import run_checks
from portal.payments import credit_balances, debit_credit, give_up_credit
from tests.factories import give_credit, make_order, make_payment, make_product
from tests.support.threads import at_once
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
    assert text.count(" 500.00 UAH") == 3  # the balance, what can be given up, the balance after the purchase
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


def give_up(browser: Visitor, minor: int, **values: str) -> TestResponse:
    form = {"currency": "UAH", "seen_minor": str(minor), "confirmed": "1", **values}
    return browser.submit(f"{PAGE}/give-up", form)


def test_credit_that_is_given_up_no_longer_prevents_erasure(as_owner: Visitor, owner: User) -> None:
    give_credit(owner, 1)
    give_credit(owner, 500, "USD")
    data = as_owner.get("/account/data").text
    assert 'href="/account/credit"' in data.split('id="obstacles"')[1]
    assert give_up(as_owner, 1).status_code == 303
    assert credit_balances(owner.id) == {"UAH": 0, "USD": 500}
    page = as_owner.get(PAGE)
    assert "You have given up your credit of 0.01 UAH." in text_of(page)
    assert ('id="give-up-UAH"' in page.text, 'id="give-up-USD"' in page.text) == (False, True)
    assert "Given up" in text_of(page)
    give_up(as_owner, 500, currency="USD")
    assert 'id="obstacles"' not in as_owner.get("/account/data").text
    events = EventLog.select().where(EventLog.event == "credit_given_up").order_by(EventLog.id)
    assert [row.data for row in events] == [
        {"amountMinor": "1", "currency": "UAH"},
        {"amountMinor": "500", "currency": "USD"},
    ]
    kinds = [row.kind for row in JournalTransfer.select().order_by(JournalTransfer.id)]
    assert kinds == ["credit_added", "credit_added", "credit_given_up", "credit_given_up"]
    assert run_checks() == {}


def test_only_the_credit_that_was_seen_is_given_up(as_owner: Visitor, owner: User) -> None:
    give_credit(owner, 100)
    give_up(as_owner, 99)
    assert "The credit has changed" in text_of(as_owner.get(PAGE))
    give_up(as_owner, 100, confirmed="")
    assert "Tick the box" in text_of(as_owner.get(PAGE))
    assert credit_balances(owner.id) == {"UAH": 100}
    assert at_once([lambda: give_up_credit(owner.id, "UAH", 100, Actor.user(owner.id))] * 4) == []
    assert [row.amount_minor for row in CreditEntry.select().order_by(CreditEntry.id)] == [100, -100]
