"""Webhooks in words."""

from __future__ import annotations

from portal.web.text.translate import gettext as _
from portal.webhooks import ENDPOINT_TEST


def event_words(type: str) -> str:
    """Return when an event is sent."""
    return {
        "order.attributed": _("A paid order was credited to a referral code"),
        "order.not_attributed": _("A paid order was not credited to anyone"),
        "refund.applied": _("A refund was booked"),
        "reward.approved": _("A reward was approved"),
        "reward.minted": _("A reward was sent"),
        "reward.rejected": _("A reward was rejected"),
        "statement.opened": _("A commission statement was opened"),
        ENDPOINT_TEST: _("A test"),
    }[type]


def attempt_words(status_code: int | None, error: str | None) -> str:
    """Return what the last attempt brought, empty before the first one."""
    reasons = {
        "redirected": _("a redirect, which is not followed"),
        "timed_out": _("no answer in time"),
        "unreachable": _("the server cannot be reached"),
        "address_refused": _("the address is not public"),
        "certificate_invalid": _("the certificate is not valid"),
        "seal_broken": _("the secret cannot be read, rotate it"),
        "internal": _("an error of the portal, see its log"),
    }
    parts = [str(status_code)] if status_code is not None else []
    parts += [reasons[error]] if error in reasons else []
    return ": ".join(parts)


def endpoint_words(reason: str | None) -> str:
    """Return whether an endpoint is active, or why it is disabled."""
    return {
        None: _("Active"),
        "admin": _("Switched off"),
        "gone": _("Switched off: the server answered 410"),
        "failing": _("Switched off: every attempt failed for five days"),
    }[reason]
