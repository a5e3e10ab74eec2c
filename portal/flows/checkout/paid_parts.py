"""What a paid event is made of: the payment and its order, a membership, a statement, and their ledgers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from models import PaymentTransaction
from portal.accounts import get_user, list_wallet_addresses
from portal.catalogue import record_shortages, stock_left, take_stock
from portal.codes import find_code
from portal.commissions import NewSettlement
from portal.db import Actor, Change
from portal.flows.accounts.code_state import code_state
from portal.flows.checkout.back_orders import report_back_order
from portal.flows.checkout.decide_paid import (
    LedgerContext,
    NewReward,
    NothingEarned,
    decide_earned,
    decide_order_reward,
    decide_referral,
    decide_settlements,
    new_claim,
    referred,
    settled_order,
    with_referrals,
)
from portal.flows.checkout.read_paid import PaidOrder, read_paid, read_programme
from portal.flows.checkout.waiting_codes import find_waiting_code, with_current_referrer
from portal.flows.checkout.write_paid import (
    COMMISSION,
    REWARD,
    CommissionPart,
    NoRewardPart,
    NothingEarnedPart,
    PaidEvent,
    Part,
    RewardPart,
    Rows,
)
from portal.flows.webhooks.publish import publish_attribution
from portal.orders import UNPAID, OrderReferral, get_order, pay_order
from portal.payments import close_applied, pay_payment
from portal.programme import PaidSale, get_percent_policy


class RowsUnchanged(Exception):
    """A row that is locked did not change as it was decided, so that everything is rolled back."""


@dataclass(frozen=True)
class PaymentPart:
    """A payment that becomes paid, without an order."""

    payment: PaymentTransaction
    paid_at: datetime

    def changes(self) -> Sequence[Change]:
        return [pay_payment(self.payment, self.paid_at)]

    def finish(self, rows: Rows) -> None:
        _require(rows, ("payment", self.payment.order_reference))


@dataclass(frozen=True)
class OrderPart:
    """A payment that becomes paid with its order: the referral as it is decided now, and the goods."""

    payment: PaymentTransaction
    order: PaidOrder
    referral: OrderReferral | None
    actor: Actor
    callback_id: int | None = None

    def changes(self) -> Sequence[Change]:
        order, payment = self.order, self.payment
        changes = [pay_payment(payment, order.paid_at)]
        if order.status in UNPAID:
            changes.append(
                pay_order(
                    order.id,
                    order.order_reference,
                    order.status,
                    paid_at=order.paid_at,
                    paid_minor=payment.amount_minor,
                    referral=self.referral,
                )
            )
        if order.quantities:
            changes += take_stock(order.id, order.quantities, order.referral_code)
        if self.callback_id is not None:
            changes.append(close_applied(self.callback_id))
        return changes

    def finish(self, rows: Rows) -> None:
        order = self.order
        _require(rows, ("payment", self.payment.order_reference))
        if order.status in UNPAID:
            _require(rows, ("order", order.id))
        if order.has_endpoints:
            publish_attribution(order.id)
        stock = stock_left(order.id, order.quantities, rows)
        if shortages := record_shortages(order.id, order.quantities, stock):
            report_back_order(order.id, order.order_reference, shortages, self.actor)


# The references that earn a reward in one group, by their referrer.
Earned = dict[int | None, set[str]]


class OrderLedgers:
    """The commissions and the reward of a paid order, or those of them that are retried.

    `earned` is shared by the orders of a group: a reward counts those before it as referrals, as if they were written.
    """

    def __init__(
        self,
        order: PaidOrder,
        context: LedgerContext,
        names: Sequence[str] = (COMMISSION, REWARD),
        earned: Earned | None = None,
    ) -> None:
        self.names = names
        self._order, self._context = order, context
        self._earned: Earned = {} if earned is None else earned
        self._settlements: Sequence[NewSettlement] | None = None

    def decide(self, ledger: str, failed: Collection[str]) -> Part:
        """Return the part that writes a ledger; a reward knows what the commissions are, or that they failed."""
        order, context = self._order, self._context
        if ledger == COMMISSION:
            self._settlements = decide_settlements(order, context)
            return CommissionPart(settled_order(order), self._settlements, order.has_reward, context.actor)
        owes = COMMISSION in failed or self._owes_commission()
        earlier = self._earned.setdefault(order.referrer_user_id, set())
        order = with_referrals(order, len(earlier - {order.order_reference}))
        part = _reward_part(decide_order_reward(order, context, owes_commission=owes), context)
        if isinstance(part, RewardPart):
            earlier.add(order.order_reference)
        return part

    def _owes_commission(self) -> bool:
        if self._settlements is None:
            return self._order.owes_commission
        # Without settlements nobody can say that nothing is owed.
        return not self._settlements or any(
            each.breakdown.total_commission_minor > 0 for each in self._settlements
        )


class MembershipLedgers:
    """The reward of a membership, which has no commission."""

    names: Sequence[str] = (REWARD,)

    def __init__(self, payment: PaymentTransaction, paid_at: datetime, context: LedgerContext) -> None:
        self._payment, self._paid_at, self._context = payment, paid_at, context

    def decide(self, ledger: str, failed: Collection[str]) -> Part:
        payment, context = self._payment, self._context
        assert payment.user_id is not None
        buyer = get_user(payment.user_id)
        code, referrer, wallet = buyer.referred_by_code, buyer.referred_by_user_id, buyer.referred_by_wallet
        if row := find_waiting_code(code, wallet):
            referrer, wallet = row.owner_user_id, row.wallet_address
        if code is None or referrer is None or wallet is None or not _is_creditable(buyer.id, code, wallet):
            return NoRewardPart()
        if referrer == buyer.id:
            return NoRewardPart()
        claim = new_claim(
            context.settings,
            order_reference=payment.order_reference,
            order_id=None,
            ref_code=code,
            referrer_user_id=referrer,
            referrer_wallet=wallet,
            referee_user_id=buyer.id,
            order_total_minor=payment.amount_minor,
            currency=payment.currency,
            rail="fiat",
        )
        sale = PaidSale(self._paid_at, "fiat", code=code, referrer_user_id=referrer)
        programme = read_programme(self._paid_at, referrer, buyer.id)
        earned = decide_earned(claim, sale, get_percent_policy(context.settings), programme, context)
        return _reward_part(earned, context)


def paid_events(
    payments: Sequence[PaymentTransaction],
    times: Sequence[datetime],
    contexts: Sequence[LedgerContext],
    callback_ids: Sequence[int] = (),
) -> list[PaidEvent]:
    """Read the orders of payments that become paid, of different buyers, and decide their referrals.

    `callback_ids` are the callbacks by which they are paid, none where no provider reported it.
    """
    earned: Earned = {}
    orders = read_paid(payments, times, contexts[0].settings)
    closed: Sequence[int | None] = callback_ids or [None] * len(payments)
    return [
        _paid_event(payment, order, context, earned, callback_id)
        for payment, order, context, callback_id in zip(payments, orders, contexts, closed, strict=True)
    ]


def _paid_event(
    payment: PaymentTransaction,
    order: PaidOrder,
    context: LedgerContext,
    earned: Earned,
    callback_id: int | None,
) -> PaidEvent:
    referral = decide_referral(order)
    order = referred(order, referral)
    part = OrderPart(payment, order, referral, context.actor, callback_id)
    return PaidEvent(
        order.order_reference, part, OrderLedgers(order, context, earned=earned), order.has_refunds
    )


def failed_ledger(
    ledger: str, payment: PaymentTransaction, context: LedgerContext
) -> OrderLedgers | MembershipLedgers:
    """Return a ledger of a paid payment to write it again, for the present owner of a code that had no wallet."""
    if payment.purpose != "store_order":
        return MembershipLedgers(payment, payment.paid_at, context)
    with_current_referrer(get_order(payment.entity_id))
    (order,) = read_paid([payment], [payment.paid_at], context.settings)
    return OrderLedgers(order, context, (ledger,))


def _reward_part(earned: NewReward | NothingEarned | None, context: LedgerContext) -> Part:
    if earned is None:
        return NoRewardPart()
    if isinstance(earned, NothingEarned):
        return NothingEarnedPart(earned.order_reference)
    return RewardPart(earned, context)


def _is_creditable(buyer_id: int, code: str, wallet: str) -> bool:
    """Return whether the referrer of an account is still credited: a deactivated code attributes nothing new."""
    row = find_code(code)
    return (row is None or code_state(row) == "active") and wallet not in list_wallet_addresses(buyer_id)


def _require(rows: Rows, row: tuple[str, str]) -> None:
    if row not in rows:
        raise RowsUnchanged(*row)
