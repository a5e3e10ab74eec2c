"""What a store sent, in one sentence: what was read and what was decided. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.lib.errors import PortalError
from portal.lib.money import parse_major
from portal.web.text.format import money, percent
from portal.web.text.messages import ERRORS, text_of_code
from portal.web.text.store_events import event_text
from portal.web.text.translate import gettext as _

_READ_OUTCOMES = ("created", "updated", "test")


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What the sentence of an event is made of; `number` is how the store shows the order to people."""

    kind: str
    verified: bool
    live: bool
    outcome: str | None
    number: str | None
    snapshot: Mapping[str, Any] | None
    explanation: Mapping[str, Any]


def event_sentence(event: EventFacts) -> str:
    """Return what an event said and what was decided."""
    if not event.verified:
        return refusal_text(event.explanation)
    parts = []
    if event.snapshot is not None:
        parts.append(order_text(event.number, event.snapshot))
    elif event.number:
        parts.append(_("Order %(number)s.", number=event.number))
    if event.outcome in _READ_OUTCOMES and event.snapshot is not None:
        parts.append(decision_text(event.snapshot, event.explanation.get("decision") or {}))
        if event.outcome == "test":
            parts.append(_("A test: nothing was stored."))
    else:
        parts.append(event_text(event.outcome, event.explanation))
    return " ".join(part for part in parts if part)


def refusal_text(explanation: Mapping[str, Any]) -> str:
    """Return why something was refused as not authentic, and how often within its minute."""
    reason = str(explanation.get("reason") or "")
    if not reason:
        return event_text("refused", explanation)
    text = refusal_words(reason)
    count = int(explanation.get("count", 1))
    return _("%(text)s Refused in this minute: %(count)s.", text=text, count=count) if count > 1 else text


def refusal_words(reason: str) -> str:
    """Return the reason of a refused delivery in words."""
    return {
        "signature_missing": _("A delivery without a signature was refused."),
        "timestamp_old": _("A delivery that was signed too long ago was refused."),
        "timestamp_ahead": _(
            "A delivery that is dated in the future was refused. Check the clock of the sending server."
        ),
        "too_large": _(
            "A delivery of more than 4 MB was refused. If the portal has access to the store’s API, it reads the"
            " order there."
        ),
        "secret_missing": _("A delivery was refused, because the store has no webhook secret yet."),
    }.get(reason) or _("A delivery with a wrong signature was refused. Compare the webhook secret.")


def order_text(number: str | None, snapshot: Mapping[str, Any]) -> str:
    """Return the state of an order as its store reports it."""
    name = number or str(snapshot.get("number") or snapshot.get("externalId") or "?")
    currency, status = str(snapshot.get("currency", "")), snapshot.get("status")
    paid = str(snapshot.get("paidAmount", "0"))
    if status == "cancelled":
        text = _("Order %(number)s is cancelled.", number=name)
    elif status == "paid":
        text = _("Order %(number)s paid %(amount)s.", number=name, amount=_amount(paid, currency))
    else:
        text = _("Order %(number)s is not paid yet.", number=name)
    refunds = [str(refund.get("amount", "0")) for refund in snapshot.get("refunds") or ()]
    if refunds:
        total = _sum(refunds, currency)
        text = f"{text} " + _("%(amount)s was refunded.", amount=total)
    return text


def decision_text(snapshot: Mapping[str, Any], decision: Mapping[str, Any]) -> str:
    """Return who is credited for an order, or why nobody is."""
    if not decision:
        return ""
    code = decision.get("code") or snapshot.get("referralCode")
    reason = decision.get("reason")
    if not code:
        return _("It had no referral code, so nobody is credited.")
    if reason is None:
        if snapshot.get("status") == "open":
            return _("Referred by %(code)s, who is credited when it is paid.", code=code)
        if (share := decision.get("percent")) is not None:
            return _(
                "Referred by %(code)s, who is credited with a reward of %(percent)s.",
                code=code,
                percent=percent(str(share)),
            )
        return _("Referred by %(code)s, who is credited.", code=code)
    return _refused_code(str(code), str(reason))


def _refused_code(code: str, reason: str) -> str:
    return {
        "unknown_code": _(
            "Referred by %(code)s: the code is unknown or no longer active, so nobody is credited.", code=code
        ),
        "self_referral": _(
            "Referred by %(code)s: the code is the buyer’s own, so nobody is credited.", code=code
        ),
        "wallet_overlap": _(
            "Referred by %(code)s: the referrer’s wallet is the buyer’s, so nobody is credited.", code=code
        ),
        "not_first_purchase": _(
            "Referred by %(code)s: not the first purchase, so nobody is credited.", code=code
        ),
    }.get(reason) or _("It had no referral code, so nobody is credited.")


def source_text(kind: str, *, verified: bool, live: bool) -> str:
    """Return how something arrived and how it was verified."""
    if not verified:
        return _("Not verified")
    text = {
        "api.order": _("Sent with a key of the store"),
        "api.refund": _("Sent with a key of the store"),
        "poll": _("Read from the API of the store"),
        "portal.test": _("Sent from this page"),
        "replay": _("Applied again"),
    }.get(kind) or _("Webhook, signature verified")
    return text if live else _("%(text)s, as a test", text=text)


def poll_error_text(error: str) -> str:
    """Return why a store's API could not be read."""
    if error in ERRORS:
        return text_of_code(error)
    return ERRORS["store_unreachable"].sentence({"detail": error})


def _sum(amounts: list[str], currency: str) -> str:
    try:
        return money(sum(parse_major(amount, currency) for amount in amounts), currency)
    except PortalError:
        return f"{' + '.join(amounts)} {currency}"


def _amount(text: str, currency: str) -> str:
    return _sum([text], currency)
