"""What admin pages show of orders: frozen values, no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.web.text.format import When, money, when
from portal.web.text.messages import referral_reason_for_admins
from portal.web.text.methods import method_words
from portal.web.text.order_parts import PartView
from portal.web.text.payments import attempt_words
from portal.web.text.platforms import store_title
from portal.web.text.store_events import event_text, note_text
from portal.web.text.store_sentences import source_text
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import (
        Order,
        OrderFulfilment,
        OrderItem,
        PaymentTransaction,
        StockMovement,
        StoreEvent,
        StoreOrder,
        User,
    )


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in the list; `reason` says why nobody is credited."""

    id: str
    reference: str
    number: str
    store: str
    placed: When
    status: str
    total: str
    refunded: str
    lines: tuple[str, ...]
    code: str | None
    reason: str
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """A payment of the order; each attempt has a reference of its own."""

    reference: str
    status: str
    status_text: str | None
    amount: str
    processor: str
    begun: When


@dataclass(frozen=True, slots=True)
class StockRow:
    """A stock movement of the order."""

    product: str
    quantity: int
    is_return: bool
    at: When


@dataclass(frozen=True, slots=True)
class StoreEventRow:
    """Something that the store reported of the order, with what became of it."""

    id: int
    at: When
    source: str
    version: int | None
    text: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoreState:
    """What a connected store last reported of the order."""

    external_id: str
    number: str
    version: int
    updated: When


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """One order; `buyer` and `buyer_email` are empty for a customer of a connected store."""

    id: str
    reference: str
    store: str
    is_collected_by_store: bool
    status: str
    placed: When
    paid_at: When | None
    total: str
    paid: str
    refunded: str
    code: str | None
    label: str | None
    reason: str
    buyer: str
    buyer_email: str
    parts: tuple[PartView, ...]
    attempts: tuple[AttemptRow, ...]
    stock: tuple[StockRow, ...]
    state: StoreState | None
    events: tuple[StoreEventRow, ...]


def order_row(
    order: Order, items: Sequence[OrderItem], fulfilments: Mapping[int, OrderFulfilment]
) -> OrderRow:
    """Return an order as a row of the list."""
    is_cancelled = any(part.status == "cancelled" for part in fulfilments.values())
    return OrderRow(
        id=order.id,
        reference=order.order_reference,
        number=order.number,
        store=store_title(order.store_id, order.store.name),
        placed=when(order.created_at),
        status=order.status,
        total=money(order.total_minor, order.currency),
        refunded=money(order.refunded_minor, order.currency) if order.refunded_minor else "",
        lines=tuple(f"{item.name}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{item.quantity}" for item in items),
        code=order.referral_code,
        reason="" if order.referral_reason == "no_code" else _reason(order),
        is_waiting=is_cancelled and order.status == "paid",
    )


def order_detail(
    order: Order,
    parts: tuple[PartView, ...],
    buyer: User | None,
    payments: Sequence[PaymentTransaction],
    movements: Sequence[StockMovement],
    state: StoreOrder | None,
    events: Sequence[StoreEvent],
) -> OrderDetail:
    """Return everything of an order that its page shows above the audit of its reference."""
    return OrderDetail(
        id=order.id,
        reference=order.order_reference,
        store=store_title(order.store_id, order.store.name),
        is_collected_by_store=order.collected_by == "store",
        status=order.status,
        placed=when(order.created_at),
        paid_at=when(order.paid_at) if order.paid_at else None,
        total=money(order.total_minor, order.currency),
        paid=money(order.paid_minor, order.currency) if order.paid_at else "",
        refunded=money(order.refunded_minor, order.currency) if order.refunded_minor else "",
        code=order.referral_code,
        label=order.link_label,
        reason=_reason(order),
        buyer=buyer.name if buyer else "",
        buyer_email=(buyer.email or "") if buyer else "",
        parts=parts,
        attempts=tuple(_attempt(payment) for payment in payments),
        stock=tuple(_movement(movement) for movement in movements),
        state=StoreState(state.external_id, state.number, state.version, when(state.updated_at))
        if state
        else None,
        events=tuple(_event(event) for event in events),
    )


def referral_choices() -> list[tuple[str, str]]:
    """Return the choices of the referral filter."""
    return [("", _("Any")), ("yes", _("With a referrer")), ("no", _("Without a referrer"))]


def _reason(order: Order) -> str:
    return referral_reason_for_admins(order.referral_reason) if order.referral_reason else ""


def _attempt(payment: PaymentTransaction) -> AttemptRow:
    return AttemptRow(
        payment.order_reference,
        payment.status,
        attempt_words(payment),
        money(payment.amount_minor, payment.currency),
        method_words(payment.processor),
        when(payment.created_at),
    )


def _movement(row: StockMovement) -> StockRow:
    return StockRow(row.product.name, abs(row.quantity), row.quantity > 0, when(row.created_at))


def _event(event: StoreEvent) -> StoreEventRow:
    return StoreEventRow(
        event.id,
        when(event.received_at),
        source_text(event.kind, verified=event.verified, live=event.live),
        (event.snapshot or {}).get("version"),
        event_text(event.outcome, event.explanation),
        tuple(note_text(note) for note in event.explanation.get("notes") or ()),
    )
