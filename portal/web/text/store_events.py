"""What became of something that a store sent, in words. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.web.text.messages import ERRORS
from portal.web.text.translate import gettext as _

Explanation = Mapping[str, Any]


def event_code(outcome: str | None, explanation: Explanation) -> str:
    """Return the code of an explanation: the error of what was refused, else the outcome; `waiting` without one."""
    return str(explanation.get("error") or outcome or "waiting")


def event_text(outcome: str | None, explanation: Explanation) -> str:
    """Return the sentence of an explanation."""
    if error := explanation.get("error"):
        return _refusal(str(error), explanation)
    if outcome == "test":
        would_be = _outcome(explanation.get("wouldBe"))
        return _(
            "This was a test, so nothing was saved. With a live key, the response would be: %(text)s",
            text=would_be,
        )
    if outcome == "updated" and "refundId" in explanation:
        return _outcome("booked")
    if outcome == "ignored":
        return _ignored(str(explanation.get("reason") or ""))
    return _outcome(outcome)


def refusal_of(code: str) -> str:
    """Return why a request was refused, without its values."""
    return {
        "store_signature_missing": _("A request was refused because it is not signed."),
        "store_signature_time": _("A request was refused because its time differs too much."),
        "store_signature_unexpected": _(
            "A signed request was refused because the store has no signing secret."
        ),
    }.get(code) or _("A request with a wrong signature was refused.")


def note_text(note: Explanation) -> str:
    """Return the sentence of a fact that came with an outcome."""
    return {
        "cancelled_not_refunded": lambda: _(
            "The order is cancelled, but it was paid and not refunded, so the commission and the reward are kept."
        ),
        "paid_changed": lambda: _(
            "The store now reports %(paid)s as paid. What was paid does not change afterwards.",
            paid=note.get("paid"),
        ),
        "refund_below_booked": lambda: _(
            "Refunds of %(booked)s are booked already, at least what the store reports now, so nothing was booked.",
            booked=note.get("booked"),
        ),
        "refund_exceeds": lambda: _(
            "The store reports %(refunded)s as refunded in all, more than was paid.",
            refunded=note.get("refunded"),
        ),
        "refund_withdrawn": lambda: _(
            "The store no longer reports refund %(refund)s. Deductions already made for it remain.",
            refund=note.get("refundId"),
        ),
    }.get(str(note["code"]), lambda: str(note["code"]))()


def _refusal(code: str, explanation: Explanation) -> str:
    answer = ERRORS.get(code)
    if answer is None:
        return code
    params = dict(explanation.get("params") or {})
    if "decimals" in params:  # stored as text, and the sentence chooses its plural by it
        params["decimals"] = int(params["decimals"])
    text = answer.sentence(params)
    field = explanation.get("field")
    return f"{field}: {text}" if field else text


def _outcome(outcome: str | None) -> str:
    return {
        "created": _("The order was created."),
        "updated": _("The order was updated."),
        "unchanged": _("Nothing has changed since the last report."),
        "stale": _("A newer state of the order is known, so nothing changed."),
        "held": _("An admin needs to make a decision."),
        "booked": _("The refund was booked."),
    }.get(outcome or "", _("It is waiting to be processed."))


def _ignored(reason: str) -> str:
    """Return why a report was left alone."""
    return {
        "no_api": _("The portal has no access to the store’s API, so it could not read the order."),
        "order_gone": _("The store has no such order."),
        "draft": _("The order has not been placed yet."),
        "subscription": _("Only single payments are read, no subscriptions."),
        "part_of_order": _("It is a part of another order, which counts as a whole."),
    }.get(reason) or _("This event is not about an order.")
