"""Everything the portal and the chain know of one order reference, and what does not fit together.

See docs/rules/audit.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from models import (
    EventLog,
    JournalTransfer,
    Order,
    PaymentEvent,
    PaymentRefund,
    PaymentTransaction,
    ProgrammeVersion,
    ReferralReward,
    SalesAssist,
    Settlement,
    Store,
    StoreEvent,
    StoreOrder,
    Table,
)
from portal.chain import AnyChain, PaidEvent, read_paid_event, read_paid_order
from portal.commissions import SettlementFilter, list_settlement_ledger
from portal.db import any_of, built_once
from portal.flows.audit.second_payments import (
    SecondPayment,
    attempts_of,
    find_second_payments,
    unmatched_of,
)
from portal.flows.checkout.write_paid import REWARD_NOT_DUE
from portal.payments import left_to_refund
from portal.settings import Settings
from portal.stores import changes_of_order

Row = TypeVar("Row", bound=Table)
MOST_CHANGES = 10


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not fit together; `code` is stable."""

    code: str


@dataclass(frozen=True, slots=True)
class StoreOrigin:
    """The connected store of an order, what the store calls it, and everything it reported of it."""

    name: str
    external_id: str
    number: str
    reports: list[StoreEvent]


@dataclass(frozen=True, slots=True)
class ReferenceAudit:
    """The rows of every ledger under one reference, its callbacks and events, the on-chain state, the differences.

    `on_chain` is None while the chain cannot be read or none is configured, else whether the contract has paid the
    reference. `left_to_refund` is in minor units.
    """

    order_reference: str
    payment: PaymentTransaction | None
    order: Order | None
    store: StoreOrigin | None
    settlements: list[Settlement]
    assists: list[SalesAssist]
    reward: ReferralReward | None
    programme: ProgrammeVersion | None
    callbacks: list[PaymentEvent]
    events: list[EventLog]
    is_chain_configured: bool
    on_chain: bool | None
    paid_event: PaidEvent | None
    refunds: list[PaymentRefund]
    left_to_refund: int
    second_payments: list[SecondPayment]
    transfers: list[JournalTransfer]
    differences: list[Difference]
    store_order: StoreOrder | None
    store_changes: list[StoreEvent]

    @property
    def is_known(self) -> bool:
        """Whether any ledger or callback has the reference."""
        return bool(self.payment or self.settlements or self.reward or self.callbacks)


def audit_reference(order_reference: str, chain: AnyChain, settings: Settings) -> ReferenceAudit:
    """Gather what is known of a reference and list the differences between the ledgers and the chain."""
    on_chain = read_paid_order(chain, order_reference)
    rows = _Ledgers(*_read_ledgers(order_reference))
    payment, order, reward = _first(rows.payments), _first(rows.orders), _first(rows.rewards)
    tx_hash = reward.tx_hash if reward else None
    paid_event = read_paid_event(chain, order_reference, tx_hash) if on_chain else None
    second_payments = find_second_payments(rows.attempts, rows.unmatched, settings)
    codes = [
        *(["paid_twice"] if second_payments else []),
        *_commission_differences(order, payment, rows.settlements, rows.assists),
        *_reward_differences(order, payment, reward, rows.events),
        *_on_chain_differences(reward, on_chain, paid_event),
    ]
    store_order = _first(rows.store_orders)
    return ReferenceAudit(
        order_reference=order_reference,
        payment=payment,
        order=order,
        store=_origin(store_order, rows.reports),
        settlements=rows.settlements,
        assists=rows.assists,
        reward=reward,
        programme=_first(rows.versions),
        callbacks=rows.callbacks,
        events=rows.events,
        is_chain_configured=chain.configured,
        on_chain=on_chain,
        paid_event=paid_event,
        refunds=rows.refunds,
        left_to_refund=left_to_refund(payment, rows.refunds) if payment else 0,
        second_payments=second_payments,
        transfers=rows.transfers,
        differences=[Difference(code) for code in codes],
        store_order=store_order,
        store_changes=rows.changes,
    )


def list_references() -> list[str]:
    """Return every order reference that a payment, settlement or reward has, sorted."""
    union = (
        PaymentTransaction.select(PaymentTransaction.order_reference)
        | Settlement.select(Settlement.order_reference)
        | ReferralReward.select(ReferralReward.order_reference)
    )
    return sorted(row.order_reference for row in union)


