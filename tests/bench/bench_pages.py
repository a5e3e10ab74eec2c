"""Process time, statements and bytes of pages over thousands of rows in every ledger.

`python -m tests.bench.bench_pages`. The time is a multiple of that of a bare Flask view that returns two words, both in
the test client of one process and in turns; the medians of the rounds are printed last.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from models import User
from portal.app import create_app
from portal.db import connection, query
from portal.settings import load_settings
from tests.bench.databases import durable_database, load_line
from tests.scale.ledgers import fill_every_ledger
from tests.scale.plans import recorded_statements
from tests.web.visitor import Visitor

ROUNDS, BARE, CALLS = 7, 60, 4
ACCOUNTS = {
    "admin": "admin@demo.example",
    "referrer": "referrer1@example.com",
    "buyer": "s1unpaid@example.com",
    "vendor": "saver1@example.com",
}
PAGES = {
    "admin": [
        "/admin/refcodes", "/admin/refcodes?status=minted", "/admin/orders/s1minted",
        "/admin/audit?orderReference={reference}",
        "/admin/events", "/admin/orders", "/admin/journal", "/admin/people", "/admin/referrers", "/admin",
        "/admin/store/commissions", "/admin/store/commissions/batches", "/admin/jobs",
    ],
    "referrer": ["/refcodes"],
    "vendor": ["/vendor/orders", "/vendor/earnings"],
    "buyer": ["/orders", "/account/wallets"],
    "visitor": ["/", "/login"],
}  # fmt: skip


def open_browsers(app: Flask) -> dict[str, FlaskClient]:
    """Return a browser for each role; the vendor of the first shop gets an owner."""
    query("UPDATE users SET role = 'vendor' WHERE email = %s", [ACCOUNTS["vendor"]])
    query(
        "UPDATE vendors SET user_id = (SELECT id FROM users WHERE email = %s)"
        " WHERE id = (SELECT min(id) FROM vendors WHERE name = 'Vendor 1')",
        [ACCOUNTS["vendor"]],
    )
    browsers: dict[str, FlaskClient] = {"visitor": app.test_client()}
    for role, email in ACCOUNTS.items():
        browsers[role] = app.test_client()
        Visitor.sign_in_as(browsers[role], User.get(User.email == email))  # type: ignore[arg-type]
    return browsers


def processor_time(work: Callable[[], object], calls: int) -> float:
    """Return the milliseconds of process time of one call."""
    started = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - started) / calls * 1000


def measure(browser: FlaskClient, bare: FlaskClient, path: str) -> str:
    """Return a line about a page; its first call compiles templates and is not measured."""
    browser.get(path)
    with recorded_statements() as statements:
        answer = browser.get(path)
    assert answer.status_code == 200, path
    times = [
        (processor_time(lambda: bare.get("/"), BARE), processor_time(lambda: browser.get(path), CALLS))
        for _ in range(ROUNDS)
    ]
    ratio = statistics.median(page / view for view, page in times)
    page = statistics.median(page for _view, page in times)
    kilobytes = len(answer.data) / 1024
    return f"{path}: {ratio:.0f}x, {page:.1f} ms, {len(statements)} statements, {kilobytes:.0f} KB"


def main() -> None:
    view = Flask("bare")
    view.add_url_rule("/", view_func=lambda: "two words")
    with durable_database() as url:
        fill_every_ledger(url, crowds=False)
        app = create_app(load_settings(_env_file=None, database_url=url, access_log=False, log_level="error"))
        with connection():
            browsers = open_browsers(app)
            reference = query("SELECT order_reference FROM orders WHERE id = 's1minted'")[0][0]
        lines = [
            measure(browsers[role], view.test_client(), path.format(reference=reference))
            for role, paths in PAGES.items()
            for path in paths
        ]
    print(load_line())
    print("\n".join(lines))


if __name__ == "__main__":
    main()
