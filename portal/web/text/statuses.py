"""Statuses in words."""

from __future__ import annotations

from portal.web.text.translate import gettext as _
from portal.web.text.translate import per_language, pgettext


def status_words(kind: str, status: str) -> str:
    """Return a status in words.

    Kinds: reward, settlement, collected, statement, batch, payment, refund, callback, order, delivery, code, job,
    account, vendor, proposal, application, webhook, rule, run, alert, export, import,
    letter, store_check, store_event.
    """
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


def _collected() -> dict[str, str]:
    """Return the statuses of a settlement whose money the store collected."""
    return {
        **_settlement(),
        "pending": _("Waiting for a statement"),
        "processing": _("On a statement"),
        "completed": _("Commission paid"),
    }


def _statement() -> dict[str, str]:
    return {"open": _("Open"), "paid": _("Paid"), "void": _("Void")}


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


def _store_check() -> dict[str, str]:
    return {
        "good": _("Working"),
        "waiting": _("Not yet"),
        "bad": _("Needs attention"),
        "unused": _("Not used"),
    }


def _store_event() -> dict[str, str]:
    return {
        "created": _("New order"),
        "updated": _("Changed"),
        "held": _("Held for an admin"),
        "refused": _("Refused"),
        "test": _("Test"),
        "unchanged": _("Unchanged"),
        "stale": _("Out of date"),
        "ignored": _("Ignored"),
        "waiting": _("Waiting"),
    }


def _order() -> dict[str, str]:
    return {
        "created": _("Not paid yet"),
        "paid": _("Paid"),
        "cancelled": _("Cancelled"),
        "refunded": _("Refunded"),
    }


def _delivery() -> dict[str, str]:
    return {
        "open": _("Not delivered yet"),
        "delivered": _("Delivered"),
        "cancelled": _("Cancelled by the vendor"),
        "closed": _("Cancelled by the vendor"),
    }


def _code() -> dict[str, str]:
    return {
        "active": _("Active"),
        "inactive": _("Deactivated"),
    }


def _job() -> dict[str, str]:
    return {
        "queued": _("Queued"),
        "running": _("Running"),
        "finished": _("Finished"),
        "stopped": _("Stopped"),
    }


def _proposal() -> dict[str, str]:
    return {
        "waiting": _("Waiting for a second admin"),
        "confirmed": pgettext("proposal", "Confirmed"),
        "declined": _("Declined"),
        "expired": _("Expired"),
    }


def _application() -> dict[str, str]:
    return {"waiting": _("Waiting for an admin"), "approved": _("Approved"), "rejected": _("Rejected")}


def _webhook() -> dict[str, str]:
    return {
        "pending": _("Being sent"),
        "delivered": _("Delivered"),
        "failed": _("Failed"),
    }


def _account() -> dict[str, str]:
    return {
        "active": _("Active"),
        "disabled": _("Disabled"),
        "erasure_requested": _("Erasure requested"),
        "erased": _("Erased"),
    }


def _vendor() -> dict[str, str]:
    return {"active": _("On sale"), "inactive": _("Off sale")}


def _run() -> dict[str, str]:
    return {
        "running": _("Running"),
        "succeeded": _("Succeeded"),
        "failed": _("Failed"),
        "interrupted": _("Interrupted"),
        "overdue": _("Overdue"),
    }


def _alert() -> dict[str, str]:
    return {"critical": _("Critical"), "warning": _("Warning")}


def _import() -> dict[str, str]:
    return {
        "checking": _("Being checked"),
        "ready": _("Ready"),
        "applying": _("Being applied"),
        "finished": _("Finished"),
        "expired": _("Expired"),
    }


def _letter() -> dict[str, str]:
    return {
        "queued": _("Queued"),
        "sent": pgettext("letter", "Sent"),
        "dead": _("Not delivered"),
        "expired": _("Expired"),
    }


def _rule() -> dict[str, str]:
    return {"planned": _("Planned"), "active": _("In force"), "over": _("Ended")}


def _export() -> dict[str, str]:
    return {"preparing": _("Being prepared"), "ready": _("Ready"), "failed": _("Failed")}


_WORDS = {
    "reward": _reward,
    "settlement": _settlement,
    "collected": _collected,
    "statement": _statement,
    "batch": _batch,
    "payment": _payment,
    "refund": _refund,
    "callback": _callback,
    "order": _order,
    "delivery": _delivery,
    "code": _code,
    "job": _job,
    "run": _run,
    "alert": _alert,
    "export": _export,
    "import": _import,
    "letter": _letter,
    "account": _account,
    "vendor": _vendor,
    "rule": _rule,
    "proposal": _proposal,
    "application": _application,
    "webhook": _webhook,
    "store_check": _store_check,
    "store_event": _store_event,
}
_KINDS = {kind: per_language(words) for kind, words in _WORDS.items()}


