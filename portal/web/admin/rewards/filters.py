"""The filters of the reward queue, read from the URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from portal.lib.money import InvalidAmount, parse_amount, to_major
from portal.lib.texts import identifier_form
from portal.rewards import RewardFilter
from portal.settings import Settings
from portal.web.core.filters import FilterView, read_code, read_days, read_reference, read_wallet
from portal.web.text.messages import error_text

RAILS = ("fiat", "crypto")
HINTS = {"with": True, "without": False}
FIELDS = ("status", "rail", "code", "wallet", "orderReference", "since", "until", "leastUsd", "hints")


@dataclass(frozen=True, slots=True)
class QueueView(FilterView[RewardFilter]):
    """The filter of the queue, which always has a status."""

    @property
    def is_filtered(self) -> bool:
        """Whether any field but the status is set."""
        return any(value for name, value in self.typed.items() if name != "status")


def read_view(arguments: Mapping[str, str], settings: Settings) -> QueueView:
    """Read the filters of a URL or form; an invalid field gets an error and does not filter.

    An unknown status is not a field error: the queue raises StatusUnknown.
    """
    typed = {name: _typed(name, arguments.get(name, "")) for name in FIELDS}
    typed["status"] = typed["status"] or "pending_approval"
    errors: dict[str, str] = {}
    since, until = read_days(typed, settings, errors)
    filters = RewardFilter(
        status=typed["status"],
        rail=typed["rail"] if typed["rail"] in RAILS else "",
        code=read_code(typed["code"]),
        wallet=read_wallet(typed["wallet"], "wallet", errors),
        reference=read_reference(typed["orderReference"]),
        since=since,
        until=until,
        least_usd=_usd(typed["leastUsd"], errors),
        has_hints=HINTS.get(typed["hints"]),
    )
    return QueueView(filters, typed, errors)


def _typed(name: str, text: str) -> str:
    """Return a field as it is read: identifiers as they were meant, amounts exactly as typed."""
    return (text.strip() if name == "leastUsd" else identifier_form(text))[:200]


def _usd(text: str, errors: dict[str, str]) -> Decimal | None:
    if not text:
        return None
    try:
        return to_major(parse_amount(text, "USD", "leastUsd"), "USD")
    except InvalidAmount as error:
        errors["leastUsd"] = error_text(error)
        return None
