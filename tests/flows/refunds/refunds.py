"""Paid orders, refund callbacks, and what happens to their rewards and settlements."""

from __future__ import annotations

from peewee import fn

from models import (
    Order,
    PaymentEvent,
    Payout,
    ReferralReward,
    Settlement,
)
from portal.commissions import payouts, read_plan
from portal.db import Actor, transaction
from portal.flows.approvals.decide_reward import approve
from portal.rewards import minting
from tests.flows.conftest import Store

TESTER = Actor.job("test")
TOTAL = 38_900
GRANTED = 6_725 * 10**15


def pay_order(store: Store, name: str = "ann") -> Order:
    return store.pay(store.newcomer(name), cookie=store.code)


def admin_id(store: Store) -> int:
    return int(store.user("admin").id)


def reward_of(order: Order) -> ReferralReward:
    return ReferralReward.get(ReferralReward.order_reference == order.order_reference)


def settlements_of(order: Order) -> list[Settlement]:
    rows = Settlement.select().where(Settlement.order_reference == order.order_reference)
    return list(rows.order_by(Settlement.id))


def send_refund(store: Store, order: Order, amount: str = "389.00", **changes: object) -> None:
    store.send_callback(order, "Refunded", amount=amount, **changes)


def last_outcome() -> tuple[str | None, str | None]:
    event = PaymentEvent.select().order_by(PaymentEvent.id.desc()).get()
    return event.outcome, event.reason


def start_minting(reward: ReferralReward) -> None:
    minting.claim_mintable([reward.id], chain_id=1, token="0x" + "1" * 40, actor=TESTER)


def mint_reward(reward: ReferralReward) -> None:
    start_minting(reward)
    minting.record_minted({reward.id: f"0x{reward.id:064x}"}, TESTER)


def open_payout_batch() -> None:
    """Make every settlement due and open a payout batch."""
    Settlement.update(scheduled_for=fn.now()).execute()
    with transaction():
        payouts.open_batch(read_plan(lock=True), mode="simulated", key=None, actor=TESTER, quotes={})


def finish_payouts(*, failed: bool = False) -> None:
    """Complete or fail every processing payout and finish its batch."""
    for payout in Payout.select().where(Payout.status == "processing"):
        payouts.begin_batch(payout.batch_id, TESTER)
        if failed:
            payouts.fail_payout(payout.id, "the bank said no", TESTER)
        else:
            payouts.complete_payout(payout.id, f"sim_{payout.id}", TESTER, simulated=True)
        payouts.finish_batch(payout.batch_id, TESTER)


def approve_reward_of(store: Store, order: Order) -> ReferralReward:
    return approve(reward_of(order).id, admin_id(store), store.settings)
