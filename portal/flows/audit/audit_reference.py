"""Everything the portal and the chain know of one order reference, and what does not fit together.

See docs/rules/audit.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

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
)
from portal.chain import AnyChain, PaidEvent, read_paid_event, read_paid_order
from portal.commissions import list_assists, list_settlements
from portal.flows.audit.second_payments import SecondPayment, find_second_payments
from portal.journal import list_transfers_of
from portal.payments import find_payment, left_to_refund, list_refunds
from portal.rewards import find_reward_by_reference
from portal.settings import Settings

Row = TypeVar("Row", PaymentEvent, EventLog)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not fit together; `code` is stable."""

    code: str


@dataclass(frozen=True, slots=True)
class ReferenceAudit:
    """The rows of every ledger under one reference, its callbacks and events, the on-chain state, the differences.

    `on_chain` is None while the chain cannot be read, else whether the contract has paid the reference.
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
    second_payments: list[SecondPayment]
    transfers: list[JournalTransfer]
    differences: list[Difference]

    @property
    def is_known(self) -> bool:
        """Whether any ledger or callback has the reference."""
        return bool(self.payment or self.settlements or self.reward or self.callbacks)


def audit_reference(order_reference: str, chain: AnyChain, settings: Settings) -> ReferenceAudit:
    """Gather what is known of a reference and list the differences between the ledgers and the chain."""
    order = Order.get_or_none(Order.order_reference == order_reference)
    payment = find_payment(order_reference)
    settlements = list_settlements(order_reference=order_reference)
    assists = list_assists(order_reference)
    reward = find_reward_by_reference(order_reference)
    on_chain = read_paid_order(chain, order_reference)
    paid_event = read_paid_event(chain, order_reference) if on_chain else None
    second_payments = find_second_payments(payment, settings) if payment else []
    codes = [
        *(["paid_twice"] if second_payments else []),
        *_commission_differences(order, payment, settlements, assists),
        *_reward_differences(order, payment, reward),
        *_on_chain_differences(reward, on_chain, paid_event),
    ]
    return ReferenceAudit(
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
        second_payments=second_payments,
        transfers=list_transfers_of(order_reference),
        differences=[Difference(code) for code in codes],
    )


def list_references() -> list[str]:
    """Return every order reference that a payment, settlement or reward has, sorted."""
    union = (
        PaymentTransaction.select(PaymentTransaction.order_reference)
        | Settlement.select(Settlement.order_reference)
        | ReferralReward.select(ReferralReward.order_reference)
    )
    return sorted(row.order_reference for row in union)


def _rows(model: type[Row], order_reference: str) -> list[Row]:
    return list(model.select().where(model.order_reference == order_reference).order_by(model.id))


def _commission_differences(
    order: Order | None,
    payment: PaymentTransaction | None,
    settlements: list[Settlement],
    assists: list[SalesAssist],
) -> list[str]:
    is_paid = payment is not None and payment.status == "paid"
    is_attributed = order is not None and order.referral_code is not None
    sold = sum(row.amount_minor for row in settlements if row.status != "cancelled")
    expected = order.total_minor - (payment.refunded_minor if payment else 0) if order else 0
    checks = {
        "settlement_missing": is_paid and order is not None and not settlements,
        # History imported from another deployment comes without its payments.
        "settlement_without_payment": payment is None
        and any("import" not in row.metadata for row in settlements),
        "settlement_sum_differs": payment is not None
        and payment.status in ("paid", "refunded")
        and order is not None
        and bool(settlements)
        and sold != expected,
        "assist_missing": is_paid
        and is_attributed
        and len(assists) < len({row.vendor_id for row in settlements}),
    }
    return [code for code, differs in checks.items() if differs]


def _reward_differences(
    order: Order | None, payment: PaymentTransaction | None, reward: ReferralReward | None
) -> list[str]:
    is_paid = payment is not None and payment.status == "paid"
    is_attributed = order is not None and order.referral_code is not None
    return ["reward_missing"] if is_paid and is_attributed and reward is None else []


def _on_chain_differences(
    reward: ReferralReward | None, on_chain: bool | None, paid_event: PaidEvent | None
) -> list[str]:
    codes = []
    if on_chain is False and reward is not None and reward.status == "minted":
        codes.append("minted_not_on_chain")
    if on_chain is True and (reward is None or reward.status not in ("minted", "minting")):
        codes.append("on_chain_not_minted")
    if paid_event and reward:
        expected = (reward.referrer_wallet, reward.reward_amount_wei)
        if (paid_event.wallet, paid_event.amount) != expected:
            codes.append("paid_differently")
    return codes