def find_reference(store_number: str) -> str | None:
    """Return the reference of the order that a connected store calls so, None unless there is exactly one."""
    of_any = StoreOrder.store.in_(Store.select(Store.id))  # the index begins with the store
    is_called = (of_any & (StoreOrder.external_id == store_number)) | (StoreOrder.number == store_number)
    rows = Order.select(Order.order_reference).join(StoreOrder).where(is_called).limit(2)
    found = [order.order_reference for order in rows]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class _Ledgers:
    """The rows of every ledger under one reference, in one state of the database."""

    orders: list[Order]
    payments: list[PaymentTransaction]
    attempts: list[PaymentTransaction]
    unmatched: list[PaymentEvent]
    settlements: list[Settlement]
    assists: list[SalesAssist]
    rewards: list[ReferralReward]
    versions: list[ProgrammeVersion]
    callbacks: list[PaymentEvent]
    events: list[EventLog]
    refunds: list[PaymentRefund]
    transfers: list[JournalTransfer]
    store_orders: list[StoreOrder]
    reports: list[StoreEvent]
    changes: list[StoreEvent]


@built_once
def _read_ledgers(reference: str) -> tuple[Any, ...]:
    order_id = Order.select(Order.id).where(Order.order_reference == reference)
    of_order = StoreOrder.order == any_of(order_id)
    reports = StoreEvent.select().where(
        (StoreEvent.store == any_of(StoreOrder.select(StoreOrder.store).where(of_order)))
        & (StoreEvent.external_id == any_of(StoreOrder.select(StoreOrder.external_id).where(of_order)))
    )
    version_ids = ReferralReward.select(ReferralReward.programme_version_id).where(
        ReferralReward.order_reference == reference
    )
    return (
        Order.select().where(Order.order_reference == reference),
        PaymentTransaction.select().where(PaymentTransaction.order_reference == reference),
        attempts_of(reference),
        unmatched_of(reference),
        list_settlement_ledger(SettlementFilter(reference=reference)).first(None),
        _rows(SalesAssist, reference),
        _rows(ReferralReward, reference),
        ProgrammeVersion.select().where(ProgrammeVersion.id == any_of(version_ids)),
        _rows(PaymentEvent, reference),
        _rows(EventLog, reference),
        _rows(PaymentRefund, reference),
        _rows(JournalTransfer, reference),
        StoreOrder.select(StoreOrder, Store.id, Store.name).join(Store).where(of_order),
        reports.order_by(StoreEvent.id),
        changes_of_order(reference).first(MOST_CHANGES),
    )


def _rows(model: type[Table], order_reference: str) -> Any:
    columns: Any = model
    return model.select().where(columns.order_reference == order_reference).order_by(columns.id)


def _first(rows: list[Row]) -> Row | None:
    return rows[0] if rows else None


def _origin(reported: StoreOrder | None, reports: list[StoreEvent]) -> StoreOrigin | None:
    if reported is None:
        return None
    return StoreOrigin(reported.store.name, reported.external_id, reported.number, reports)


def _commission_differences(
    order: Order | None,
    payment: PaymentTransaction | None,
    settlements: list[Settlement],
    assists: list[SalesAssist],
) -> list[str]:
    is_paid = payment is not None and payment.status == "paid"
    is_attributed = order is not None and order.referral_code is not None
    sold = sum(row.amount_minor for row in settlements if row.status != "cancelled")
    # Of what was refunded only the commissionable part: stores also refund tax and shipping.
    expected = order.total_minor - order.refunded_minor if order else 0
    checks = {
        "settlement_missing": is_paid and order is not None and bool(order.total_minor) and not settlements,
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
    order: Order | None,
    payment: PaymentTransaction | None,
    reward: ReferralReward | None,
    events: list[EventLog],
) -> list[str]:
    is_due = all(event.event != REWARD_NOT_DUE for event in events)
    is_paid = payment is not None and payment.status == "paid"
    is_attributed = order is not None and order.referral_code is not None
    return ["reward_missing"] if is_paid and is_attributed and is_due and reward is None else []


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
