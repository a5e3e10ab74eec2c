"""The filters of a list, read from its URL: the fields as typed, what they mean, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Generic, TypeVar

from portal.codes import resolve_code
from portal.flows.audit.audit_reference import find_reference
from portal.lib.addresses import LIKE_ADDRESS, InvalidAddress, canonical_address
from portal.lib.clock import FIRST_YEAR, LAST_YEAR
from portal.lib.errors import PortalError
from portal.settings import Settings
from portal.web.text.messages import error_text

Filter = TypeVar("Filter")
# An address as pages show it, without its middle.
_SHORTENED = re.compile(r"0[xX][0-9a-fA-F]*(?:…|\.\.\.)[0-9a-fA-F]*")


class DateInvalid(PortalError):
    """A date is not written as YYYY-MM-DD."""

    code = "date_invalid"


class DateOutOfRange(PortalError):
    """A date is before or after the years that the portal knows."""

    code = "date_out_of_range"


class PeriodInvalid(PortalError):
    """A period ends before it begins."""

    code = "period_invalid"


@dataclass(frozen=True, slots=True)
class FilterView(Generic[Filter]):
    """The filter of a URL, its fields as typed, and an error per field."""

    filter: Filter
    typed: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> dict[str, str]:
        """Return the URL's arguments without the empty ones."""
        return {name: value for name, value in self.typed.items() if value}


def read_days(
    typed: Mapping[str, str], settings: Settings, errors: dict[str, str]
) -> tuple[datetime | None, datetime | None]:
    """Return the start of the day `since` and the end of the day `until`; add to `errors` what is no period."""
    since = read_day(typed["since"], "since", settings, errors)
    until = read_day(typed["until"], "until", settings, errors, days=1)
    if since and until and until <= since:
        errors["until"] = error_text(PeriodInvalid(field="until"))
        return since, None
    return since, until


def read_day(
    text: str, field: str, settings: Settings, errors: dict[str, str], *, days: int = 0
) -> datetime | None:
    """Return the start of a day in the business time zone, `days` later; add to `errors` what is no date."""
    if not text:
        return None
    try:
        day = _day(text, field)
    except PortalError as error:
        errors[field] = error_text(error)
        return None
    return datetime.combine(day + timedelta(days=days), time.min, settings.timezone)


def _day(text: str, field: str) -> date:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise DateInvalid(field=field) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise DateOutOfRange(field=field)
    return day


def read_search(text: str, field: str, errors: dict[str, str]) -> str:
    """Return the text of a search; add to `errors` an address that is mistyped or shortened."""
    is_address = LIKE_ADDRESS.fullmatch(text) or _SHORTENED.fullmatch(text)
    return read_wallet(text, field, errors) if is_address else text


def read_wallet(text: str, field: str, errors: dict[str, str]) -> str:
    """Return the stored form of an address; add to `errors` what is none."""
    if not text:
        return ""
    try:
        return canonical_address(text, field)
    except InvalidAddress as error:
        errors[field] = error_text(error)
        return ""


def read_code(text: str) -> str:
    """Return the share code that a text names, itself or by its alias; a code of imported history is not known."""
    row = resolve_code(text) if text else None
    return row.code if row else text


def read_reference(text: str) -> str:
    """Return the order reference that a text names, itself or by the number of an order in a connected store."""
    return (find_reference(text) if text else None) or text
