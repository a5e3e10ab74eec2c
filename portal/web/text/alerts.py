"""Alerts about the portal in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel.dates import format_timedelta
from flask_babel import get_locale

from portal.web.text.format import number
from portal.web.text.jobs import job_words
from portal.web.text.messages.minting import chain_alert, mint_waiting
from portal.web.text.translate import gettext as _

ALERT_KINDS = ("alert_opened", "alert_over", "alert_digest")


def alert_text(kind: str, subject: str, value: int) -> str:
    """Return an alert as a sentence; one without a text is its kind and subject."""
    time = _time(value)
    count = number(value)
    texts = {
        "callbacks_wait": _("A payment callback has not been applied for %(time)s.", time=time),
        "ledgers_missing": _("A paid order has had no ledger entry for %(time)s.", time=time),
        "payouts_stuck": _("A payout has been under way for %(time)s.", time=time),
        "transactions_stuck": _("A transaction has not become final for %(time)s.", time=time),
        "callbacks_unmatched": _("Payment callbacks that match no payment: %(count)s.", count=count),
        "letters_wait": _("An e-mail has been waiting to be sent for %(time)s.", time=time),
        "refunds_wait": _("A refund has been waiting for the provider for %(time)s.", time=time),
        "items_set_aside": _("Tasks that keep failing: %(count)s.", count=count),
        "store_orders_wait": _("An order of a connected store has not been applied for %(time)s.", time=time),
        "endpoints_failing": _("Store webhook endpoints that refuse deliveries: %(count)s.", count=count),
        "minting_waits": _(
            "Rewards have been waiting for %(time)s. %(reason)s", time=time, reason=mint_waiting(subject)
        ),
        "payouts_wait": _(
            "Payouts have been waiting for %(time)s. Reason: %(reason)s", time=time, reason=subject
        ),
        "treasury_empty": _("The payout contract has no tokens left. Fund it."),
        "job_overdue": _(
            "The job “%(job)s” has not succeeded for %(time)s.", job=job_words(subject), time=time
        ),
        "job_fails": _(
            "The job “%(job)s” fails. Failures in a row: %(count)s.", job=job_words(subject), count=count
        ),
        "audit_alert": _(
            "Open alerts of the audit: %(count)s. %(reason)s", count=count, reason=chain_alert(subject)
        ),
        "books_broken": _(
            "The ledgers do not agree. Check: %(check)s. Rows: %(count)s.", check=subject, count=count
        ),
    }
    return {**texts, **_gas_texts(subject, count)}.get(kind, f"{kind} {subject}".strip())


def _gas_texts(account: str, days: str) -> dict[str, str]:
    if account == "payouts":
        return {
            "gas_empty": _("The account that sends payouts has no gas left. Top it up."),
            "gas_low": _("Days that the gas for payouts lasts: %(count)s.", count=days),
        }
    return {
        "gas_empty": _("The minter’s account has no gas left. Top it up."),
        "gas_low": _("Days that the minter’s gas lasts: %(count)s.", count=days),
    }


def alert_notice(kind: str, params: Mapping[str, Any]) -> str:
    """Return the notification about one alert, or the summary of all that are open."""
    if kind == "alert_digest":
        return _digest(params)
    text = alert_text(str(params.get("alert")), str(params.get("subject")), int(params.get("number") or 0))
    return text if kind == "alert_opened" else _("Resolved: %(text)s", text=text)


def alert_subject(kind: str, params: Mapping[str, Any]) -> str:
    """Return the subject of the letter about an alert, or about all that are open."""
    if kind == "alert_digest":
        return _("Portal alerts today")
    text = alert_notice(kind, params)
    return _("Alert: %(text)s", text=text) if kind == "alert_opened" else text


def _digest(params: Mapping[str, Any]) -> str:
    alerts = params.get("alerts") or []
    opened = _("Alerts since yesterday: %(count)s.", count=number(int(params.get("opened") or 0)))
    if not alerts:
        return _("Nothing is wrong at the moment. %(opened)s", opened=opened)
    sentences = [alert_text(each["alert"], each["subject"], int(each["number"])) for each in alerts]
    return " ".join([opened, *sentences])


def _time(seconds: int) -> str:
    return str(format_timedelta(seconds, threshold=1.5, locale=get_locale()))
