"""Statuses in words."""

from __future__ import annotations

from portal.web.text.translate import gettext as _


def status_words(kind: str, status: str) -> str:
    """Return a status in words; kinds: reward, settlement, batch, payment, refund, callback, order, code, job."""
    return _KINDS[kind]()[status]


def _reward() -> dict[str, str]:
    return {
        "pending_approval": _("Waiting for approval"),
        "approved": _("Approved"),
        "minting": _("Being sent"),
        "minted": _("Minted"),
        "failed": _("Failed"),
        "rejected": _("Rejected"),
    }


def _settlement() -> dict[str, str]:
    return {
        "pending": _("Pending"),
        "processing": _("Processing"),
        "completed": _("Paid out"),
        "failed": _("Failed"),
        "held": _("Held"),
        "cancelled": _("Cancelled"),
    }


def _batch() -> dict[str, str]:
    return {
        "created": _("Created"),
        "processing": _("Processing"),
        "completed": _("Paid out"),
        "partial": _("Partly paid"),
        "failed": _("Failed"),
    }


def _payment() -> dict[str, str]:
    return {
        "created": _("Not started"),
        "redirected": _("At the payment page"),
        "pending": _("Payment pending"),
        "paid": _("Paid"),
        "failed": _("Payment failed"),
        "cancelled": _("Expired"),
        "refunded": _("Refunded"),
    }


def _refund() -> dict[str, str]:
    return {
        "requested": _("Sent to the provider"),
        "waiting": _("Waiting for the payment"),
        "applied": _("Refunded"),
        "refused": _("Refund refused"),
    }


def _callback() -> dict[str, str]:
    return {
        "waiting": _("Not processed yet"),
        "unmatched": _("Unmatched"),
        "closed": _("Closed by an admin"),
        "refused": _("Refused"),
        "applied": _("Applied"),
        "duplicate": _("Duplicate"),
    }


def _order() -> dict[str, str]:
    return {
        "created": _("Not paid yet"),
        "paid": _("Paid"),
        "cancelled": _("Cancelled"),
        "refunded": _("Refunded"),
    }


def _code() -> dict[str, str]:
    return {
        "active": _("Active"),
        "inactive": _("Deactivated"),
        "queued": _("Queued"),
        "running": _("Running"),
        "finished": _("Finished"),
        "stopped": _("Stopped"),
    }


def _job() -> dict[str, str]:
    return {
        "queued": _("Queued"),
        "running": _("Running"),
        "finished": _("Finished"),
        "stopped": _("Stopped"),
    }


_KINDS = {
    "reward": _reward,
    "settlement": _settlement,
    "batch": _batch,
    "payment": _payment,
    "refund": _refund,
    "callback": _callback,
    "order": _order,
    "code": _code,
    "job": _job,
}
