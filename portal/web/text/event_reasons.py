"""Why an event of the log happened, in words: the codes that operations store, and what people typed as it stands."""

from __future__ import annotations

from portal.web.text.alerts import alert_text
from portal.web.text.messages.errors import failure_text
from portal.web.text.settlements import stop_reason
from portal.web.text.translate import gettext as _

_STOPPED = ("settlement", "payout", "payout_batch")


def reason_text(entity: str, event: str, reason: str | None, number: int | None = None) -> str:
    """Return the reason of an event in words, "" without one; `number` is how much an alert was about."""
    if not reason:
        return ""
    if entity == "operator_alert":
        return _alert(reason, number)
    return _codes(event).get(reason) or (stop_reason if entity in _STOPPED else failure_text)(reason)


def _alert(reason: str, number: int | None) -> str:
    kind, _space, subject = reason.partition(" ")
    return reason if number is None else alert_text(kind, subject, number)


def _codes(event: str) -> dict[str, str]:
    """Return the reasons that mean something else than in the ledger, or have no sentence there."""
    refunded = {"refunded": _("Part of the order was refunded.")} if event.endswith("_reduced") else {}
    return {
        **refunded,
        "rate_missing": _("There is no exchange rate for this currency."),
        "refunded_in_full": _("The payment was refunded in full before."),
    }
