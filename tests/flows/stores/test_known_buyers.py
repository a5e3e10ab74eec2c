"""A buyer is recognised by every key that a store gives, and what it gives is stored nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from models import OrderCustomer, User
from portal.db import query
from portal.db.checks import run_checks
from portal.flows.overviews.risk_hints import risk_hints
from portal.lib.clock import utc_now
from portal.stores import connect_referrer, disconnect_referrer, ensure_referrer
from portal.web.text.messages.referrals import guard_text
from tests.factories import make_store, make_user
from tests.flows.stores.conftest import Shop

BOTH = {"email": "buyer@example.test", "externalId": "c-1"}


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        (BOTH, {"externalId": "c-1"}, True),
        (BOTH, {"email": "new@example.test", "externalId": "c-1"}, True),
        ({"externalId": "c-1"}, BOTH, True),
        (BOTH, {"email": "buyer@example.test", "externalId": "c-2"}, True),
        (BOTH, {"email": "new@example.test", "externalId": "c-2"}, False),
    ],
    ids=["id", "new_address", "address_added", "second_account", "other"],
)
def test_any_key_of_an_earlier_order_is_the_buyer(
    shop: Shop, first: dict[str, Any], second: dict[str, Any], is_same: bool
) -> None:
    shop.report(customer=first)
    shop.report(externalId="15", customer=second, paidAt=shop.later(5))
    reason = shop.order("15").referral_reason
    assert reason == ("not_first_purchase" if is_same else None)
    assert run_checks() == {}


@pytest.mark.parametrize(
    ("bought_as", "owner", "confirmed", "same"),
    [
        ("Re.Ferrer+mug@gmail.com", "referrer@googlemail.com", True, True),
        ("anna+1@пошта.укр", "anna@xn--80a1acn3a.xn--j1amh", True, True),
        ("anna@example.com", "anna@example.com", False, True),
        ("anna@example.com", "hanna@example.com", True, False),
        (None, None, False, False),
    ],
)
@pytest.mark.parametrize("is_open_first", [False, True])
def test_mailbox_of_the_referrer_is_a_hint(
    shop: Shop, bought_as: str | None, owner: str | None, confirmed: bool, same: bool, is_open_first: bool
) -> None:
    at = utc_now() if confirmed else None
    User.update(email=owner, email_confirmed_at=at).where(User.id == shop.code.owner_user_id).execute()
    if is_open_first:
        shop.report(shop.open(customer={"email": bought_as}))
    # The address is stored nowhere, and need not be in every report.
    shop.report(customer={} if is_open_first else {"email": bought_as})
    reward = shop.reward()
    assert reward is not None
    assert [hint.code for hint in risk_hints([reward])[reward.id]] == ["same_mailbox"] * same
    texts = [guard_text(step) for step in shop.order().referral_trace]
    assert ("The buyer and the referrer use the same mailbox." in texts) is same


def test_order_paid_earlier_is_first_by_any_key(shop: Shop) -> None:
    shop.report(externalId="20", customer=BOTH, paidAt=shop.later(5))
    shop.report(customer={"externalId": "c-1"})
    assert (shop.order().referral_reason, shop.order("20").referral_reason) == (None, "not_first_purchase")


def test_buyer_who_is_named_when_paying_is_recognised_later(shop: Shop) -> None:
    shop.report(shop.open(customer={}))
    shop.report(customer={"email": "buyer@example.test"})
    assert OrderCustomer.select().count() == 1
    shop.report(externalId="15", customer={"email": "buyer@example.test"}, paidAt=shop.later(5))
    assert shop.order("15").referral_reason == "not_first_purchase"


def test_customer_who_is_connected_to_the_referrer_refers_themselves(shop: Shop) -> None:
    owner, secret = shop.code.owner_user_id, shop.settings.secret_key.get_secret_value()
    referrer = ensure_referrer(shop.store.id, "c-1", secret)
    customer = {"email": "other@example.test", "externalId": "c-1"}
    connect_referrer(referrer.id, owner)
    assert shop.report(shop.open(customer=customer)).result == "created"
    assert shop.order().referral_reason == "self_referral"
    # The same id in another store is another person, and so is a customer who is connected to another account.
    elsewhere = Shop(make_store(shop.vendor), shop.vendor, shop.code, shop.settings)
    elsewhere.report(customer=customer)
    assert elsewhere.order().referral_reason is None
    disconnect_referrer(referrer.id, owner)
    connect_referrer(referrer.id, make_user().id)
    shop.report(customer=customer)
    assert shop.order().referral_reason is None


def test_ids_that_are_contacts_are_stored_nowhere(shop: Shop) -> None:
    """Shops use phone numbers and addresses as ids, and people type them into the reason of a refund."""
    shop.report(customer={"externalId": "+380440000000"})
    shop.report(externalId="15", customer={"externalId": "olena@example.test"})
    reason = "call Olena: +38 (044) 000-00-00 or <olena@example.test>, order 1795876799000"
    refunds = [{"id": "1", "amount": "1.00", "reason": reason}]
    line = {"externalId": "7", "name": "Voucher for olena@example.test", "quantity": 1, "amount": "719.98"}
    shop.report(externalId="16", refunds=refunds, lines=[line], shipping="0")
    tables = query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    stored = str([query(f'SELECT t::text FROM "{table}" t') for (table,) in tables])
    assert "call Olena: … or <…>, order 1795876799000" in stored
    assert "Voucher for …" in stored
    for contact in ("380440000000", "(044)", "olena@"):
        assert contact not in stored
