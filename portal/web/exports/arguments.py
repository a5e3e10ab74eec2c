"""The arguments of a download: period, filters of a page, signed-in person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.catalogue import list_vendors_of_user
from portal.commissions import SettlementFilter
from portal.db import EventFilter
from portal.journal import JournalFilter
from portal.lib.errors import PortalError
from portal.monitoring import JobRunFilter
from portal.orders import OrderFilter, SoldFilter
from portal.rewards import RewardFilter
from portal.runtime import current_portal
from portal.web.admin.audit.filters import read_journal_view
from portal.web.admin.commissions.filters import read_ledger_view
from portal.web.admin.events.filters import read_events_view
from portal.web.admin.jobs.filters import read_jobs_view
from portal.web.admin.orders.filters import read_orders_view
from portal.web.admin.rewards.filters import read_view
from portal.web.core.filters import Filter, FilterView, read_days
from portal.web.vendor.filters import read_sales_view

PERIOD = ("since", "until")


class Arguments(dict[str, Any]):
    """What a file is to hold: the filters of a page, the ids of its address, and the account that asks for it."""

    def __init__(self, values: Mapping[str, Any], reader_id: int) -> None:
        super().__init__(values)
        self.reader_id = reader_id

    def vendors(self) -> list[int]:
        """Return the ids of the vendors of the account."""
        return [vendor.id for vendor in list_vendors_of_user(self.reader_id, "en")]


class FilterInvalid(PortalError):
    """A filter is invalid; a page can show the error and ignore it, a file would hold the wrong rows."""

    code = "filter_invalid"


def read_period(
    arguments: Mapping[str, Any], errors: dict[str, str]
) -> tuple[datetime | None, datetime | None]:
    """Return the start of the first day and the end of the last, in the business time zone.

    What is no period gets an entry in `errors`.
    """
    typed = {name: str(arguments.get(name, "")).strip()[:200] for name in PERIOD}
    return read_days(typed, current_portal().settings, errors)


def period(arguments: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return the period of a download; raise FilterInvalid."""
    errors: dict[str, str] = {}
    start_and_end = read_period(arguments, errors)
    _refuse(errors)
    return start_and_end


def settlement_filter(arguments: Arguments) -> SettlementFilter:
    """Return the filters of the settlements page; raise FilterInvalid."""
    return valid(read_ledger_view(arguments, current_portal().settings))


def journal_filter(arguments: Arguments) -> JournalFilter:
    """Return the filters of the journal; raise FilterInvalid."""
    return valid(read_journal_view(arguments))


def order_filter(arguments: Arguments) -> OrderFilter:
    """Return the filters of the list of orders; raise FilterInvalid."""
    return valid(read_orders_view(arguments, current_portal().settings))


def sold_filter(arguments: Arguments) -> SoldFilter:
    """Return the filters of a vendor's orders; raise FilterInvalid."""
    return valid(read_sales_view(arguments, current_portal().settings))


def reward_filter(arguments: Arguments) -> RewardFilter:
    """Return the filters of the reward queue; raise FilterInvalid."""
    return valid(read_view(arguments, current_portal().settings))


def event_filter(arguments: Arguments) -> EventFilter:
    """Return the filters of the event log; raise FilterInvalid."""
    return valid(read_events_view(arguments, current_portal().settings))


def job_run_filter(arguments: Arguments) -> JobRunFilter:
    """Return the filters of the runs of jobs; raise FilterInvalid."""
    return valid(read_jobs_view(arguments, current_portal().settings))


def valid(view: FilterView[Filter]) -> Filter:
    """Return the filter of a page; raise FilterInvalid."""
    _refuse(view.errors)
    return view.filter


def _refuse(errors: Mapping[str, str]) -> None:
    for field, reason in errors.items():
        raise FilterInvalid(field=field, reason=reason)
