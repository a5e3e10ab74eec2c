"""The schedule in this process: each job runs under a database lock, and every run is recorded."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING

from structlog.contextvars import bound_contextvars

from portal.db import connection, release_connection, report_outage
from portal.db.job_notices import listen_for_jobs
from portal.db.locks import lock_session
from portal.logs import OutageLog, get_logger
from portal.monitoring import JobSession
from portal.runtime import Portal

if TYPE_CHECKING:
    from portal.scheduler import SteadyScheduler

log = get_logger(__name__)
_failures: dict[str, OutageLog] = {}
_running: set[str] = set()
_jobs_ended = threading.Condition()
_stopping = threading.Event()


@dataclass(frozen=True)
class Job:
    """One entry of the schedule: a name, an interval in seconds, the flow, and when it runs first after the start."""

    name: str
    seconds: int
    run: Callable[[Portal], object]
    first_seconds: int | None = None

    @property
    def first_run(self) -> timedelta:
        """Return the time before the first run: no long interval, or a portal that restarts often never runs it."""
        return timedelta(seconds=min(self.seconds, 120) if self.first_seconds is None else self.first_seconds)


def is_stopping() -> bool:
    """Return whether this process starts no further job; one that runs long ends early."""
    return _stopping.is_set()


def run_schedule(jobs: Sequence[Job], portal: Portal) -> SteadyScheduler:
    """Start the schedule in this process and let the portal, and other processes, trigger a job early."""
    from portal.scheduler import SteadyScheduler  # noqa: PLC0415 - only processes with a schedule load APScheduler

    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = SteadyScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job in jobs:
        first = datetime.now(UTC) + job.first_run
        scheduler.add_job(
            run_job,
            "interval",
            seconds=job.seconds,
            jitter=1,
            id=job.name,
            args=[job, portal],
            next_run_time=first,
        )
    _stopping.clear()
    scheduler.start()
    # A web server's worker that ends starts no further job; one that is running may be killed at any point.
    Finalize(None, _stop, args=[scheduler], exitpriority=10)
    portal.wake = lambda name: _wake(scheduler, name)
    if portal.settings.database_url:
        listen_for_jobs(portal.wake, is_stopping)
    portal.scheduler_running = lambda: bool(scheduler.running)
    portal.stop_schedule = lambda seconds: _stop_and_wait(scheduler, seconds)
    return scheduler


def _stop(scheduler: SteadyScheduler) -> None:
    if scheduler.running:
        scheduler.shutdown(wait=False)


def _stop_and_wait(scheduler: SteadyScheduler, seconds: float) -> None:
    """Start no further job and wait at most `seconds` for those that run; the next process continues their work."""
    _stopping.set()
    _stop(scheduler)
    with _jobs_ended:
        if not _jobs_ended.wait_for(lambda: not _running, seconds):
            log.warning("jobs interrupted", jobs=sorted(_running))


def run_job(job: Job, portal: Portal) -> None:
    """Run a job of the schedule and keep its name while it runs."""
    with _jobs_ended:
        _running.add(job.name)
    try:
        _run_alone(job, portal)
    finally:
        with _jobs_ended:
            _running.discard(job.name)
            _jobs_ended.notify_all()


def _run_alone(job: Job, portal: Portal) -> None:
    """Run a job unless another process is running it; record the run, and log a failure once while it repeats."""
    with bound_contextvars(job=job.name):
        try:
            portal.refresh()
            with lock_session(f"job:{job.name}") as session:
                if session is not None:
                    _run_locked(job, portal, JobSession(session, job.name, job.seconds))
        except Exception as error:  # the schedule continues; the next run tries again
            if not report_outage(error):
                _log_failure(job, error)
        finally:
            release_connection()


def _run_locked(job: Job, portal: Portal, session: JobSession) -> None:
    """Run a job under its lock between the record of its start and the record of its end."""
    run_id, interrupted = session.begin()
    with bound_contextvars(job_id=run_id):
        if interrupted:
            log.warning("job was interrupted", runs=interrupted)
        started = time.monotonic()
        try:
            with connection():
                job.run(portal)
        except Exception as error:
            seconds = time.monotonic() - started
            if not report_outage(error):
                _log_failure(job, error, duration=round(seconds, 3))
            session.end(run_id, seconds, _reason(error))
        else:
            seconds = time.monotonic() - started
            _failures_of(job).worked()
            session.end(run_id, seconds)
            log.debug("job finished", duration=round(seconds, 3))


def _log_failure(job: Job, error: Exception, **values: object) -> None:
    _failures_of(job).failed(_reason(error), kind=_reason(error), exc_info=error, **values)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _failures_of(job: Job) -> OutageLog:
    return _failures.setdefault(job.name, OutageLog(log, "job failed", "job succeeds again", quiet_seconds=0))


def _wake(scheduler: SteadyScheduler, name: str) -> None:
    try:
        scheduler.modify_job(name, next_run_time=datetime.now(UTC))
    except KeyError:  # JobLookupError of apscheduler is one
        log.warning("unknown job", job=name)
