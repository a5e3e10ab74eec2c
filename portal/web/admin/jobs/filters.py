"""The filters of the runs of jobs, read from the URL; page and export share them."""

from __future__ import annotations

from collections.abc import Mapping

from portal.lib.texts import identifier_form
from portal.monitoring import JobRunFilter
from portal.settings import Settings
from portal.web.core.filters import FilterView, read_days

FIELDS = ("job", "outcome", "since", "until")
OUTCOMES = ("failed", "interrupted", "running", "succeeded")


def read_jobs_view(arguments: Mapping[str, str], settings: Settings) -> FilterView[JobRunFilter]:
    """Read the filters of a URL; an unknown outcome does not filter, an invalid day gets an error."""
    typed = {name: identifier_form(str(arguments.get(name, "")))[:100] for name in FIELDS}
    typed["outcome"] = typed["outcome"] if typed["outcome"] in OUTCOMES else ""
    errors: dict[str, str] = {}
    since, until = read_days(typed, settings, errors)
    filters = JobRunFilter(
        job=typed["job"],
        outcome=typed["outcome"],
        since=since,
        until=until,
    )
    return FilterView(filters, typed, errors)