# Tone and drawing of every status the portal stores. Colour is never alone: drawing and words stand with it.
_LOOKS: dict[str, dict[str, tuple[str, str]]] = {
    "application": {
        "waiting": ("wait", "hourglass"),
        "approved": ("good", "circle-check"),
        "rejected": ("off", "circle-x"),
    },
    "export": {
        "preparing": ("busy", "loader"),
        "ready": ("good", "circle-check"),
        "failed": ("bad", "alert-triangle"),
    },
    "reward": {
        "pending_approval": ("wait", "hourglass"),
        "approved": ("info", "thumb-up"),
        "minting": ("busy", "loader"),
        "minted": ("good", "circle-check"),
        "failed": ("bad", "alert-triangle"),
        "rejected": ("off", "circle-x"),
    },
    "settlement": {
        "pending": ("wait", "clock"),
        "due": ("info", "calendar-due"),
        "held": ("wait", "lock"),
        "processing": ("busy", "loader"),
        "completed": ("good", "circle-check"),
        "failed": ("bad", "alert-triangle"),
        "cancelled": ("off", "circle-x"),
    },
    "statement": {"open": ("wait", "clock"), "paid": ("good", "circle-check"), "void": ("off", "circle-x")},
    "batch": {
        "created": ("wait", "clock"),
        "processing": ("busy", "loader"),
        "completed": ("good", "circle-check"),
        "partial": ("wait", "alert-triangle"),
        "failed": ("bad", "alert-triangle"),
    },
    "payment": {
        "created": ("off", "circle-dashed"),
        "redirected": ("info", "arrow-right"),
        "pending": ("wait", "clock"),
        "paid": ("good", "circle-check"),
        "failed": ("bad", "alert-triangle"),
        "cancelled": ("off", "circle-x"),
        "refunded": ("off", "receipt-refund"),
    },
    "order": {
        "created": ("wait", "clock"),
        "paid": ("good", "circle-check"),
        "cancelled": ("off", "circle-x"),
        "refunded": ("off", "receipt-refund"),
    },
    "delivery": {
        "open": ("wait", "package"),
        "delivered": ("good", "circle-check"),
        "cancelled": ("bad", "circle-x"),
        "closed": ("off", "circle-x"),
    },
    "refund": {
        "requested": ("wait", "clock"),
        "waiting": ("wait", "hourglass"),
        "applied": ("good", "receipt-refund"),
        "refused": ("bad", "circle-x"),
    },
    "callback": {
        "waiting": ("wait", "clock"),
        "unmatched": ("bad", "help-circle"),
        "closed": ("off", "check"),
        "refused": ("off", "circle-x"),
        "applied": ("good", "circle-check"),
        "duplicate": ("off", "copy"),
    },
    "job": {
        "queued": ("wait", "clock"),
        "running": ("busy", "loader"),
        "stopped": ("off", "player-stop"),
        "finished": ("good", "circle-check"),
    },
    "run": {
        "running": ("busy", "loader"),
        "succeeded": ("good", "circle-check"),
        "failed": ("bad", "alert-triangle"),
        "interrupted": ("wait", "player-stop"),
        "overdue": ("bad", "clock"),
    },
    "alert": {"critical": ("bad", "alert-triangle"), "warning": ("wait", "alert-triangle")},
    "proposal": {
        "waiting": ("wait", "hourglass"),
        "confirmed": ("good", "circle-check"),
        "declined": ("off", "circle-x"),
        "expired": ("off", "clock"),
    },
    "store_check": {
        "good": ("good", "circle-check"),
        "waiting": ("wait", "hourglass"),
        "bad": ("bad", "alert-triangle"),
        "unused": ("off", "circle-dashed"),
    },
    "store_event": {
        "created": ("good", "circle-check"),
        "updated": ("good", "refresh"),
        "held": ("bad", "alert-triangle"),
        "refused": ("bad", "circle-x"),
        "test": ("info", "flask"),
        "unchanged": ("off", "check"),
        "stale": ("off", "clock"),
        "ignored": ("off", "minus"),
        "waiting": ("wait", "hourglass"),
    },
    "webhook": {
        "pending": ("wait", "clock"),
        "delivered": ("good", "circle-check"),
        "failed": ("bad", "alert-triangle"),
    },
    "check": {
        "ok": ("good", "circle-check"),
        "difference": ("bad", "alert-triangle"),
        "missing": ("wait", "help-circle"),
        "not_applicable": ("off", "circle-dashed"),
    },
    "account": {
        "active": ("good", "circle-check"),
        "disabled": ("bad", "lock"),
        "erasure_requested": ("wait", "hourglass"),
        "erased": ("off", "circle-x"),
    },
    "rule": {
        "planned": ("wait", "clock"),
        "active": ("good", "circle-check"),
        "over": ("off", "circle-dashed"),
    },
    "vendor": {"active": ("good", "circle-check"), "inactive": ("off", "player-pause")},
    "code": {"active": ("good", "circle-check"), "inactive": ("off", "player-pause")},
}


def status_look(kind: str, status: str) -> tuple[str, str]:
    """Return the tone and the drawing of a status."""
    return _LOOKS.get(kind, {}).get(status, ("off", "circle-dashed"))
