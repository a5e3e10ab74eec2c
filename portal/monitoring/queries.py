"""Read runs of jobs: the list of all, and the state of each job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models import JobRun
from portal.db import Keyset, query, within

RUNS_PAGE = 25

# The names come one by one from the index, and two runs of each, so the cost does not grow with the table.
JOB_STATES = """
WITH RECURSIVE names AS (
    SELECT min(job) AS job FROM job_runs
    UNION ALL SELECT (SELECT min(run.job) FROM job_runs AS run WHERE run.job > names.job) FROM names
    WHERE names.job IS NOT NULL
)
SELECT names.job, latest.every_seconds, latest.outcome, latest.started_at, latest.duration_ms, success.finished_at,
    (SELECT count(*) FROM (
        SELECT FROM job_runs AS run WHERE run.job = names.job AND run.outcome = 'failed'
            AND run.id > coalesce(success.id, 0) LIMIT 1000) AS failed),
    (SELECT run.error FROM job_runs AS run WHERE run.job = names.job AND run.outcome = 'failed'
        AND run.id > coalesce(success.id, 0) ORDER BY run.id DESC LIMIT 1)
FROM names
CROSS JOIN LATERAL (
    SELECT * FROM job_runs AS run WHERE run.job = names.job ORDER BY run.id DESC LIMIT 1) AS latest
LEFT JOIN LATERAL (
    SELECT * FROM job_runs AS run WHERE run.job = names.job AND run.outcome = 'succeeded'
    ORDER BY run.id DESC LIMIT 1) AS success ON true
ORDER BY names.job
"""


@dataclass(frozen=True)
class JobState:
    """The latest run of a job, its last success, and the failures since then with the reason of the last one.

    `duration_ms` is None while the latest run is going on.
    """

    job: str
    every_seconds: int
    outcome: str
    started_at: datetime
    duration_ms: int | None
    succeeded_at: datetime | None
    failures: int
    error: str | None


@dataclass(frozen=True)
class JobRunFilter:
    """What narrows the list of runs; "" or None leaves out a filter. `since` is inclusive, `until` exclusive."""

    job: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None


def list_job_states() -> list[JobState]:
    """Return the state of every job that ever ran, by name."""
    return [JobState(*row) for row in query(JOB_STATES)]


def list_job_run_ledger(filters: JobRunFilter) -> Keyset[JobRun]:
    """Return the runs that a filter matches, newest first."""
    rows = within(JobRun.select(), JobRun.started_at, filters.since, filters.until)
    if filters.job:
        rows = rows.where(JobRun.job == filters.job)
    if filters.outcome:
        rows = rows.where(JobRun.outcome == filters.outcome)
    return Keyset(rows, JobRun.id)
