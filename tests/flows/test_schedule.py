"""The schedule: each run is recorded, failures are one log line, and a failing job does not stop the others."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timedelta, tzinfo
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from jobs import JOBS
from models import JobRun
from portal.chain import open_chain
from portal.db import advisory_lock, connection, query
from portal.lib.clock import utc_now
from portal.monitoring import list_job_states, prune_job_runs
from portal.monitoring.job_runs import KEPT_RUNS
from portal.runtime import Portal
from portal.schedule import Job, run_job, run_schedule
from portal.settings import Settings
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("database")
NO_CHAIN = Settings(_env_file=None)
PORTAL = Portal(NO_CHAIN, open_chain(NO_CHAIN))


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [
        record.msg
        for record in caplog.records
        if record.name == "portal.schedule" and isinstance(record.msg, dict)
    ]


def outcomes(job: str) -> list[str]:
    rows = JobRun.select().where(JobRun.job == job).order_by(JobRun.id)
    return [row.outcome for row in rows]


def test_finished_job_is_recorded_and_logs_its_id_and_duration(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[tuple[str, Any]] = []

    def look(_portal: Portal) -> None:
        run = JobRun.get(JobRun.job == "quick")
        seen.append((run.outcome, run.finished_at))

    with caplog.at_level(logging.DEBUG, logger="portal.schedule"):
        run_job(Job("quick", 7, look), PORTAL)
    (line,) = lines_of(caplog)
    assert (line["event"], line["job"], line["level"]) == ("job finished", "quick", "debug")
    assert line["duration"] >= 0
    run = JobRun.get()
    assert seen == [("running", None)], "others see that it runs, whatever it has not committed yet"
    assert (run.id, run.outcome, run.every_seconds, run.error) == (line["job_id"], "succeeded", 7, None)
    assert run.started_at <= run.finished_at
    assert run.duration_ms >= 0


def test_failed_job_logs_its_exception_once_and_records_every_run(caplog: pytest.LogCaptureFixture) -> None:
    job = Job("broken", 1, lambda portal: 1 / 0)
    for _ in range(4):
        run_job(job, PORTAL)
    (line,) = lines_of(caplog)
    assert (line["event"], line["job"], line["level"]) == ("job failed", "broken", "error")
    assert line["exc_info"]
    (state,) = list_job_states()
    assert (state.outcome, state.failures, state.succeeded_at) == ("failed", 4, None)
    assert state.error == "ZeroDivisionError: division by zero"
    caplog.clear()
    run_job(Job("broken", 1, lambda portal: None), PORTAL)
    (line,) = lines_of(caplog)
    assert (line["event"], line["failures"]) == ("job succeeds again", 4)
    (state,) = list_job_states()
    assert (state.outcome, state.failures, state.error) == ("succeeded", 0, None)


def test_error_of_any_bytes_is_recorded() -> None:
    def fail(_portal: Portal) -> None:
        raise ValueError("\x00 \ud800 " + "long " * 500)

    run_job(Job("broken", 1, fail), PORTAL)
    assert JobRun.get().error.startswith("ValueError: \ufffd \ufffd long")


def test_killed_run_is_interrupted_when_the_job_runs_next(caplog: pytest.LogCaptureFixture) -> None:
    killed = JobRun.insert(job="quick", every_seconds=1, process="elsewhere:1").execute()
    run_job(Job("quick", 1, lambda portal: None), PORTAL)
    assert outcomes("quick") == ["interrupted", "succeeded"]
    (line,) = lines_of(caplog)
    assert (line["event"], line["runs"]) == ("job was interrupted", [killed])


def test_job_running_in_another_process_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[object] = []
    with (
        connection(),
        advisory_lock("job:busy") as is_locked,
        caplog.at_level(logging.DEBUG, logger="portal.schedule"),
    ):
        assert is_locked
        assert at_once([lambda: run_job(Job("busy", 1, runs.append), PORTAL)]) == []
    assert runs == []
    assert lines_of(caplog) == []
    assert outcomes("busy") == []


def test_jobs_may_overlap() -> None:
    """A process that was paused goes on with a job that another one has begun meanwhile."""
    raised = {job.name: at_once([partial(job.run, PORTAL)] * 3) for job in JOBS}
    assert {name: errors for name, errors in raised.items() if errors} == {}


def test_jobs_go_on_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    hours_back = 0

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) - timedelta(hours=hours_back)

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Clock)
    monkeypatch.setattr(
        "portal.scheduler.time",
        SimpleNamespace(time=lambda: Clock.now().timestamp(), monotonic=time.monotonic),
    )
    ran, scheduler = (
        threading.Event(),
        run_schedule([Job("tick", 1, lambda _portal: ran.set())], Portal(NO_CHAIN, open_chain(NO_CHAIN))),
    )
    try:
        for hours_back in (0, 1, 3):
            ran.clear()
            assert ran.wait(60), hours_back
            ran.clear()
            assert ran.wait(60), hours_back
    finally:
        scheduler.shutdown()


def test_newest_runs_of_each_job_and_outcome_are_kept() -> None:
    query(
        """INSERT INTO job_runs (job, every_seconds, process, outcome, started_at, finished_at, duration_ms, error)
           SELECT job, 1, 'x:1', outcome, now() - n * age, now(), 1,
               CASE WHEN outcome = 'failed' THEN 'x' END
           FROM generate_series(%s, 1, -1) n,
               (VALUES ('often', 'succeeded', interval '1 s'), ('often', 'failed', interval '1 s'),
                       ('rare', 'succeeded', interval '1 day')) AS kinds (job, outcome, age)""",
        [KEPT_RUNS + 50],
    )
    JobRun.insert(job="often", every_seconds=1, process="x:1").execute()
    assert prune_job_runs(["often", "rare"]) == 50 + 50 + (KEPT_RUNS + 50 - 29)
    kept = dict(query("SELECT job || outcome, count(*) FROM job_runs GROUP BY 1"))
    assert kept == {
        "oftensucceeded": KEPT_RUNS,
        "oftenfailed": KEPT_RUNS,
        "oftenrunning": 1,
        "raresucceeded": 29,
    }
    assert query("SELECT max(started_at) > now() - interval '5 s' FROM job_runs WHERE outcome = 'failed'")[0][
        0
    ]


def test_runs_of_a_job_that_a_release_renamed_are_deleted_unless_one_is_going_on() -> None:
    over = {"outcome": "succeeded", "finished_at": utc_now(), "duration_ms": 1}
    for name, minutes, values in (
        ("kept", 90, {}),
        ("renamed", 90, {}),
        ("renamed", 5, over),
        ("other", 5, {}),
    ):
        started = utc_now() - timedelta(minutes=minutes)
        JobRun.insert(job=name, every_seconds=1, process="x:1", started_at=started, **values).execute()
    assert prune_job_runs(["kept"]) == 2
    assert [state.job for state in list_job_states()] == ["kept", "other"]


def test_a_portal_that_restarts_often_still_runs_every_job_and_looks_for_alerts_last() -> None:
    first = {job.name: job.first_run.total_seconds() for job in JOBS}
    latest = first.pop("watch_for_alerts")
    assert max(first.values()) <= 120
    assert latest > max(first.values()) + 60, "after a long stop every job is overdue until it has run"


def test_job_names_are_unique() -> None:
    names = [job.name for job in JOBS]
    assert len(names) == len(set(names))
