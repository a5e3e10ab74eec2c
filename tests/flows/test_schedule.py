"""The schedule: one log line per run, and a failing job that does not stop the others."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest

from jobs import JOBS, Job, _run
from portal.db import advisory_lock, connection
from portal.runtime import Portal
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("database")
PORTAL = cast(Portal, None)


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.msg for record in caplog.records if record.name == "jobs" and isinstance(record.msg, dict)]


def test_finished_job_logs_its_name_and_duration(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="jobs"):
        _run(Job("quick", 1, lambda portal: None), PORTAL)
    (line,) = lines_of(caplog)
    assert (line["event"], line["job"], line["level"]) == ("job finished", "quick", "debug")
    assert line["duration"] >= 0


def test_failed_job_logs_its_exception(caplog: pytest.LogCaptureFixture) -> None:
    _run(Job("broken", 1, lambda portal: 1 / 0), PORTAL)
    (line,) = lines_of(caplog)
    assert (line["event"], line["job"], line["level"]) == ("job failed", "broken", "error")
    assert line["exc_info"]


def test_job_running_in_another_process_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[object] = []
    with connection(), advisory_lock("job:busy") as is_locked, caplog.at_level(logging.DEBUG, logger="jobs"):
        assert is_locked
        assert at_once([lambda: _run(Job("busy", 1, runs.append), PORTAL)]) == []
    assert runs == []
    assert lines_of(caplog) == []


def test_job_names_are_unique() -> None:
    names = [job.name for job in JOBS]
    assert len(names) == len(set(names))
