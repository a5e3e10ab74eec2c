"""What the page of jobs shows: frozen values, no rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from portal.monitoring import JobState, is_overdue
from portal.web.text.alerts import alert_text
from portal.web.text.format import When, when
from portal.web.text.jobs import duration_words, job_words

if TYPE_CHECKING:
    from models import JobRun, OperatorAlert


@dataclass(frozen=True, slots=True)
class JobRow:
    """The state of a job: what it does, its latest run, its last success, and the failures since then."""

    name: str
    what: str
    status: str
    started: When
    duration: str
    succeeded: When | None
    failures: int
    error: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a job."""

    id: int
    job: str
    what: str
    outcome: str
    started: When
    duration: str
    process: str
    error: str


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An open alert in words; `quiet` is since when its cause has been gone."""

    text: str
    is_critical: bool
    opened: When
    quiet: When | None


def alert_rows(alerts: Iterable[OperatorAlert]) -> list[AlertRow]:
    """Return open alerts as the page shows them."""
    return [
        AlertRow(
            text=alert_text(alert.kind, alert.subject, alert.number),
            is_critical=alert.is_critical,
            opened=when(alert.opened_at),
            quiet=when(alert.quiet_since) if alert.quiet_since else None,
        )
        for alert in alerts
    ]


def job_rows(states: Iterable[JobState], now: datetime) -> list[JobRow]:
    """Return the states of jobs as the page shows them."""
    return [
        JobRow(
            name=state.job,
            what=job_words(state.job),
            status="overdue" if is_overdue(state, now) else state.outcome,
            started=when(state.started_at),
            duration=duration_words(state.duration_ms),
            succeeded=when(state.succeeded_at) if state.succeeded_at else None,
            failures=state.failures,
            error=state.error or "",
        )
        for state in states
    ]


def run_rows(runs: Iterable[JobRun]) -> list[RunRow]:
    """Return runs as the page shows them."""
    return [
        RunRow(
            id=run.id,
            job=run.job,
            what=job_words(run.job),
            outcome=run.outcome,
            started=when(run.started_at),
            duration=duration_words(run.duration_ms),
            process=run.process,
            error=run.error or "",
        )
        for run in runs
    ]
