"""The page of jobs: their state in words, their runs by filter, fast whatever the number of runs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from jobs import JOBS
from models import JobRun
from portal.db import query
from portal.lib.folders import PROJECT
from portal.monitoring import JOB_STATES, JobRunFilter, list_job_run_ledger
from portal.monitoring.rules import overdue_after
from portal.web.text.jobs import _texts, duration_words, job_words
from tests.web.exports.ledger_files import export_rows
from tests.web.pages import text_of
from tests.web.visitor import Visitor


def run(job: str, outcome: str, *, minutes: int = 0, every: int = 60, error: str | None = None) -> None:
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    is_over = outcome != "running"
    JobRun.insert(
        job=job, every_seconds=every, process="web-1:17", outcome=outcome, started_at=at, error=error,
        finished_at=at if is_over else None, duration_ms=1234 if is_over else None,
    ).execute()  # fmt: skip


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_page_shows_the_state_of_each_job(as_admin: Visitor, database: str, locale: str) -> None:
    run("send_letters", "succeeded", minutes=8)
    run("send_letters", "failed", error="MailRefused: <b>no</b>")
    run("mint_rewards", "succeeded", minutes=11, every=3)
    run("mint_rewards", "running")
    run("from_a_later_version", "succeeded")
    page = as_admin.get(f"/{locale}/admin/jobs")
    text = text_of(page)
    for part in ("MailRefused: <b>no</b>", "From a later version", "web-1:17"):
        assert part in text, part
    assert "<b>no</b>" not in page.text
    states = {name: page.text.split(f'id="job-{name}"')[1].split("data-status=")[1][1:8] for name in
              ("send_letters", "mint_rewards", "from_a_later_version")}  # fmt: skip
    assert states == {"send_letters": 'failed"', "mint_rewards": "overdue", "from_a_later_version": "succeed"}


def test_filters_find_runs(as_admin: Visitor, database: str) -> None:
    for outcome in ("succeeded", "interrupted", "running"):
        run("send_letters", outcome)
    run("ask_stores", "failed", error="x")
    counts = {"": 4, "job=send_letters": 3, "outcome=failed": 1, "job=send_letters&outcome=running": 1,
              "job=nothing": 0, "since=2020-01-01&until=2020-01-02": 0, "since=2020-01-01": 4,
              "since=soon": 4, "outcome=unknown": 4}  # fmt: skip
    found = {name: as_admin.get(f"/admin/jobs?{name}").text.count('<tr id="run-') for name in counts}
    assert found == counts
    assert '<a href="#since">' in as_admin.get("/admin/jobs?since=soon").text
    (row,) = export_rows(as_admin, "job-runs", "?job=ask_stores")
    assert (row["outcome"], row["error"], row["duration_ms"]) == ("failed", "x", "1234")


def test_only_admins_see_jobs(as_owner: Visitor, client: Visitor) -> None:
    assert as_owner.get("/admin/jobs").status_code == 403
    assert client.get("/admin/jobs").status_code == 303


def test_every_job_has_words(app: Flask) -> None:
    with app.test_request_context():
        assert [job.name for job in JOBS if job.name not in _texts()] == []
        assert job_words("from_a_later_version") == "From a later version"
        assert [duration_words(value) for value in (None, 0, 4, 5, 1234, 61_000)] == [
            "—", "0 s", "0 s", "0.01 s", "1.23 s", "61 s",
        ]  # fmt: skip


def test_events_by_jobs_name_a_job() -> None:
    sources = [PROJECT / "jobs.py", *(PROJECT / "portal").rglob("*.py")]
    named = {name for path in sources for name in re.findall(r'Actor\.job\("(\w+)"\)', path.read_text())}
    assert "mint_rewards" in named
    assert sorted(named - {job.name for job in JOBS}) == []


def test_a_job_is_overdue_after_missed_runs_and_never_at_once() -> None:
    assert overdue_after(3) == timedelta(minutes=10)
    assert overdue_after(3600) == timedelta(hours=5)


FILTERS = (
    JobRunFilter(), JobRunFilter(job="job7"), JobRunFilter(outcome="failed"), JobRunFilter("job7", "failed"),
)  # fmt: skip


def test_lists_and_states_read_through_indexes(database: str) -> None:
    query(
        """INSERT INTO job_runs (job, every_seconds, process, outcome, finished_at, duration_ms, error)
           SELECT 'job' || n %% 26, 5, 'x:1', CASE WHEN n %% 5000 = 7 THEN 'failed' ELSE 'succeeded' END, now(), 1,
               CASE WHEN n %% 5000 = 7 THEN 'x' END
           FROM generate_series(1, 40000) n"""
    )
    query("ANALYZE job_runs")
    plans = {"states": "\n".join(line for (line,) in query(f"EXPLAIN {JOB_STATES}"))}
    for filters in FILTERS:
        rows = list_job_run_ledger(filters)._rows.order_by(JobRun.id.desc()).limit(26)
        sql, values = rows.sql()
        plans[str(filters)] = "\n".join(line for (line,) in query(f"EXPLAIN {sql}", values))
    assert {name: plan for name, plan in plans.items() if "Seq Scan" in plan} == {}
