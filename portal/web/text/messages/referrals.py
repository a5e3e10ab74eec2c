"""Attribution in words: why a referral does not apply, and what each guard found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.web.text.translate import gettext as _


def referral_reason(reason: str) -> str:
    """Return why a referral does not apply, in words for the buyer. See docs/rules/attribution.md."""
    return {
        "no_code": _("No referral link was followed, so nobody is credited."),
        "unknown_code": _("The referral code is unknown or no longer active, so nobody is credited."),
        "self_referral": _("This is your own referral link, so nobody is credited."),
        "wallet_overlap": _("The referrer's wallet is one of yours, so nobody is credited."),
        "not_first_purchase": _("Referrals count for a first purchase only, so nobody is credited."),
    }[reason]


def guard_text(step: Mapping[str, Any]) -> str:
    """Return one step of a stored decision trace in words."""
    if step["guard"] == "code_known":
        return _code_known_text(str(step.get("detail")), step.get("source"))
    passed, failed = {
        "not_self": (_("The referrer is someone else."), _("The referrer is the buyer.")),
        "no_wallet_overlap": (
            _("The referrer's wallet is not one of the buyer's."),
            _("The referrer's wallet is one of the buyer's."),
        ),
        "first_purchase": (
            _("This is the buyer's first purchase."),
            _("The buyer has paid an order before."),
        ),
    }[step["guard"]]
    if step["passed"] and step.get("detail") == "customer_unknown":
        return _("The store did not identify the buyer, so earlier purchases cannot be found.")
    return passed if step["passed"] else failed


def _code_known_text(detail: str, source: str | None) -> str:
    active = {
        "account": _("The code saved with the account is active."),
        "entered": _("The code entered at checkout is active."),
        "coupon": _("The code assigned to this coupon is active."),
    }
    return {
        "active": active.get(source or "", _("The code of the buyer’s link is active.")),
        "absent": _("There is no referral code."),
        "malformed": _("The text is not a referral code."),
        "inactive": _("The code was deactivated."),
        "owner_disabled": _("The account of the code’s owner is disabled."),
    }.get(detail, _("The code is unknown."))


def percent_source(source: str) -> str:
    """Return where a referral percent comes from, in words. See docs/rules/percents.md."""
    return {
        "product": _("Product"),
        "merchant": _("Merchant"),
        "default": _("Platform default"),
        "env": _("Server setting"),
    }[source]
