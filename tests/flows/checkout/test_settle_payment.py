"""Settling a payment: first purchases, credit, memberships, and ledgers that are retried."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import psycopg2
import pytest

from models import (
    CreditEntry,
    EventLog,
    MerchantConfig,
    Order,
    PlatformConfig,
    Product,
    ProgrammeVersion,
    RailFailure,
    ReferralReward,
    Settlement,
)
from portal.catalogue import CartLine
from portal.db import SYSTEM, connection, query
from portal.db.checks import run_checks
from portal.db.connection import current_url
from portal.flows.checkout import paid_parts
from portal.flows.checkout.begin_payment import begin_membership_payment
from portal.flows.checkout.retry_ledgers import retry_ledgers
from portal.flows.checkout.settle_payment import buy_with_credit, pay_with_credit
from portal.orders import OrderUnknown
from portal.payments import AlreadyPaid, CreditShort, add_credit, credit_balance, find_payment
from portal.payments.operations import PaymentInProgress
from tests.flows.conftest import Store
from tests.support.load import wait_until
from tests.support.threads import at_once

pytestmark = pytest.mark.system_postgres

_WAITING_FOR_LOCKS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def give_credit(store: Store, name: str) -> int:
    user = store.newcomer(name)
    add_credit(user.id, 50_000, "UAH", "test", SYSTEM)
    return int(user.id)


def test_only_the_first_paid_of_two_orders_is_attributed(store: Store) -> None:
    buyer = store.newcomer("ann")
    first, second = (store.place(buyer, cookie=store.code).order for _ in range(2))
    assert first.referral_code == second.referral_code == store.code
    for order in (second, first):
        store.begin_payment(order)
        store.send_callback(order)
    first, second = Order.get_by_id(first.id), Order.get_by_id(second.id)
    assert (second.referral_code, second.referral_reason) == (store.code, None)
    assert (first.referral_code, first.referral_reason) == (None, "not_first_purchase")
    assert [step["stage"] for step in first.referral_trace] == ["order"] * 4 + ["payment"] * 4
    assert ReferralReward.select().count() == 1
    assert run_checks() == {}


def test_concurrent_payments_have_one_first_purchase(store: Store) -> None:
    buyer = store.newcomer("ann")
    orders = [store.place(buyer, cookie=store.code).order for _ in range(4)]
    for order in orders:
        store.begin_payment(order)
    bodies = [store.callback(order) for order in orders]

    def send(body: bytes) -> None:
        with connection():
            store.apply_now(body)

    threads = [threading.Thread(target=send, args=[body]) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Order.select().where(Order.paid_at.is_null(False)).count() == 4
    assert ReferralReward.select().count() == 1
    assert run_checks() == {}


def test_payments_of_one_product_do_not_deadlock(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Both wait for a change of its row, which another transaction refers to for longer."""
    orders = [store.place(store.newcomer(name), "mountain-tea").order for name in ("ann", "bob")]
    for order in orders:
        store.begin_payment(order)
    product = [store.product("mountain-tea").id]
    raised: list[BaseException] = []

    def pay() -> None:
        bodies = [store.callback(order) for order in orders]
        raised.extend(at_once([partial(store.apply_now, body) for body in bodies]))

    payments = threading.Thread(target=pay)
    with (
        closing(psycopg2.connect(current_url())) as change,
        closing(psycopg2.connect(current_url())) as refer,
    ):
        change.cursor().execute("UPDATE products SET stock = stock WHERE id = %s", product)
        refer.cursor().execute("SELECT 1 FROM products WHERE id = %s FOR KEY SHARE", product)
        payments.start()
        wait_until(lambda: query(_WAITING_FOR_LOCKS) == [(2,)])
        change.commit()
        payments.join()
    assert raised == []
    assert "paid event is written in parts" not in caplog.text
    assert {Order.get_by_id(order.id).status for order in orders} == {"paid"}


def test_credit_payment_settles_and_approves_the_reward(store: Store) -> None:
    user_id = give_credit(store, "ann")
    buyer = store.user("ann")
    order = store.place(buyer, cookie=store.code).order
    paid = pay_with_credit(order.id, buyer, store.chain, store.settings)
    assert paid.status == "paid"
    assert credit_balance(user_id, "UAH") == 50_000 - order.total_minor
    reward = ReferralReward.get()
    assert (reward.status, reward.rail, reward.order_reference) == (
        "approved",
        "crypto",
        order.order_reference,
    )
    assert Settlement.select().count() == 2
    with pytest.raises(AlreadyPaid):
        pay_with_credit(order.id, buyer, store.chain, store.settings)
    assert CreditEntry.select().where(CreditEntry.amount_minor < 0).count() == 1
    assert run_checks() == {}


