"""Record runs of jobs in the session that holds the lock of the job, and delete old ones.

That session commits on its own: the record of a run neither waits for the work of the run nor is rolled back with it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import psycopg2
from peewee import SQL

from models import JobRun
from portal.db import DatabaseAway, query
from portal.lib.texts import storable

# Of each job and outcome the newest are kept, and nothing older than this.
KEPT_RUNS, _RETENTION = 200, timedelta(days=30)
_ERROR_MAX = 500
# An unplanned job that began earlier was killed.
_LONGEST_RUN = timedelta(hours=1)

# A record may be lost with the database's machine, so its commit does not wait for the disk: an idle portal would
# otherwise flush twice per run. Nothing else is written in this session.
_NO_WAIT = "SET synchronous_commit = off"
_INTERRUPT = """
UPDATE job_runs SET outcome = 'interrupted', finished_at = now(),
    duration_ms = greatest(0, extract(epoch FROM now() - started_at) * 1000)::bigint
WHERE job = %(job)s AND outcome = 'running' RETURNING id
"""
_BEGIN = """
INSERT INTO job_runs (job, every_seconds, process) VALUES (%(job)s, %(seconds)s, %(process)s) RETURNING id
"""
_END = """
UPDATE job_runs SET outcome = %(outcome)s, finished_at = now(), duration_ms = %(duration)s, error = %(error)s
WHERE id = %(id)s AND outcome = 'running'
"""
_PRUNE_EXCESS = """
DELETE FROM job_runs AS run USING (
    SELECT kind.job, kind.outcome,
        (SELECT newer.id FROM job_runs AS newer WHERE newer.job = kind.job AND newer.outcome = kind.outcome
         ORDER BY newer.id DESC OFFSET %s LIMIT 1) AS last_id
    FROM (SELECT DISTINCT job, outcome FROM job_runs WHERE outcome <> 'running') AS kind
) AS excess
WHERE run.job = excess.job AND run.outcome = excess.outcome AND run.id <= excess.last_id
RETURNING run.id
"""


class JobSession:
    """The runs of one job, written in the session that holds its lock."""

    def __init__(self, session: Any, job: str, every_seconds: int) -> None:
        """Take the connection of the lock, in autocommit mode, and the planned seconds between two runs."""
        self._session = session
        self._values = {
            "job": job,
            "seconds": every_seconds,
            "process": f"{socket.gethostname()}:{os.getpid()}",
        }

    def begin(self) -> tuple[int, list[int]]:
        """Record the start of a run; return its id, and those of earlier runs that ended without a word.

        Raises DatabaseAway.
        """
        self._write(_NO_WAIT, {})
        interrupted = [row[0] for row in self._write(_INTERRUPT, self._values)]
        ((run_id,),) = self._write(_BEGIN, self._values)
        return int(run_id), interrupted

    def end(self, run_id: int, seconds: float, error: str | None = None) -> None:
        """Record the end of a run after `seconds`, with the reason if it failed. Raises DatabaseAway."""
        stored = error and storable(error[:_ERROR_MAX])  # an error may quote any bytes
        outcome = "succeeded" if error is None else "failed"
        values = {"id": run_id, "outcome": outcome, "duration": round(seconds * 1000), "error": stored}
        self._write(_END, values)

    def _write(self, sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        try:
            with self._session.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall() if cursor.description else []
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            raise DatabaseAway from error


def prune_job_runs(names: Collection[str]) -> int:
    """Delete runs older than 30 days and all but the newest of each job and outcome; return how many.

    Runs of jobs that are none of `names` are deleted: a release that renames a job would report it as overdue.
    """
    old = JobRun.started_at < SQL("now() - %s", [_RETENTION])
    is_over = (JobRun.outcome != "running") | (JobRun.started_at < SQL("now() - %s", [_LONGEST_RUN]))
    is_unplanned = JobRun.job.not_in(list(names)) & is_over
    deleted = int(JobRun.delete().where(old & (JobRun.outcome != "running") | is_unplanned).execute())
    return deleted + len(query(_PRUNE_EXCESS, [KEPT_RUNS]))
