"""The paid path: first purchases decided at payment, credit that cannot be spent twice, rails that retry."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from models import CreditEntry, MerchantConfig, Order, Product, RailFailure, ReferralReward, Settlement
from portal.db import SYSTEM, connection
from portal.db.checks import run_checks
from portal.flows.checkout import write_ledgers as write_rails
from portal.flows.checkout.begin_payment import begin_membership_payment
from portal.flows.checkout.retry_ledgers import retry_rails
from portal.flows.checkout.settle_payment import buy_with_credit, pay_with_credit
from portal.orders import CartLine, OrderUnknown
from portal.payments import AlreadyPaid, CreditShort, add_credit, credit_balance, find_payment
from portal.payments.operations import PaymentInProgress
from tests.flows.conftest import Store

pytestmark = pytest.mark.system_postgres


def give_credit(store: Store, name: str) -> int:
    user = store.newcomer(name)
    add_credit(user.id, 50_000, "UAH", "test", SYSTEM)
    return int(user.id)


def test_of_two_orders_side_by_side_only_the_first_paid_is_attributed(store: Store) -> None:
    buyer = store.newcomer("ann")
    first, second = (store.place(buyer, cookie=store.code).order for _ in range(2))
    assert first.referral_code == second.referral_code == store.code
    for order in (second, first):
        store.leave(order)
        store.tell(order)
    first, second = Order.get_by_id(first.id), Order.get_by_id(second.id)
    assert (second.referral_code, second.referral_reason) == (store.code, None)
    assert (first.referral_code, first.referral_reason) == (None, "not_first_purchase")
    assert [step["stage"] for step in first.referral_trace] == ["order"] * 4 + ["payment"] * 4
    assert ReferralReward.select().count() == 1
    assert run_checks() == {}


def test_two_orders_paid_at_the_same_moment_are_not_both_first(store: Store) -> None:
    buyer = store.newcomer("ann")
    orders = [store.place(buyer, cookie=store.code).order for _ in range(4)]
    for order in orders:
        store.leave(order)
    bodies = [store.callback(order) for order in orders]

    def send(body: bytes) -> None:
        with connection():
            store.receive(body)

    threads = [threading.Thread(target=send, args=[body]) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Order.select().where(Order.paid_at.is_null(False)).count() == 4
    assert ReferralReward.select().count() == 1
    assert run_checks() == {}


def test_credit_pays_at_once_and_the_reward_starts_approved(store: Store) -> None:
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


def test_simultaneous_checkouts_cannot_spend_the_same_credit(store: Store) -> None:
    user_id = give_credit(store, "ann")
    buyer = store.user("ann")
    orders = [store.place(buyer, "mountain-tea").order for _ in range(6)]
    short: list[CreditShort] = []

    def pay(order: Order) -> None:
        with connection():
            try:
                pay_with_credit(order.id, buyer, store.chain, store.settings)
            except CreditShort as error:
                short.append(error)

    threads = [threading.Thread(target=pay, args=[order]) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Order.select().where(Order.status == "paid").count() == 2
    assert len(short) == 4
    assert credit_balance(user_id, "UAH") == 2_000
    assert run_checks() == {}


def test_too_little_credit_changes_nothing(store: Store) -> None:
    buyer = store.newcomer("ann")
    with pytest.raises(CreditShort):
        buy_with_credit(buyer, [CartLine(store.product("city-map").id, 1)], None, store.chain, store.settings)
    assert not Order.select().exists()
    assert not CreditEntry.select().where(CreditEntry.amount_minor < 0).exists()


def test_the_credit_form_sent_twice_buys_once(store: Store) -> None:
    give_credit(store, "ann")
    buyer, lines = store.user("ann"), [CartLine(store.product("city-map").id, 1)]
    orders = [
        buy_with_credit(buyer, lines, None, store.chain, store.settings, checkout_key="form-1")
        for _ in range(2)
    ]
    assert orders[0].id == orders[1].id
    assert Order.select().count() == 1


def test_a_strangers_order_cannot_be_paid(store: Store) -> None:
    give_credit(store, "ann")
    order = store.place(store.newcomer("bob")).order
    with pytest.raises(OrderUnknown):
        pay_with_credit(order.id, store.user("ann"), store.chain, store.settings)


def test_order_the_provider_is_checking_cannot_be_paid_by_credit(store: Store) -> None:
    give_credit(store, "ann")
    buyer = store.user("ann")
    order = store.place(buyer).order
    store.leave(order)
    store.tell(order, "Pending")
    with pytest.raises(PaymentInProgress):
        pay_with_credit(order.id, buyer, store.chain, store.settings)
    assert credit_balance(buyer.id, "UAH") == 50_000


@pytest.mark.parametrize("rail", ["commission", "reward"])
def test_a_failing_rail_never_loses_the_payment_and_is_retried(
    store: Store, rail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"commission": "write_settlement", "reward": "record_reward"}[rail]

    def fail(*_: object) -> None:
        raise RuntimeError("this rail is broken")

    with monkeypatch.context() as patch:
        patch.setattr(write_rails, broken, fail)
        order = store.pay(store.newcomer("ann"), cookie=store.code)
    assert order.status == "paid"
    failure = RailFailure.get()
    assert (failure.rail, failure.resolved_at) == (rail, None)
    assert "this rail is broken" in failure.reason
    assert (Settlement.select().count(), ReferralReward.select().count()) == (
        (0, 1) if rail == "commission" else (2, 0)
    )
    assert run_checks() == {}

    assert retry_rails(store.chain, store.settings) == 1
    assert RailFailure.get().resolved_at is not None
    assert (Settlement.select().count(), ReferralReward.select().count()) == (2, 1)


def test_a_currency_without_a_rate_is_never_guessed(store: Store) -> None:
    Product.update(currency="EUR").execute()
    store.pay(store.newcomer("ann"), cookie=store.code)
    reward = ReferralReward.get()
    assert (reward.status, reward.failure_reason) == ("failed", "rate_missing")
    assert reward.reward_amount_wei is None
    assert reward.sizing["failure"]["params"] == {"currency": "EUR"}
    assert Settlement.select().count() == 2


def test_without_a_token_price_the_reward_waits_as_failed(store: Store) -> None:
    store.settings = store.settings.model_copy(update={"referral_token_usd_price": None})
    store.pay(store.newcomer("ann"), cookie=store.code)
    reward = ReferralReward.get()
    assert (reward.status, reward.failure_reason) == ("failed", "price_unavailable")


def test_commissions_above_the_sale_are_held_and_never_paid_negative(store: Store) -> None:
    MerchantConfig.update(
        platform_percent=Decimal(95),
        custom_splits=[{"recipientId": "p", "percent": "10", "description": "Partner"}],
    ).execute()
    store.pay(store.newcomer("ann"), cookie=store.code)
    for row in Settlement.select():
        assert (row.status, row.failure_reason) == ("held", "commission_exceeds_subtotal")


def test_a_membership_of_a_referred_user_earns_a_flat_reward(store: Store) -> None:
    member = store.newcomer("ann", referred=True)
    form = begin_membership_payment("MEMBER", member, "uk", store.settings)
    body = store.callback(
        Order(order_reference=form.order_reference, total_minor=29_900, currency="UAH"), "Approved"
    )
    store.receive(body)
    reward = ReferralReward.get()
    assert (reward.order_id, reward.rail, reward.status) == (None, "fiat", "pending_approval")
    # 5% of 299 UAH at 40 UAH per USD at 0.10 USD a token.
    assert reward.reward_amount_wei == 3_737_500_000_000_000_000
    assert store.user("ann").membership_tier == "MEMBER"
    assert find_payment(form.order_reference).status == "paid"
    assert not Settlement.select().exists()
