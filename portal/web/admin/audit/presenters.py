"""What the audit shows of a reference: frozen values, no rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from portal.chain import count_alerts, newest_alerts
from portal.db import page_of_list
from portal.flows.audit.account_owners import find_account_owners
from portal.flows.audit.audit_reference import ReferenceAudit
from portal.flows.audit.second_payments import SecondPayment
from portal.flows.checkout.back_orders import list_open_back_orders
from portal.flows.overviews.event_names import Names, event_names
from portal.flows.overviews.risk_hints import risk_hints
from portal.payments import EXTERNAL
from portal.web.admin.audit.store_order import StoreOrderView, store_order_view
from portal.web.admin.rewards.presenters import (
    HintText,
    RewardSummary,
    TraceStep,
    hint_texts,
    reward_summaries,
    trace_steps,
)
from portal.web.core.urls import url_for
from portal.web.text.event_details import change_text
from portal.web.text.event_reasons import reason_text
from portal.web.text.events import actor_words, event_words
from portal.web.text.format import money
from portal.web.text.journal import TransferRow, transfer_row
from portal.web.text.messages import chain_alert
from portal.web.text.methods import method_words
from portal.web.text.payments import attempt_words
from portal.web.text.programme import rules_note
from portal.web.text.settlements import SettlementRow, settlement_rows
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from models import ChainAlert, EventLog, JournalTransfer, PaymentRefund, PaymentTransaction

# Of what is longer, the page shows the newest rows and leads to the whole list.
SHOWN, SETTLEMENTS_SHOWN = 15, 8
REFERENCE_PREFIXES = ("store_", "membership_")


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment; amounts are formatted."""

    status: str
    status_text: str | None
    amount: str
    refunded: str
    processor: str
    currency: str
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttributionView:
    """The code credited for an order, None without one, and the guards that decided it."""

    code: str | None
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True, slots=True)
class RefundRow:
    """One refund of a payment."""

    id: int
    created_at: datetime
    amount: str
    status: str
    started_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """One entry of the event log, with who did what in words."""

    at: datetime
    actor: str
    event: str
    change: str
    reason: str
    is_reason_typed: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that does not fit together, with what to do about it and where."""

    text: str
    url: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An open alert of the on-chain audit; `is_reference` is whether its subject is an order reference."""

    id: int
    text: str
    created_at: datetime
    subject: str
    is_reference: bool
    tx_hash: str | None
    payments: int | None = None


@dataclass(frozen=True, slots=True)
class AlertKind:
    """The open alerts of one kind, which one button closes; `newest_id` is the newest one."""

    kind: str
    text: str
    button: str
    newest_id: int


@dataclass(frozen=True, slots=True)
class BackOrderRow:
    """Pieces of a product that a paid order still waits for."""

    order_reference: str
    product: str
    vendor: str
    missing: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReferenceView:
    """What the audit shows of one reference: of long lists the newest rows and the number of all."""

    order_reference: str
    notices: tuple[Notice, ...]
    payment: PaymentView | None
    callback_outcomes: tuple[tuple[str, int], ...]
    attribution: AttributionView | None
    reward: RewardSummary | None
    rules_note: str
    hints: tuple[HintText, ...]
    is_chain_configured: bool
    on_chain: bool | None
    settlements: tuple[SettlementRow, ...]
    settlement_count: int
    assists: int
    refunds: tuple[RefundRow, ...]
    next_refund: str | None
    left_to_refund: str | None
    is_paid_in_store: bool
    transfers: tuple[TransferRow, ...]
    transfer_count: int
    events: tuple[EventRow, ...]
    event_count: int
    store_order: StoreOrderView | None


def reference_view(audit: ReferenceAudit, refunds_cursor: str | None = None) -> ReferenceView:
    """Return an audited reference as the page shows it; raise CursorInvalid."""
    reward, payment, order = audit.reward, audit.payment, audit.order
    store_order = store_order_view(audit.store_order, audit.store_changes)
    stores = {f"store:{store_order.store_id}": store_order.store} if store_order else {}
    events = audit.events[-SHOWN:]
    people = event_names(events)
    refunds = page_of_list(audit.refunds, refunds_cursor, SHOWN, lambda row: (row.id,))
    outcomes = Counter(event.outcome or "waiting" for event in audit.callbacks)
    return ReferenceView(
        order_reference=audit.order_reference,
        notices=_notices(audit),
        payment=_payment(payment, audit.second_payments) if payment else None,
        callback_outcomes=tuple(
            (status_words("callback", outcome), count) for outcome, count in outcomes.items()
        ),
        attribution=AttributionView(order.referral_code, trace_steps(order.referral_trace))
        if order
        else None,
        reward=reward_summaries([reward])[0] if reward else None,
        rules_note=rules_note(audit.programme) if audit.programme else "",
        hints=hint_texts(risk_hints([reward])[reward.id]) if reward else (),
        is_chain_configured=audit.is_chain_configured,
        on_chain=audit.on_chain,
        settlements=tuple(settlement_rows(audit.settlements[:SETTLEMENTS_SHOWN], shows_recipients=True)),
        settlement_count=len(audit.settlements),
        assists=len(audit.assists),
        refunds=tuple(_refund(row) for row in refunds.rows),
        next_refund=refunds.next_cursor,
        is_paid_in_store=payment is not None and payment.processor == EXTERNAL.name,
        left_to_refund=money(audit.left_to_refund, payment.currency)
        if payment and audit.left_to_refund
        else None,
        transfers=tuple(transfer_rows(audit.transfers[-SHOWN:])),
        transfer_count=len(audit.transfers),
        events=tuple(_event(event, stores, people) for event in events),
        event_count=len(audit.events),
        store_order=store_order,
    )


