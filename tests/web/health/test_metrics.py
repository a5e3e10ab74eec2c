"""/metrics: queues with their oldest row, accounts, jobs, requests of every worker, and what it costs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from flask import Flask
from prometheus_client import values

from models import JobRun, User
from portal import counters as counters_module
from portal.chain.state import remember
from portal.counters import counted, counters, share_counters
from portal.db import query
from portal.flows.overviews.read_metrics import _OPEN_ROWS, QUEUE_LIMIT
from tests.factories import make_reward
from tests.web.conftest import MakeApp
from tests.web.visitor import Visitor

DEPLOY = Path(__file__).parents[3] / "docs" / "deploy"
NAME = re.compile(r"\bportal_[a-z_]+\b")


def samples(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if line and line[0] != "#")
    return {name: float(value) for name, _space, value in lines}


@pytest.fixture
def read(app: Flask, client: Visitor) -> Callable[[], dict[str, float]]:
    """Return a function that reads the numbers of the database again, and those of the process."""

    def read_now() -> dict[str, float]:
        app.extensions["health"].forget()
        answer = client.get("/metrics")
        assert answer.status_code == 200
        return samples(answer.text)

    return read_now


Read = Callable[[], dict[str, float]]


def test_a_queue_reports_its_rows_and_the_age_of_the_oldest(read: Read, other: User) -> None:
    before = read()
    assert {before[f'portal_queue_rows{{queue="{name}"}}'] for name in _OPEN_ROWS} == {0}
    assert {before[f'portal_queue_oldest_seconds{{queue="{name}"}}'] for name in _OPEN_ROWS} == {0}
    make_reward(other)
    query("UPDATE referral_rewards SET created_at = now() - interval '2 hours'")
    query(
        "INSERT INTO mail_outbox (to_address, locale, kind, params, created_at, expires_at) SELECT 'a@b.example', 'en',"
        " 'notice', '{}', now() - n * interval '1 minute', now() + interval '1 day' FROM generate_series(1, 5) n"
    )
    now = read()
    assert now['portal_queue_rows{queue="letters"}'] == 5
    assert 300 <= now['portal_queue_oldest_seconds{queue="letters"}'] < 900
    assert now['portal_queue_rows{queue="rewards_to_approve"}'] == 1
    assert 7200 <= now['portal_queue_oldest_seconds{queue="rewards_to_approve"}'] < 7800


def test_accounts_jobs_and_reasons_are_reported(read: Read, app: Flask) -> None:
    chain_id = app.extensions["portal"].chain.chain_id
    balance = {"operatorBalanceWei": "12000000000000000000", "daysOfGas": 9}
    remember(f"chain_watch:{chain_id}", {"code": None, **balance})
    remember("treasury_watch", {"code": None, **balance, "treasuryUnits": "2500000"})
    remember(f"mint_waiting:{chain_id}", {"code": "role_missing,paused"})
    JobRun.insert(
        job="send_letters", every_seconds=5, process="x:1", outcome="succeeded", duration_ms=1500,
        started_at="2026-01-02T00:00:00Z", finished_at="2026-01-02T00:00:01Z",
    ).execute()  # fmt: skip
    now = read()
    assert now['portal_operator_balance_wei{account="minter"}'] == 12e18
    assert now['portal_operator_gas_days{account="payouts"}'] == 9
    assert now['portal_treasury_units{account="payouts"}'] == 2_500_000
    assert 'portal_treasury_units{account="minter"}' not in now
    assert now['portal_waiting_seconds{reason="role_missing",what="minting"}'] >= 0
    assert now['portal_waiting_seconds{reason="none",what="payouts"}'] == 0
    assert now['portal_job_last_success_seconds{name="send_letters"}'] == 1767312001
    assert now['portal_job_duration_seconds{name="send_letters"}'] == 1.5
    assert now['portal_job_overdue{name="send_letters"}'] == 1


def test_requests_are_measured_by_route_and_never_by_address(read: Read, as_owner: Visitor) -> None:
    series = 'portal_requests_total{method="GET",route="/products/<slug>",status="404"}'
    before = read().get(series, 0)
    for slug in ("first-hidden", "second-hidden"):
        as_owner.get(f"/products/{slug}?token=hidden")
    as_owner.open("/nowhere/hidden", method="PURGE")
    now = read()
    assert now[series] == before + 2
    assert not [name for name in now if "hidden" in name]
    assert 'portal_requests_total{method="other",route="unmatched",status="404"}' in now


def test_every_queue_is_read_through_an_index(database: str) -> None:
    """Rows that are done must cost nothing, so no plan may read a table from end to end."""
    query("SET enable_seqscan = off")
    try:
        for name, sql in _OPEN_ROWS.items():
            plan = "\n".join(
                line for (line,) in query(f"EXPLAIN {sql.replace('%', '%%')} LIMIT {QUEUE_LIMIT}")
            )
            assert "Seq Scan" not in plan, (name, plan)
    finally:
        query("RESET enable_seqscan")


@pytest.fixture
def shared_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Share counters in a folder for the test."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr(counters_module, "_process", counters_module._Process())
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    share_counters("https://portal.example")
    return tmp_path


def test_workers_of_a_server_add_up(shared_folder: Path) -> None:
    counters().letters.labels("sent").inc(2)
    counters().count_request("GET", "/", "200", 0.3)
    for file in list(shared_folder.iterdir()):  # what a killed worker left
        (shared_folder / re.sub(r"\d+", "999999", file.name)).write_bytes(file.read_bytes())
    counters().letters.labels("sent").inc(1)
    registry = counted()
    assert registry.get_sample_value("portal_letters_total", {"outcome": "sent"}) == 5
    labels = {"method": "GET", "route": "/", "status": "200"}
    assert registry.get_sample_value("portal_requests_total", labels) == 2
    for step, count in (("0.25", 0), ("0.5", 2), ("+Inf", 2)):
        assert registry.get_sample_value("portal_request_seconds_bucket", {"route": "/", "le": step}) == count


def test_workers_keep_no_number_of_the_database(shared_folder: Path, client: Visitor) -> None:
    for _scrape in range(2):
        text = client.get("/metrics").text
        families = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
        assert len(families) == len(set(families))
        assert "pid=" not in text
    assert [file.name for file in shared_folder.iterdir() if file.name.startswith("gauge")] == []


def test_a_folder_of_someone_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path, target_is_directory=True)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(link))
    monkeypatch.setattr(counters_module, "_process", counters_module._Process())
    with pytest.raises(OSError, match="someone else"):
        share_counters("https://portal.example")
    assert counters_module._process.folder is None


@pytest.fixture
def metric_names(client: Visitor) -> set[str]:
    """Return the name of every series that /metrics has or may have."""
    kinds = re.findall(r"^# TYPE (\S+) (\S+)$", client.get("/metrics").text, re.MULTILINE)
    parts = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}
    return {name + part for name, kind in kinds for part in parts[kind]}


def expressions() -> dict[str, str]:
    """Return each expression of the alert rules and of the dashboard under its title."""
    rules = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())
    alerts = {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}
    panels = json.loads((DEPLOY / "grafana.json").read_text())["panels"]
    return alerts | {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in panels
        for target in panel.get("targets", [])
    }


def test_alerts_and_dashboard_ask_for_metrics_that_exist(metric_names: set[str]) -> None:
    asked = {title: set(NAME.findall(text)) for title, text in expressions().items()}
    assert {title: names - metric_names for title, names in asked.items() if names - metric_names} == {}
    assert sum(1 for names in asked.values() if names) > 25
    queues = {queue for text in expressions().values() for queue in re.findall(r'queue=~?"([^"]+)"', text)}
    assert {name for queue in queues for name in queue.split("|")} <= set(_OPEN_ROWS)


def test_operations_page_describes_every_metric(metric_names: set[str]) -> None:
    described = set(NAME.findall((DEPLOY.parent / "operations.md").read_text()))
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in metric_names}
    assert families - described == set()


def test_the_token_opens_the_numbers_of_the_processes_as_well(make_app: MakeApp) -> None:
    client = make_app(metrics_token="token of the scraper").test_client()
    assert "portal_" not in client.get("/metrics").text
    answer = client.get("/metrics", headers={"Authorization": "Bearer token of the scraper"})
    assert "portal_request_seconds_bucket" in answer.text
