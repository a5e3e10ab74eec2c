"""Attribution in words: why a referral does not apply, and what each guard found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.web.text.translate import gettext as _
from portal.web.text.translate import per_language


def referral_reason(reason: str) -> str:
    """Return why a referral does not apply, in words for the buyer. See docs/rules/attribution.md."""
    return {
        "no_code": _("No referral link was followed, so nobody is credited."),
        "unknown_code": _("The referral code is unknown or no longer active, so nobody is credited."),
        "self_referral": _("This is your own referral link, so nobody is credited."),
        "wallet_overlap": _("The referrer's wallet is one of yours, so nobody is credited."),
        "not_first_purchase": _("Referrals count for a first purchase only, so nobody is credited."),
    }[reason]


def referral_reason_for_admins(reason: str) -> str:
    """Return why a referral does not apply, in words for a reader who is not the buyer."""
    texts = {
        "self_referral": _("The buyer followed their own referral link, so nobody is credited."),
        "wallet_overlap": _("The referrer's wallet is one of the buyer's, so nobody is credited."),
    }
    return texts.get(reason) or referral_reason(reason)


def guard_text(step: Mapping[str, Any]) -> str:
    """Return one step of a stored decision trace in words."""
    texts, guard = _guard_texts(), step["guard"]
    if guard == "code_known":
        detail = str(step.get("detail"))
        found = f"active_{step.get('source')}" if detail == "active" else detail
        return texts.get(found) or texts["active" if detail == "active" else "unknown"]
    if step["passed"] and step.get("detail") in ("customer_unknown", "same_mailbox"):
        return texts[step["detail"]]
    return texts[f"{guard}_{'passed' if step['passed'] else 'failed'}"]


@per_language
def _guard_texts() -> dict[str, str]:
    """Return what each guard may have found; every answer to a store has four of them and more."""
    return {
        "active": _("The code of the buyer’s link is active."),
        "active_account": _("The code saved with the account is active."),
        "active_entered": _("The code entered at checkout is active."),
        "active_coupon": _("The code assigned to this coupon is active."),
        "absent": _("There is no referral code."),
        "malformed": _("The text is not a referral code."),
        "inactive": _("The code was deactivated."),
        "owner_disabled": _("The account of the code’s owner is disabled."),
        "unknown": _("The code is unknown."),
        "not_self_passed": _("The referrer is someone else."),
        "not_self_failed": _("The referrer is the buyer."),
        "no_wallet_overlap_passed": _("The referrer's wallet is not one of the buyer's."),
        "no_wallet_overlap_failed": _("The referrer's wallet is one of the buyer's."),
        "first_purchase_passed": _("This is the buyer's first purchase."),
        "first_purchase_failed": _("The buyer has paid an order before."),
        "same_mailbox": _("The buyer and the referrer use the same mailbox."),
        "customer_unknown": _("The store did not identify the buyer, so earlier purchases cannot be found."),
    }


def percent_source(source: str) -> str:
    """Return where a referral percent comes from, in words. See docs/rules/percents.md."""
    return _percent_sources().get(source, source)


@per_language
def _percent_sources() -> dict[str, str]:
    return {
        "product": _("Product"),
        "merchant": _("Merchant"),
        "default": _("Platform default"),
        "env": _("Server setting"),
    }
