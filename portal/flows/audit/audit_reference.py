"""Everything the portal and the chain know of one order reference (SPEC section 11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from models import (
    EventLog,
    JournalTransfer,
    Order,
    PaymentEvent,
    PaymentRefund,
    PaymentTransaction,
    ReferralReward,
    SalesAssist,
    Settlement,
    Table,
)
from portal.chain import AnyChain, PaidEvent, order_ref, read_paid_event, read_paid_order
from portal.chain.state import resolve_alert
from portal.commissions import list_assists, list_settlements
from portal.db import Actor, record_event, transaction
from portal.journal import list_transfers_of
from portal.payments import find_payment, left_to_refund, list_refunds
from portal.rewards import find_reward_by_reference

Row = TypeVar("Row", PaymentEvent, EventLog)


@dataclass(frozen=True)
class Difference:
    """Something that is not as it should be; `code` is stable."""

    code: str


@dataclass(frozen=True)
class ReferenceStory:
    """The rows of every rail, the callbacks and events, the chain's word, and the differences.

    `on_chain` is None when the chain cannot be asked, else whether the contract holds the reference as paid;
    `left_to_refund` is in minor units.
    """

    order_reference: str
    payment: PaymentTransaction | None
    order: Order | None
    settlements: list[Settlement]
    assists: list[SalesAssist]
    reward: ReferralReward | None
    callbacks: list[PaymentEvent]
    events: list[EventLog]
    on_chain: bool | None
    paid_event: PaidEvent | None
    refunds: list[PaymentRefund]
    left_to_refund: int
    transfers: list[JournalTransfer]
    differences: list[Difference]

    @property
    def is_known(self) -> bool:
        return bool(self.payment or self.settlements or self.reward or self.callbacks)


def audit_reference(order_reference: str, chain: AnyChain) -> ReferenceStory:
    """Gather one reference's story and list what differs between the rails."""
    order = Order.get_or_none(Order.order_reference == order_reference)
    payment = find_payment(order_reference)
    settlements = list_settlements(order_reference=order_reference)
    assists = list_assists(order_reference)
    reward = find_reward_by_reference(order_reference)
    on_chain = read_paid_order(chain, order_reference)
    paid_event = read_paid_event(chain, order_reference) if on_chain else None
    return ReferenceStory(
        order_reference=order_reference,
        payment=payment,
        order=order,
        settlements=settlements,
        assists=assists,
        reward=reward,
        callbacks=_rows(PaymentEvent, order_reference),
        events=_rows(EventLog, order_reference),
        on_chain=on_chain,
        paid_event=paid_event,
        refunds=list_refunds(order_reference),
        left_to_refund=left_to_refund(payment) if payment else 0,
        transfers=list_transfers_of(order_reference),
        differences=_differences(order, payment, settlements, assists, reward, on_chain, paid_event),
    )


def list_references() -> list[str]:
    """Return every order reference any rail knows, in order of name."""
    union = (
        PaymentTransaction.select(PaymentTransaction.order_reference)
        | Settlement.select(Settlement.order_reference)
        | ReferralReward.select(ReferralReward.order_reference)
    )
    return sorted(row.order_reference for row in union)


def _rows(model: type[Row], order_reference: str) -> list[Row]:
    return list(model.select().where(model.order_reference == order_reference).order_by(model.id))


def _differences(
    order: Order | None,
    payment: PaymentTransaction | None,
    settlements: list[Settlement],
    assists: list[SalesAssist],
    reward: ReferralReward | None,
    on_chain: bool | None,
    paid_event: PaidEvent | None,
) -> list[Difference]:
    paid = payment is not None and payment.status == "paid"
    attributed = order is not None and order.referral_code is not None
    sold = sum(row.amount_minor for row in settlements if row.status != "cancelled")
    due = order.total_minor - (payment.refunded_minor if payment else 0) if order else 0
    checks = {
        "settlement_missing": paid and order is not None and not settlements,
        # History brought over from another deployment comes without its payments.
        "settlement_without_payment": payment is None
        and any("import" not in row.metadata for row in settlements),
        "settlement_sum_differs": payment is not None
        and payment.status in ("paid", "refunded")
        and order is not None
        and bool(settlements)
        and sold != due,
        "assist_missing": paid and attributed and len(assists) < len({row.vendor_id for row in settlements}),
        "reward_missing": paid and attributed and reward is None,
        "minted_not_on_chain": on_chain is False and reward is not None and reward.status == "minted",
        "on_chain_not_minted": on_chain is True
        and (reward is None or reward.status not in ("minted", "minting")),
    }
    if paid_event and reward:
        promised = (reward.referrer_wallet, reward.reward_amount_wei)
        checks["paid_differently"] = (paid_event.wallet, paid_event.amount) != promised
    return [Difference(code) for code, broken in checks.items() if broken]


def proof_as_json(story: ReferenceStory, chain: AnyChain) -> dict[str, Any]:
    """Return every row, event and chain fact of a reference as plain JSON: the downloadable proof."""
    event = story.paid_event
    return {
        "orderReference": story.order_reference,
        "orderRef": order_ref(story.order_reference),
        "chainId": chain.chain_id,
        "paidOnChain": story.on_chain,
        "referralPaid": None
        if event is None
        else {
            "txHash": event.tx_hash,
            "blockNumber": event.block_number,
            "refWallet": event.wallet,
            "amountWei": str(event.amount),
        },
        "payment": _plain(story.payment),
        "order": _plain(story.order),
        "settlements": [_plain(row) for row in story.settlements],
        "salesAssists": [_plain(row) for row in story.assists],
        "reward": _plain(story.reward),
        "refunds": [_plain(row) for row in story.refunds],
        "journal": [_plain(row) for row in story.transfers],
        "callbacks": [_plain(row) for row in story.callbacks],
        "events": [_plain(row) for row in story.events],
        "differences": [difference.code for difference in story.differences],
    }


def close_alert(alert_id: int, admin_id: int) -> bool:
    """Close an alert of the chain audit, with an event row; return whether it was open."""
    with transaction():
        closed = resolve_alert(alert_id)
        if closed:
            record_event(Actor.user(admin_id), "chain_alert", alert_id, "chain_alert_resolved")
    return closed


def _plain(row: Table | None) -> dict[str, Any] | None:
    """Return a row's own columns; times as ISO 8601, whatever is no integer or JSON as its exact text."""
    if row is None:
        return None
    return {name: _plain_value(value) for name, value in row.__data__.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    # Wei is larger than what JSON readers keep exactly.
    if isinstance(value, Decimal) or (isinstance(value, int) and abs(value) >= 2**53):
        return str(value)
    return value
