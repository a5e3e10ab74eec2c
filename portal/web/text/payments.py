"""Callbacks, failed ledgers and credit in words, for the pages that show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portal.payments import SUPERSEDED, CallbackText, find_provider, next_try_at
from portal.runtime import current_portal
from portal.web.text.format import ago, money
from portal.web.text.messages import callback_refusal, text_of_code
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import PaymentEvent, PaymentTransaction, RailFailure
    from portal.payments import StatementLine


def callback_rows(events: Sequence[PaymentEvent]) -> list[dict[str, Any]]:
    """Return what a list shows of callbacks."""
    return [callback_row(event) for event in events]


def callback_row(event: PaymentEvent) -> dict[str, Any]:
    """Return what a page shows of a callback: its state, why, and what the provider said."""
    return {
        "event": event,
        "state": "closed" if event.closed_at else event.outcome or "waiting",
        "why": callback_refusal(event.reason),
        "provider": _provider_words(event),
    }


def attempt_words(payment: PaymentTransaction, *, is_paid_again: bool = False) -> str | None:
    """Return what is to be said of an attempt to pay instead of its status, None for the status itself.

    `is_paid_again` is whether money came for it after its order was paid.
    """
    if is_paid_again:
        return _("Paid a second time")
    return _("Cancelled") if payment.failure_reason == SUPERSEDED else None


def payload_text(event: PaymentEvent) -> str:
    """Return a stored callback for reading, laid out, without signatures and tokens."""
    text = describe_callback(event)
    return str(event.payload) if text is None else text.payload


def describe_callback(event: PaymentEvent) -> CallbackText | None:
    """Return a stored callback in its provider's words; None if it cannot be read or the provider is gone."""
    provider = find_provider(event.provider, current_portal().settings)
    return provider.describe_callback(event.payload) if provider else None


def failure_rows(failures: Sequence[RailFailure]) -> list[dict[str, Any]]:
    """Return what a page shows of failed ledgers: why, and when the job tries again."""
    return [_failure_row(failure) for failure in failures]


def statement_rows(lines: Sequence[StatementLine]) -> list[dict[str, Any]]:
    """Return what a statement shows of each entry, amounts with their sign."""
    return [
        {
            "line": line,
            "why": _entry_reason(line),
            "is_free_text": line.order_reference is None and not _is_given_up(line),
            "amount": f"+{money(line.amount_minor, line.currency)}"
            if line.amount_minor > 0
            else money(line.amount_minor, line.currency),
            "balance": money(line.balance_minor, line.currency),
        }
        for line in lines
    ]


def _provider_words(event: PaymentEvent) -> dict[str, str]:
    text = describe_callback(event)
    if text is None:
        return {"status": "", "amount": ""}
    amount = f"{text.amount} {text.currency}".strip()
    return {"status": text.status[:40], "amount": amount[:40]}


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
    """Return an error's sentence, "" for one that is unknown or whose values were not stored."""
    try:
        text = text_of_code(code)
    except KeyError:
        return ""
    return "" if "%(" in text else text


def _is_given_up(line: StatementLine) -> bool:
    return line.order_reference is None and line.amount_minor < 0


def _entry_reason(line: StatementLine) -> str:
    if line.is_refund:
        return _("Refund")
    if _is_given_up(line):
        return _("Given up")
    return _("Purchase") if line.order_reference else line.reason