def test_concurrent_checkouts_cannot_spend_the_same_credit(store: Store) -> None:
    user_id = give_credit(store, "ann")
    buyer = store.user("ann")
    orders = [store.place(buyer, "mountain-tea").order for _ in range(6)]
    errors: list[CreditShort] = []

    def pay(order: Order) -> None:
        with connection():
            try:
                pay_with_credit(order.id, buyer, store.chain, store.settings)
            except CreditShort as error:
                errors.append(error)

    threads = [threading.Thread(target=pay, args=[order]) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Order.select().where(Order.status == "paid").count() == 2
    assert len(errors) == 4
    assert credit_balance(user_id, "UAH") == 2_000
    assert run_checks() == {}


def test_insufficient_credit_changes_nothing(store: Store) -> None:
    buyer = store.newcomer("ann")
    with pytest.raises(CreditShort):
        buy_with_credit(buyer, [CartLine(store.product("city-map").id, 1)], None, store.chain, store.settings)
    assert not Order.select().exists()
    assert not CreditEntry.select().where(CreditEntry.amount_minor < 0).exists()


def test_repeated_credit_form_buys_once(store: Store) -> None:
    give_credit(store, "ann")
    buyer, lines = store.user("ann"), [CartLine(store.product("city-map").id, 1)]
    orders = [
        buy_with_credit(buyer, lines, None, store.chain, store.settings, checkout_key="form-1")
        for _ in range(2)
    ]
    assert orders[0].id == orders[1].id
    assert Order.select().count() == 1


def test_order_of_another_buyer_cannot_be_paid(store: Store) -> None:
    give_credit(store, "ann")
    order = store.place(store.newcomer("bob")).order
    with pytest.raises(OrderUnknown):
        pay_with_credit(order.id, store.user("ann"), store.chain, store.settings)


def test_order_the_provider_is_checking_cannot_be_paid_by_credit(store: Store) -> None:
    give_credit(store, "ann")
    buyer = store.user("ann")
    order = store.place(buyer).order
    store.begin_payment(order)
    store.send_callback(order, "Pending")
    with pytest.raises(PaymentInProgress):
        pay_with_credit(order.id, buyer, store.chain, store.settings)
    assert credit_balance(buyer.id, "UAH") == 50_000


@pytest.mark.parametrize("rail", ["commission", "reward"])
def test_failed_ledger_keeps_payment_and_is_retried(
    store: Store, rail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"commission": "decide_settlements", "reward": "decide_order_reward"}[rail]

    def fail(*_: object, **_rest: object) -> None:
        raise RuntimeError("this ledger is broken")

    with monkeypatch.context() as patch:
        patch.setattr(paid_parts, broken, fail)
        order = store.pay(store.newcomer("ann"), cookie=store.code)
    assert order.status == "paid"
    failure = RailFailure.get()
    assert (failure.rail, failure.resolved_at) == (rail, None)
    assert "this ledger is broken" in failure.reason
    assert (Settlement.select().count(), ReferralReward.select().count()) == (
        (0, 1) if rail == "commission" else (2, 0)
    )
    assert run_checks() == {}

    assert retry_ledgers(store.chain, store.settings) == 1
    assert RailFailure.get().resolved_at is not None
    assert (Settlement.select().count(), ReferralReward.select().count()) == (2, 1)


def test_reward_fails_without_exchange_rate(store: Store) -> None:
    Product.update(currency="EUR").execute()
    store.pay(store.newcomer("ann"), cookie=store.code)
    reward = ReferralReward.get()
    assert (reward.status, reward.failure_reason) == ("failed", "rate_missing")
    assert reward.reward_amount_wei is None
    assert reward.sizing["failure"]["params"] == {"currency": "EUR"}
    assert Settlement.select().count() == 2


def test_reward_fails_without_token_price(store: Store) -> None:
    store.settings = store.settings.model_copy(update={"referral_token_usd_price": None})
    store.pay(store.newcomer("ann"), cookie=store.code)
    reward = ReferralReward.get()
    assert (reward.status, reward.failure_reason) == ("failed", "price_unavailable")


def test_commission_above_sale_is_held(store: Store) -> None:
    MerchantConfig.update(
        platform_percent=Decimal(95),
        custom_splits=[{"recipientId": "p", "percent": "10", "description": "Partner"}],
    ).execute()
    store.pay(store.newcomer("ann"), cookie=store.code)
    for row in Settlement.select():
        assert (row.status, row.failure_reason) == ("held", "commission_exceeds_subtotal")


def buy_membership(store: Store) -> ReferralReward:
    member = store.newcomer("ann", referred=True)
    form = begin_membership_payment("MEMBER", member, "uk", store.settings)
    body = store.callback(
        Order(order_reference=form.order_reference, total_minor=29_900, currency="UAH"), "Approved"
    )
    store.receive(body)
    return ReferralReward.get()


@pytest.mark.parametrize(
    ("saved", "percent", "source"), [(7, 7, "default"), (None, 5, "env"), (60, 50, "default")]
)
def test_membership_earns_the_saved_percent_of_the_platform(
    store: Store, saved: int | None, percent: int, source: str
) -> None:
    PlatformConfig.update(referral_percent=saved).execute()
    reward = buy_membership(store)
    assert (reward.reward_percent, reward.sizing["percentSource"]) == (percent, source)
    # 299 UAH at 40 UAH per USD and 0.10 USD per token.
    assert reward.reward_amount_wei == 74_750_000_000_000_000_000 * percent // 100


def assert_nothing_due() -> None:
    """A sale that earns nothing has no reward, which is no failure."""
    assert not ReferralReward.select().exists()
    assert not RailFailure.select().exists()
    assert EventLog.select().where(EventLog.event == "reward_not_due").count() == 1
    assert run_checks() == {}


def test_saved_percent_of_zero_is_a_value_for_memberships(store: Store) -> None:
    PlatformConfig.update(referral_percent=0).execute()
    with pytest.raises(ReferralReward.DoesNotExist):
        buy_membership(store)
    assert_nothing_due()


def test_saved_percent_of_zero_is_a_value_for_orders(store: Store) -> None:
    PlatformConfig.update(referral_percent=0).execute()
    Product.update(referral_percent=None).execute()
    MerchantConfig.update(referral_percent=None).execute()
    store.pay(store.newcomer("ann"), cookie=store.code)
    assert_nothing_due()


def test_reward_keeps_the_version_that_was_in_force_when_paid(store: Store) -> None:
    first = ProgrammeVersion.get()
    order = store.pay(store.newcomer("ann"), cookie=store.code)
    reward = ReferralReward.get()
    assert (reward.programme_version_id, reward.bonus_percent) == (first.id, 0)
    assert reward.mintable_from == order.paid_at


def test_hold_and_approval_come_from_the_version_in_force(store: Store) -> None:
    now = datetime.now(UTC)
    ProgrammeVersion.update(ends_at=now).execute()
    rules = {"holdDays": 14, "approval": {"fiat": "automatic", "crypto": "manual"}, "bonus": "none"}
    second = ProgrammeVersion.create(starts_at=now, rules=rules)
    order = store.pay(store.newcomer("ann"), cookie=store.code)
    reward = ReferralReward.get()
    assert (reward.programme_version_id, reward.rail, reward.status) == (second.id, "fiat", "approved")
    assert reward.mintable_from == order.paid_at + timedelta(days=14)


def test_reward_without_a_version_in_force_is_written_once_there_is_one(store: Store) -> None:
    version = ProgrammeVersion.get()
    ProgrammeVersion.update(starts_at=datetime.now(UTC) + timedelta(days=1)).execute()
    order = store.pay(store.newcomer("ann"), cookie=store.code)
    assert (order.status, ReferralReward.select().count()) == ("paid", 0)
    ProgrammeVersion.update(starts_at=version.starts_at).execute()
    RailFailure.update(last_tried_at=order.paid_at - timedelta(days=1)).execute()
    assert retry_ledgers(store.chain, store.settings) == 1
    assert ReferralReward.get().programme_version_id == version.id


def test_membership_of_a_referred_user_earns_a_reward(store: Store) -> None:
    reward = buy_membership(store)
    assert (reward.order_id, reward.rail, reward.status) == (None, "fiat", "pending_approval")
    # 5% of 299 UAH at 40 UAH per USD at 0.10 USD per token.
    assert reward.reward_amount_wei == 3_737_500_000_000_000_000
    assert store.user("ann").membership_tier == "MEMBER"
    assert find_payment(reward.order_reference).status == "paid"
    assert not Settlement.select().exists()
