"""Pages and jobs read no ledger from end to end; a page issues few statements and has few bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from flask import Flask

from jobs import JOBS
from models import User
from portal.commissions import sum_due
from portal.commissions.totals import list_due_balances
from portal.db import bind_database, connection, query
from portal.settings import Settings
from tests.scale import crowds
from tests.scale.plans import LARGE_ROWS, find_long_reads, find_scans, recorded_statements
from tests.support.apps import SharedApps
from tests.support.databases import close_database
from tests.support.pages import PAGES
from tests.support.paid_events import PaidEvents
from tests.web.conftest import _SETTINGS
from tests.web.conftest import shared_apps as shared_apps

_AT_MIDNIGHT = """
SET LOCAL session_replication_role = replica;
UPDATE settlements SET status = 'pending', scheduled_for = date_trunc('hour', now(), 'UTC') WHERE id IN
    (SELECT id FROM settlements WHERE kind = 'sale' AND collected_by = 'platform' LIMIT 500);
ANALYZE settlements;
"""
EMAILS = {
    "buyer": "s1unpaid@example.com",
    "referrer": "referrer1@example.com",
    "vendor": "saver1@example.com",
    "admin": "admin@demo.example",
}
# Parts of statements that still read a whole ledger, with what would end it. Nothing may be added without a reason.
KNOWN = {
    "r.status = 'pending_approval' AND (c.counted_at": "reads the rewards that wait for an admin, and no others",
    "SELECT count(*), coalesce(sum(wei), 0) FROM (": "adds up one day, and the copies are of few days",
    "strpos(": "searches a part of a name among all people",
    "FROM payouts WHERE status = 'processing' GROUP BY": "reads the payouts that are under way",
    "SELECT d.id FROM webhook_deliveries d": "reads a page of deliveries of each endpoint of the store",
    "IN (" + "%s, " * 20: "reads the orders of an account with many shops from the newest on",
    "SELECT 'callbacks', count(*), greatest(0": "counts at most 10,000 rows of each queue, 100,000 of callbacks",
}
STATEMENTS = 15
# The page that admins work on most.
FEWER_STATEMENTS = {"/admin/refcodes": 12}
BYTES = 61_440
LEDGERS = {
    "orders", "order_items", "payment_transactions", "payment_events", "settlements", "erp_sales_assists",
    "referral_rewards", "event_log", "journal_transfers", "notifications", "mail_outbox", "store_events",
    "webhook_events", "webhook_deliveries", "stock_movements", "visit_daily", "refcodes", "users",
}  # fmt: skip


@pytest.fixture(scope="module")
def app(large_database: str, shared_apps: SharedApps) -> Iterator[Flask]:
    yield shared_apps.take(Settings(_env_file=None, **{**_SETTINGS, "database_url": large_database}))
    close_database()


@pytest.fixture(scope="module")
def names(large_database: str) -> dict[str, str]:
    """Return the names in the addresses of pages, and give the vendor of the first shop an owner."""
    bind_database(large_database)
    with connection():
        query("UPDATE users SET role = 'vendor' WHERE email = %s", [EMAILS["vendor"]])
        first = _one("SELECT min(id) FROM vendors WHERE name = 'Vendor 1'")
        query("UPDATE vendors SET user_id = %s WHERE id = %s",
              [_one(f"SELECT id FROM users WHERE email = '{EMAILS['vendor']}'"), first])  # fmt: skip
        return {
            "own_order": crowds.ORDER,
            "own_reference": crowds.REFERENCE,
            "order": crowds.ORDER,
            "reference": crowds.REFERENCE,
            "refunded_reference": _one("SELECT order_reference FROM orders WHERE id = 's1minted'"),
            "store_reference": "#1",
            "cancelled_order": "s1rejected",
            "reward_id": _one("SELECT id FROM referral_rewards WHERE order_id = 's1minted'"),
            "code": "CODE0001",
            "vendor_id": first,
            "buyer_id": _one("SELECT id FROM users WHERE email = 's1minted@example.com'"),
            "referrer_id": _one("SELECT id FROM users WHERE email = 'referrer1@example.com'"),
            "buyer_email": "s1minted@example.com",
            "store": str(crowds.STORE),
            "own_store": str(crowds.STORE),
            "settlement_id": _one("SELECT min(id) FROM settlements"),
            "batch_id": str(crowds.BATCH),
            "statement_id": str(crowds.STATEMENT),
            "job_id": str(crowds.JOB),
            "terms_id": str(crowds.TERMS),
            "admin_import_id": str(crowds.IMPORT),
            "vendor_import_id": str(crowds.IMPORT),
            "callback_id": _one("SELECT min(id) FROM payment_events"),
            "payment_hash": "0x" + "1" * 64,
            "unpaid_hash": "0x" + "2" * 64,
        }


def _one(sql: str) -> str:
    return str(query(sql)[0][0])


def addresses(role: str, names: dict[str, str]) -> list[str]:
    """Return the addresses of a role whose names exist here; the mailbox of development shows other letters."""
    found = []
    for paths in PAGES[role].values():
        for path in paths:
            wanted = {part.partition("}")[0] for part in path.split("{")[1:]}
            if wanted <= names.keys() and not path.startswith("/dev/"):
                found.append(path.format(**names))
    return found


def unexplained(where: str, scans: dict[str, str]) -> list[str]:
    """Return a line for each scan that is not known."""
    return [
        f"{where}: {found}: {sql}" for sql, found in scans.items() if not any(part in sql for part in KNOWN)
    ]


def test_ledgers_are_large(large_database: str) -> None:
    with closing(psycopg2.connect(large_database)) as session, session.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= %s", [LARGE_ROWS])
        assert {name for (name,) in cursor.fetchall()} >= LEDGERS


@pytest.mark.slow
@pytest.mark.parametrize("role", PAGES)
def test_pages_read_no_ledger_from_end_to_end(
    app: Flask, large_database: str, names: dict[str, str], role: str
) -> None:
    bind_database(large_database)
    client: Any = app.test_client()
    if role in EMAILS:
        with connection():
            client.sign_in_as(User.get(User.email == EMAILS[role]))
    slow: list[str] = []
    many, long = {}, {}
    for path in addresses(role, names):
        client.get(path)
        with recorded_statements() as statements:
            response = client.get(path)
        assert response.status_code < 500, path
        slow += unexplained(path, find_scans(large_database, statements))
        slow += unexplained(path, find_long_reads(large_database, statements))
        page = path.partition("?")[0]
        if len(statements) > FEWER_STATEMENTS.get(page, STATEMENTS):
            many[page] = len(statements)
        if len(response.data) > BYTES:
            long[path] = len(response.data)
    assert (slow, many, long) == ([], {}, {}), "\n".join(slow)


@pytest.mark.slow
def test_jobs_read_no_ledger_from_end_to_end(app: Flask, large_database: str) -> None:
    bind_database(large_database)
    portal = app.extensions["portal"]
    slow: list[str] = []
    for job in JOBS:
        # The invariants compare whole ledgers, every ten minutes, on purpose.
        if job.name == "check_invariants":
            continue
        with connection(), recorded_statements() as statements:
            job.run(portal)
        slow += unexplained(job.name, find_scans(large_database, statements))
    assert not slow, "\n".join(slow)


@pytest.mark.slow
def test_what_is_due_since_the_hour_began_is_not_read_by_rows(large_database: str) -> None:
    bind_database(large_database)
    with connection(), recorded_statements() as statements:
        sum_due()
        list_due_balances()
    long = find_long_reads(large_database, statements, most_rows=0, given=_AT_MIDNIGHT)
    assert not [sql for sql, found in long.items() if "'settlements'" in found]


@pytest.mark.slow
def test_paid_events_read_no_ledger_from_end_to_end(large_database: str) -> None:
    bind_database(large_database)
    with connection():
        events = PaidEvents(seed=3)
        with recorded_statements() as statements:
            events.play(20)
            events.in_groups = True
            events.climb()
    slow = unexplained("paid event", find_scans(large_database, statements))
    assert not slow, "\n".join(slow)


@pytest.mark.slow
def test_a_scan_is_found(large_database: str) -> None:
    bound = ("SELECT * FROM orders WHERE id = %s", ["s1minted"])
    newest = ("SELECT * FROM orders ORDER BY created_at, id LIMIT 50", None)
    scan = ("SELECT * FROM orders WHERE total_minor = %s", [7])
    whole_index = ("SELECT count(*) FROM orders WHERE status <> 'x'", None)
    long = ("SELECT sum(total_minor) FROM (SELECT * FROM orders LIMIT 3000) AS part", None)
    together = (f"SELECT 1;\n{scan[0]} FOR UPDATE;\nSELECT 2", scan[1])
    found = find_scans(large_database, [bound, newest, scan, whole_index, together])
    assert set(found) == {scan[0], f"{scan[0]} FOR UPDATE", whole_index[0]}
    read = find_long_reads(large_database, [bound, newest, long, scan])
    assert set(read) == {long[0], scan[0]}
