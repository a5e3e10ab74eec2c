"""When a job counts as overdue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

# A run may be delayed by a long one, a restart or a busy machine.
_MISSED_RUNS, _PATIENCE = 5, timedelta(minutes=10)


class Timing(Protocol):
    """When a job last succeeded and began, and the seconds between its planned runs."""

    @property
    def every_seconds(self) -> int: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def succeeded_at(self) -> datetime | None: ...


def overdue_after(every_seconds: int) -> timedelta:
    """Return how long after its last success a job is overdue."""
    return max(_MISSED_RUNS * timedelta(seconds=every_seconds), _PATIENCE)


def is_overdue(job: Timing, now: datetime) -> bool:
    """Return whether a job has not succeeded for too long; one that never succeeded is judged by its latest start."""
    return now - (job.succeeded_at or job.started_at) > overdue_after(job.every_seconds)
