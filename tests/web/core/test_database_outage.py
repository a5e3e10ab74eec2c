"""A database that goes away costs one log line and a count, whatever notices it: pages, API, beacon, health, jobs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from itertools import islice

import psycopg2
import pytest
from flask import Flask

from jobs import JOBS
from models import User
from portal.db import connection, outage, query, report_outage
from portal.db.connection import current_url
from portal.schedule import run_job
from tests.factories import make_vendor
from tests.support.databases import WorkerDatabase
from tests.web.conftest import lose_database, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

PATHS = ("/", "/uk/cart", "/login", "/orders", "/metrics", "/readyz", "/api/store/products", "/api/refcodes")


class Records(logging.Handler):
    """Every record from warnings on."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def events(self) -> list[str]:
        return [
            str(record.msg["event"]) if isinstance(record.msg, dict) else record.getMessage()
            for record in self.records
        ]


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Records]:
    """Yield the records of a process that has seen no outage yet."""
    for outage_log in (outage._database, outage._statements):
        monkeypatch.setattr(outage_log, "_failures", 0)
    handler = Records()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_an_outage_is_two_lines(
    app: Flask, owner: User, bound_database: WorkerDatabase, logged: Records
) -> None:
    guest, person = visitor(app), visitor(app, owner)
    lose_database()
    for _ in range(12):
        for path in PATHS:
            for client in (guest, person):
                assert client.get(path).status_code in (200, 303, 401, 503), path
        assert person.post("/api/refcodes/track", json={"code": "ABCDEFGH"}).status_code == 503
    for _ in range(3):
        for job in JOBS:
            run_job(job, app.extensions["portal"])
    assert logged.events() == ["database unavailable"]
    bound_database.rebind()
    deadline = time.monotonic() + 10
    while len(logged.events()) < 2 and time.monotonic() < deadline:
        assert guest.get("/").status_code == 200
    line = logged.records[-1].msg
    assert isinstance(line, dict)
    assert line["event"] == "database available again"
    assert line["failures"] >= 12 * (len(PATHS) - 1) + 3 * len(JOBS)
    assert not any(record.exc_info or "exc_info" in str(record.msg) for record in logged.records)


def test_an_answer_during_an_outage_says_when_to_try_again(app: Flask) -> None:
    lose_database()
    for path in ("/", "/api/store/products", "/metrics"):
        answer = visitor(app).get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), path


@pytest.mark.parametrize("lost_at", ["statement", "commit"])
def test_a_change_whose_commit_got_no_answer_is_not_called_unchanged(
    as_admin: Visitor, bound_database: WorkerDatabase, lost_at: str
) -> None:
    vendor = make_vendor()
    when = "DEFERRABLE INITIALLY DEFERRED" if lost_at == "commit" else ""
    query(
        f"""CREATE FUNCTION lose_connection() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER lose_connection AFTER UPDATE ON vendors {when}
            FOR EACH ROW EXECUTE FUNCTION lose_connection()"""
    )
    url = f"/admin/vendors/{vendor.id}/active"
    try:
        page = as_admin.submit(url, {"active": "0"})
        code = as_admin.get("/admin/vendors")
    finally:
        with connection():
            query("DROP FUNCTION lose_connection CASCADE")
    assert (page.status_code, code.status_code) == (503, 200)
    assert "Check whether your change was saved" in text_of(page)
    assert "Nothing was changed" not in text_of(page)


@pytest.mark.parametrize("failure", ["disk_full", "read_only_sql_transaction"])
def test_a_database_that_writes_nothing_is_answered_503(
    as_admin: Visitor, bound_database: WorkerDatabase, failure: str, logged: Records
) -> None:
    vendor = make_vendor()
    query(
        f"""CREATE FUNCTION write_nothing() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{failure}'; END $$;
        CREATE TRIGGER write_nothing BEFORE UPDATE ON vendors EXECUTE FUNCTION write_nothing()"""
    )
    try:
        page = as_admin.submit(f"/admin/vendors/{vendor.id}/active", {"active": "0"})
    finally:
        with connection():
            query("DROP FUNCTION write_nothing CASCADE")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "Nothing was changed" in text_of(page)
    assert logged.events() == ["database unavailable"]


def test_a_pool_in_full_use_is_answered_503(app: Flask, bound_database: WorkerDatabase) -> None:
    taken = [bound_database._pool._connect() for _ in range(20)]
    bound_database._pool._wait_timeout, before = 0.2, bound_database._pool._wait_timeout
    try:
        answer = visitor(app).get("/")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert visitor(app).get("/healthz").status_code == 200
    finally:
        bound_database._pool._wait_timeout = before
        for raw in taken:
            bound_database._pool._close(raw)
    assert visitor(app).get("/").status_code == 200


def test_cancelled_statements_are_no_outage(database: str, logged: Records) -> None:
    with connection():
        for _ in range(3):
            with pytest.raises(Exception, match="statement timeout") as raised:
                query("SET statement_timeout = 1; SELECT pg_sleep(1)")
            query("RESET statement_timeout")
            assert report_outage(raised.value)
    assert logged.events() == ["database statement cancelled"]


def test_other_errors_are_not_taken_for_an_outage(logged: Records) -> None:
    for error in (ValueError(), psycopg2.ProgrammingError(), psycopg2.IntegrityError()):
        assert not report_outage(error)
    assert list(islice(logged.events(), 1)) == []


def test_sessions_have_their_settings_without_startup_parameters(database: str) -> None:
    assert "options" not in current_url()
    with connection():
        assert query("SHOW lock_timeout") == [("15s",)]
        assert query("SHOW idle_in_transaction_session_timeout") == [("1min",)]
        assert query("SHOW timezone") == [("UTC",)]
