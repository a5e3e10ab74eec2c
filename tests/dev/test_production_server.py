"""The documented server: it stops in time while jobs run, replaces a killed worker, and reloads; the roles."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psycopg2

from tests.support.hanging import hanging_server
from tests.support.load import load
from tests.support.production import ProductionPortal, production_portal

_STOP_SECONDS = 20
TOKEN = "the scraper of the production tests"


def test_stop_does_not_wait_for_a_job_that_hangs(tmp_path: Path, database_url: str) -> None:
    with (
        hanging_server() as node,
        production_portal(
            tmp_path,
            database_url,
            WORKERS="2",
            POLYGON_RPC_URL=f"http://127.0.0.1:{node.port}",
            REFERRAL_REWARDS_ADDRESS=f"0x{'1' * 40}",
        ) as portal,
    ):
        assert wait_until(lambda: len(node.connections) > 0), "a job waits for the node"
        began = time.monotonic()
        portal.process.send_signal(signal.SIGTERM)
        portal.process.wait(60)
        assert time.monotonic() - began < _STOP_SECONDS
        assert not children_of(portal.process.pid)
        assert "Traceback" not in portal.log.read_text()


def test_killed_worker_is_replaced_while_the_other_answers(tmp_path: Path, database_url: str) -> None:
    with production_portal(tmp_path, database_url, WORKERS="2") as portal:
        assert wait_until(lambda: portal.log.read_text().count('"worker ready"') == 2)
        before = workers_of(portal)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        assert wait_until(lambda: answers(portal))
        assert wait_until(lambda: len(set(workers_of(portal)) - {before[0]}) == 2)
        assert portal.process.poll() is None
        assert all(answers(portal) for _ in range(20))
        assert (
            "There is no admin yet: run `flask --app wsgi user create EMAIL --admin`."
            in portal.log.read_text()
        )


def test_reload_of_a_portal_loses_no_request(tmp_path: Path, database_url: str) -> None:
    with production_portal(tmp_path, database_url) as portal:
        before = workers_of(portal)
        with load(portal.port, threads=4, path="/healthz") as seen:
            portal.process.send_signal(signal.SIGHUP)
            assert wait_until(lambda: bool(workers_of(portal)) and not set(workers_of(portal)) & set(before))
        assert seen.answers > 10
        assert not seen.failures


def test_web_needs_no_key_and_jobs_answer_health_checks_only(tmp_path: Path, database_url: str) -> None:
    chain = {"POLYGON_RPC_URL": "http://127.0.0.1:1", "REFERRAL_REWARDS_ADDRESS": f"0x{'1' * 40}"}
    chain["METRICS_TOKEN"] = TOKEN
    key = {"REFERRAL_MINTER_PRIVATE_KEY": f"0x{secrets.token_hex(32)}"}
    with (
        production_portal(tmp_path / "web", database_url, ROLE="web", **chain) as web,
        production_portal(tmp_path / "jobs", database_url, ROLE="jobs", **chain, **key) as jobs,
    ):
        assert [status(web, path) for path in ("/healthz", "/login", "/readyz")] == [200, 200, 200]
        assert [status(jobs, path) for path in ("/healthz", "/login", "/readyz")] == [200, 404, 200]
        assert (scheduler(web), scheduler(jobs)) == ("off", "ok")
        assert len(workers_of(jobs)) == 1
        assert "send_letters" in jobs_wanted_by(web, database_url)


def jobs_wanted_by(web: ProductionPortal, database_url: str) -> set[str]:
    """Ask for a reset link as a visitor and return the jobs that the process of the schedule is told to run."""
    cookies = urllib.request.HTTPCookieProcessor()
    visitor = urllib.request.build_opener(urllib.request.HTTPSHandler(context=web.tls), cookies)
    page = visitor.open(f"{web.url}/password/forgot", timeout=30).read().decode()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    form = urllib.parse.urlencode({"email": "nobody@demo.example", "csrf_token": token[1]}).encode()
    with contextlib.closing(psycopg2.connect(database_url)) as session:
        session.autocommit = True
        session.cursor().execute("LISTEN ring_portal_jobs")
        visitor.open(
            urllib.request.Request(f"{web.url}/password/forgot", form, {"Referer": web.url}), timeout=30
        )
        assert wait_until(lambda: session.poll() or bool(session.notifies))
        return {notice.payload for notice in session.notifies}


def status(portal: ProductionPortal, path: str) -> int:
    try:
        with urllib.request.urlopen(portal.url + path, timeout=30, context=portal.tls) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def scheduler(portal: ProductionPortal) -> str:
    request = urllib.request.Request(f"{portal.url}/readyz", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=30, context=portal.tls) as answer:
        return str(json.load(answer)["scheduler"])


def workers_of(portal: ProductionPortal) -> list[int]:
    return children_of(portal.process.pid)


def children_of(parent: int) -> list[int]:
    children = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent and fields[0] != "Z":
                children.append(int(folder.name))
    return children


def answers(portal: ProductionPortal) -> bool:
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"{portal.url}/healthz", timeout=5, context=portal.tls) as answer,
    ):
        return bool(answer.status == 200)
    return False


def wait_until(is_true: Callable[[], bool], seconds: float = 40) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_true():
            return True
        time.sleep(0.1)
    return False


def test_every_line_of_the_log_is_json(tmp_path: Path, database_url: str) -> None:
    """The lines of the server and its workers, of requests, of jobs, and of an id that the proxy gave."""
    with production_portal(tmp_path, database_url, WORKERS="2", LOG_LEVEL="debug") as portal:
        request = urllib.request.Request(
            f"{portal.url}/login?token=typed-by-a-visitor", headers={"X-Request-ID": "from-the-proxy"}
        )
        with urllib.request.urlopen(request, timeout=20, context=portal.tls) as answer:
            request_id = answer.headers["X-Request-ID"]
        assert wait_until(lambda: '"job finished"' in portal.log.read_text())
        portal.process.send_signal(signal.SIGTERM)
        portal.process.wait(60)
    lines = [json.loads(line) for line in portal.log.read_text().splitlines()]
    assert all({"event", "level", "logger", "timestamp"} <= line.keys() for line in lines)
    assert "portal.serving.supervisor" in {line["logger"] for line in lines}
    (line,) = [line for line in lines if line["event"] == "request" and line["route"] == "/login"]
    assert (line["request_id"], line["status"]) == (request_id, 200)
    assert "typed-by-a-visitor" not in portal.log.read_text()
    finished = [line for line in lines if line["event"] == "job finished"]
    assert all(line["job_id"] > 0 and line["job"] for line in finished)


def test_any_worker_reports_the_requests_of_all(tmp_path: Path, database_url: str) -> None:
    series = r'requests_total\{method="GET",route="/login",status="200"\} (\S+)'
    with production_portal(tmp_path, database_url, WORKERS="2", METRICS_TOKEN=TOKEN) as portal:

        def counted() -> float | None:
            request = urllib.request.Request(
                f"{portal.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
            )
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(request, timeout=20, context=portal.tls) as answer,
            ):
                found = re.search(series, answer.read().decode())
                return float(found[1]) if found else 0
            return None

        for _ in range(20):
            urllib.request.urlopen(f"{portal.url}/login", timeout=20, context=portal.tls).close()
        assert {counted() for _ in range(8)} == {20}
        os.kill(workers_of(portal)[0], signal.SIGKILL)
        # A request that the killed worker had accepted gets no answer.
        assert wait_until(lambda: counted() == 20), "what a killed worker counted stays"
