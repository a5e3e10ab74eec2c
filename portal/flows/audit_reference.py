"""Everything the portal and the chain know of one order reference (SPEC section 11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from models import EventLog, Order, PaymentEvent, PaymentTransaction, ReferralReward, SalesAssist, Settlement
from portal.chain import AnyChain, read_paid_order
from portal.commissions import list_assists, list_settlements
from portal.payments import find_payment
from portal.rewards import find_reward_by_reference

Row = TypeVar("Row", PaymentEvent, EventLog)


@dataclass(frozen=True)
class Difference:
    """Something that is not as it should be; `code` is stable."""

    code: str


@dataclass(frozen=True)
class ReferenceStory:
    """The rows of every rail, the callbacks and events, the chain's word, and the differences.

    `on_chain` is None when the chain cannot be asked, else whether the contract holds the reference as paid.
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
        differences=_differences(order, payment, settlements, assists, reward, on_chain),
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
) -> list[Difference]:
    paid = payment is not None and payment.status == "paid"
    attributed = order is not None and order.referral_code is not None
    sold = sum(row.amount_minor for row in settlements if row.kind == "sale")
    checks = {
        "settlement_missing": paid and order is not None and not settlements,
        "settlement_without_payment": bool(settlements) and payment is None,
        "settlement_sum_differs": paid
        and order is not None
        and bool(settlements)
        and sold != order.total_minor,
        "assist_missing": paid and attributed and len(assists) < len({row.vendor_id for row in settlements}),
        "reward_missing": paid and attributed and reward is None,
        "minted_not_on_chain": on_chain is False and reward is not None and reward.status == "minted",
        "on_chain_not_minted": on_chain is True
        and (reward is None or reward.status not in ("minted", "minting")),
    }
    return [Difference(code) for code, broken in checks.items() if broken]
