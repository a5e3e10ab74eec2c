"""The filters of a list, read from its URL: the fields as typed, what they mean, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Generic, TypeVar

from portal.lib.clock import FIRST_YEAR, LAST_YEAR
from portal.lib.errors import PortalError
from portal.settings import Settings
from portal.web.text.messages import error_text

Filter = TypeVar("Filter")


class DateInvalid(PortalError):
    """A date is not written as YYYY-MM-DD."""

    code = "date_invalid"


class DateOutOfRange(PortalError):
    """A date is before or after the years that the portal knows."""

    code = "date_out_of_range"


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
