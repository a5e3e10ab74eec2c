"""Callbacks, failed rails and credit in words, for the pages that show them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portal.payments import next_try_at
from portal.payments.providers.wayforpay.messages import CallbackMalformed, parse_callback
from portal.web.text.format import ago, money
from portal.web.text.messages import callback_refusal, text_of_code
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import PaymentEvent, RailFailure
    from portal.payments import StatementLine

# What signs, or charges a card again: no page shows it.
_SECRET_FIELDS = frozenset({"merchantSignature", "recToken", "authTicket", "d3Md", "d3Pareq", "cardCvv"})


def callback_rows(events: Sequence[PaymentEvent]) -> list[dict[str, Any]]:
    """Return what a list shows of callbacks."""
    return [callback_row(event) for event in events]


def callback_row(event: PaymentEvent) -> dict[str, Any]:
    """Return what a page shows of a callback: its state, why, and what the provider said."""
    return {
        "event": event,
        "state": "closed" if event.closed_at else event.outcome or "waiting",
        "why": callback_refusal(event.reason),
        "told": _told(event.payload),
    }


def payload_text(payload: str) -> str:
    """Return a stored message for reading, laid out, without signatures and tokens."""
    try:
        told = parse_callback(payload.encode()).payload
    except CallbackMalformed:
        return payload
    shown = {name: "•••" if name in _SECRET_FIELDS else value for name, value in told.items()}
    return json.dumps(shown, ensure_ascii=False, indent=2)


def failure_rows(failures: Sequence[RailFailure]) -> list[dict[str, Any]]:
    """Return what a page shows of failed rails: why, and when the job tries again."""
    return [_failure_row(failure) for failure in failures]


def statement_rows(lines: Sequence[StatementLine]) -> list[dict[str, Any]]:
    """Return what a statement shows of each entry, amounts with their sign."""
    return [
        {
            "line": line,
            "why": _entry_reason(line),
            "is_free_text": line.order_reference is None,
            "amount": f"+{money(line.amount_minor, line.currency)}"
            if line.amount_minor > 0
            else money(line.amount_minor, line.currency),
            "balance": money(line.balance_minor, line.currency),
        }
        for line in lines
    ]


def _told(payload: str) -> dict[str, str]:
    try:
        callback = parse_callback(payload.encode())
    except CallbackMalformed:
        return {"status": "", "amount": ""}
    amount = f"{callback.amount} {callback.currency}".strip()
    return {"status": callback.transaction_status[:40], "amount": amount[:40]}


def _failure_row(failure: RailFailure) -> dict[str, Any]:
    code = failure.reason.partition(": ")[2]
    known = _sentence(code)
    due = next_try_at(failure)
    return {
        "failure": failure,
        "why": known or _("An unexpected error:"),
        "raw": "" if known else failure.reason,
        "next": due,
        "next_text": _("within a minute") if due <= datetime.now(UTC) else ago(due),
    }


def _sentence(code: str) -> str:
    """Return an error's sentence, "" for one that is unknown or says values which were not kept."""
    try:
        text = text_of_code(code)
    except KeyError:
        return ""
    return "" if "%(" in text else text


def _entry_reason(line: StatementLine) -> str:
    if line.is_refund:
        return _("Refund")
    return _("Purchase") if line.order_reference else line.reason
