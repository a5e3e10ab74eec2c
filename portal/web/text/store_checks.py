"""The five checks of a connected store in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.web.text.store_events import refusal_of
from portal.web.text.store_sentences import poll_error_text, refusal_words
from portal.web.text.translate import gettext as _

_DELIVERY_REASONS = (
    "signature_missing",
    "signature_wrong",
    "timestamp_old",
    "timestamp_ahead",
    "secret_missing",
    "too_large",
)


@dataclass(frozen=True, slots=True)
class CheckText:
    """A check: its title, and what was found or what to do."""

    title: str
    text: str


def check_text(name: str, state: str, facts: Mapping[str, Any]) -> CheckText:
    """Return a check in words."""
    return CheckText(_titles()[name], _texts(name, state, facts))


def _titles() -> dict[str, str]:
    return {
        "snippet": _("Store pages load the snippet"),
        "cookie": _("An order arrived with a referral code"),
        "signature": _("Signatures are valid"),
        "order": _("Orders arrive"),
        "poll": _("The portal polls the store"),
    }


def _texts(name: str, state: str, facts: Mapping[str, Any]) -> str:
    words = {
        ("snippet", "waiting"): _("Not seen yet. Open a page of the store by a share link."),
        ("snippet", "bad"): _("Not seen for a day. Check that the snippet is still on the store’s pages."),
        ("snippet", "good"): _("Seen"),
        ("cookie", "waiting"): _(
            "No order has included a referral code yet. Follow a share link and buy something."
        ),
        ("cookie", "good"): _("Last received"),
        ("signature", "waiting"): _("Nothing has arrived yet."),
        ("signature", "good"): _("Last received"),
        ("order", "waiting"): _("No order yet. Place one, or send a test order below."),
        ("poll", "waiting"): _("The first poll is due within a minute."),
        ("poll", "good"): _("Last polled"),
        ("poll", "bad"): _("The last poll was too long ago."),
        ("poll", "unused"): _("Not set up. Enter the store’s API credentials so that no order is missed.")
        if facts.get("can_poll")
        else _("This platform cannot be polled."),
    }
    if name == "order" and state == "good":
        return _("Order %(number)s was reported", number=facts["number"])
    if name == "signature" and state == "bad":
        return _refused(str(facts.get("reason", "")))
    if name == "poll" and state == "bad" and facts.get("error"):
        return poll_error_text(str(facts["error"]))
    return words[(name, state)]


def _refused(reason: str) -> str:
    return refusal_words(reason) if reason in _DELIVERY_REASONS else refusal_of(reason)