def transfer_rows(transfers: Sequence[JournalTransfer]) -> list[TransferRow]:
    """Return transfers as a table shows them, with the names behind their accounts."""
    accounts = [account for each in transfers for account in (each.debit_account, each.credit_account)]
    owners = find_account_owners(accounts)
    return [transfer_row(transfer, owners) for transfer in transfers]


def back_order_rows(order_reference: str | None = None) -> list[BackOrderRow]:
    """Return the open back-orders, of one reference or of all, oldest first."""
    return [BackOrderRow(**vars(row)) for row in list_open_back_orders(order_reference)]


def alert_rows(alerts: Sequence[ChainAlert]) -> list[AlertRow]:
    """Return open alerts in words."""
    return [
        AlertRow(
            alert.id,
            chain_alert(alert.kind),
            alert.created_at,
            alert.subject,
            alert.subject.startswith(REFERENCE_PREFIXES),
            alert.details.get("tx_hash"),
            alert.details.get("count"),
        )
        for alert in alerts
    ]


def alert_kinds() -> list[AlertKind]:
    """Return the kinds that have several open alerts."""
    newest = newest_alerts()
    return [
        AlertKind(
            kind,
            chain_alert(kind),
            ngettext("Close %(num)s alert of this kind", "Close all %(num)s alerts of this kind", count),
            newest[kind],
        )
        for kind, count in count_alerts().items()
        if count > 1 and kind in newest
    ]


def _notices(audit: ReferenceAudit) -> tuple[Notice, ...]:
    notices = [_second_payment_notice(paid, audit.order_reference) for paid in audit.second_payments]
    texts = _difference_texts()
    codes = [difference.code for difference in audit.differences]
    notices += [_back_order_notice(row) for row in back_order_rows(audit.order_reference)[:SHOWN]]
    return (*notices, *(Notice(texts[code]) for code in codes if code != "paid_twice"))


def _back_order_notice(row: BackOrderRow) -> Notice:
    return Notice(
        _(
            "The order was paid, but %(product)s of %(vendor)s was no longer in stock. Units missing: %(missing)s."
            " Deliver them when they arrive, or refund the order.",
            product=row.product,
            vendor=row.vendor,
            missing=row.missing,
        )
    )


def _second_payment_notice(paid: SecondPayment, reference: str) -> Notice:
    amount = money(paid.amount_minor, paid.currency)
    if not paid.is_refundable:
        return Notice(
            _(
                "The buyer paid twice: %(amount)s arrived by card although the order was paid another way."
                " Refund it in the payment provider's account, then close the callback.",
                amount=amount,
            ),
            url_for("admin.payments.callback", event_id=paid.callback_id),
            _("Show the callback"),
        )
    page = "" if paid.order_reference == reference else _reference_url(paid.order_reference)
    return Notice(
        _(
            "The buyer paid twice: %(amount)s arrived under %(reference)s although the order was already paid."
            " Refund this second payment.",
            amount=amount,
            reference=paid.order_reference,
        ),
        f"{page}#refund",
        _("Refund the second payment"),
    )


def _reference_url(reference: str) -> str:
    return url_for("admin.audit.search", orderReference=reference)


def _difference_texts() -> dict[str, str]:
    return {
        "settlement_missing": _(
            "The order is paid, but it has no settlements. The portal retries automatically;"
            " open the audit without a reference to see what is pending."
        ),
        "settlement_without_payment": _(
            "There are settlements without a payment. Check their origin before paying them out."
        ),
        "settlement_sum_differs": _(
            "The settlements do not add up to the order total. Hold them and compare the lines."
        ),
        "assist_missing": _(
            "The order is attributed, but a sales assist is missing. The portal retries automatically."
        ),
        "reward_missing": _(
            "The order is attributed, but it has no reward. The portal retries automatically."
        ),
        "minted_not_on_chain": _(
            "The reward is marked as minted, but the contract has not paid it. The next minting round reopens it."
        ),
        "paid_differently": _(
            "The contract paid another wallet or amount than the reward says. Compare both."
        ),
        "on_chain_not_minted": _(
            "The contract has paid this reference, but the reward is not marked as minted."
            " The next minting round corrects it."
        ),
    }


def _payment(payment: PaymentTransaction, second_payments: Sequence[SecondPayment]) -> PaymentView:
    is_paid_again = payment.order_reference in {each.order_reference for each in second_payments}
    return PaymentView(
        payment.status,
        attempt_words(payment, is_paid_again=is_paid_again),
        money(payment.amount_minor, payment.currency),
        money(payment.refunded_minor, payment.currency),
        method_words(payment.processor),
        payment.currency,
        payment.paid_at,
    )


def _refund(row: PaymentRefund) -> RefundRow:
    return RefundRow(
        row.id,
        row.created_at,
        money(row.amount_minor, row.currency),
        row.status,
        {"admin": _("An admin"), "store": _("The store")}.get(row.source, _("The provider")),
        " · ".join(text for text in (row.reason, row.refusal) if text),
    )


def _event(event: EventLog, stores: Mapping[str, str], names: Names) -> EventRow:
    person = names.get(("user", str(event.actor_user_id)))
    actor = stores.get(event.actor) or person or actor_words(event.actor)
    reason = reason_text(event.entity, event.event, event.reason, event.data.get("number"))
    return EventRow(
        at=event.at,
        actor=actor,
        event=event_words(event.event),
        change=change_text(event.entity, event.from_status, event.to_status),
        reason=reason,
        is_reason_typed=reason == event.reason,
    )
