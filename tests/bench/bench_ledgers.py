"""Lists, totals, metrics, the trial balance, files and jobs of ledgers with a million rows in each, against a thousand.

`python -m tests.bench.bench_ledgers [--rows 1000000]`. Each round reads the short ledgers and then the long ones; the
ratios of the processor time of Python and PostgreSQL, medians over the rounds, are printed last. The growth of the
process is printed with the files.
"""

from __future__ import annotations

import argparse
import html
import re
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask

from jobs import JOBS
from models import Export, Refcode, User
from portal.app import create_app
from portal.codes import fold_code_results
from portal.commissions import fold_settlement_totals
from portal.db import Actor, bind_database, connection, query
from portal.flows.overviews.count_days import count_days
from portal.journal import fold_journal_balances
from portal.orders import fold_code_orders
from portal.rewards import fold_reward_totals
from portal.settings import load_settings
from tests.bench.databases import durable_databases, load_line, processor_ms
from tests.bench.ledgers import QUICK_FILL, fill_ledgers
from tests.factories import make_visits
from tests.support.databases import close_database
from tests.web.conftest import visitor
from tests.web.visitor import Visitor

FEW, ROUNDS = 1_000, 5
# A code keeps a row for each of so many days; as many visits as orders.
DAYS = 56
_TOKEN = "token of the bench"
PAGES = {
    "Admin": [
        "/admin", "/admin/orders", "/admin/refcodes", "/admin/refcodes?status=minted",
        "/admin/store/commissions", "/admin/store/commissions/batches",
        "/admin/statements", "/admin/journal", "/admin/events", "/admin/people", "/admin/referrers",
        "/admin/payments/inbox", "/admin/ledgers", "/metrics", "/readyz",
    ],
    "Vendor": ["/vendor/orders", "/vendor/earnings"],
    "Referrer 0": ["/refcodes"],
    "Buyer 1": ["/orders"],
}  # fmt: skip
DEEP, DEPTH = "/admin/refcodes?status=minted", 11
# These pay, send and approve what waits, so their time is that of the work; generated rows break the books.
LEFT_OUT = {
    "pay_settlements", "prepare_exports", "send_letters", "mint_rewards", "approve_waiting_rewards", "check_invariants",
}  # fmt: skip
FILES = {
    "Admin": [
        "/admin/orders", "/admin/ledgers/rewards", "/admin/refcodes", "/admin/store/commissions", "/admin/journal",
        "/admin/events", "/admin/ledgers/payments", "/admin/ledgers/callbacks", "/admin/ledgers/credit-entries",
        "/admin/ledgers/sales-assists",
    ],
    "Vendor": ["/vendor/earnings"],
    "Referrer 0": ["/refcodes"],
}  # fmt: skip


@dataclass
class Portal:
    """A portal on one of the databases, and the browsers of the people in it."""

    url: str
    app: Flask
    browsers: dict[str, Visitor]
    deep_page: str

    @contextmanager
    def bound(self) -> Iterator[None]:
        bind_database(self.url)
        with connection():
            yield
        close_database()


def open_portal(url: str, rows: int) -> Portal:
    started = time.perf_counter()
    fill_ledgers(url, rows)
    quiet = {"access_log": False, "log_level": "error", "metrics_token": _TOKEN}
    settings = load_settings(
        _env_file=None, database_url=url, rate_limit_exports="100000 per minute", **quiet
    )
    app = create_app(settings)
    app.test_client_class = Visitor
    with connection():
        for fold in (
            fold_reward_totals,
            fold_code_orders,
            fold_code_results,
            fold_settlement_totals,
            fold_journal_balances,
            count_days,
        ):
            fold()
        make_visits(Refcode.get(Refcode.code == "BENCH000000"), dict.fromkeys(range(DAYS), rows // DAYS))
        # As autovacuum does within a minute: the filling left a difference of each order to fold.
        query("VACUUM ANALYZE")
        browsers = {name: visitor(app, User.get(User.name == name)) for name in PAGES}
        deep_page = find_deep_page(browsers["Admin"])
    close_database()
    print(f"{rows:,} rows in each ledger, filled in {time.perf_counter() - started:.0f} s", flush=True)
    return Portal(url, app, browsers, deep_page)


def find_deep_page(browser: Visitor) -> str:
    """Follow the links to the next page and return the path of the last one."""
    path = DEEP
    for _ in range(DEPTH - 1):
        (link,) = re.findall(r'rel="next" href="([^"]+)"', browser.get(path).text)
        path = html.unescape(link)
    return path


def read_page(browser: Visitor, path: str) -> float:
    """Return the milliseconds of processor time of a whole page, the second time."""
    headers = {"Authorization": f"Bearer {_TOKEN}"}
    assert browser.get(path, headers=headers).status_code == 200, path
    started = processor_ms()
    browser.get(path, headers=headers)
    return processor_ms() - started


def read_first_bytes(browser: Visitor, path: str) -> float:
    """Return the milliseconds of processor time to the first bytes of a CSV file."""
    started = processor_ms()
    answer = browser.get(f"{path}.csv", buffered=False)
    next(iter(answer.response))
    taken = processor_ms() - started
    assert answer.status_code == 200, path
    answer.close()
    return taken


def compare(portals: list[Portal]) -> dict[str, list[list[float]]]:
    """Return the times of every page and file, one list for each portal."""
    times: dict[str, list[list[float]]] = {}
    for _ in range(ROUNDS):
        for place, portal in enumerate(portals):
            with portal.bound():
                for name, taken in measure(portal):
                    times.setdefault(name, [[] for _ in portals])[place].append(taken)
    return times


def measure(portal: Portal) -> Iterator[tuple[str, float]]:
    """Yield the name and the milliseconds of every page, and of the first bytes of every file."""
    for who, paths in PAGES.items():
        yield from ((path, read_page(portal.browsers[who], path)) for path in paths)
    yield f"{DEEP}, page {DEPTH}", read_page(portal.browsers["Admin"], portal.deep_page)
    for who, paths in FILES.items():
        yield from (
            (f"{path}.csv, first bytes", read_first_bytes(portal.browsers[who], path)) for path in paths
        )


def compare_jobs(portals: list[Portal]) -> list[str]:
    """Return the time of every job of the database, the second time, on both."""
    taken: dict[str, list[float]] = {}
    for portal in portals:
        with portal.bound():
            for job in (job for job in JOBS if job.name not in LEFT_OUT):
                job.run(portal.app.extensions["portal"])
                started = time.perf_counter()
                job.run(portal.app.extensions["portal"])
                taken.setdefault(job.name, []).append((time.perf_counter() - started) * 1000)
    return [f"job {name}: {few:.1f} ms, {many:.1f} ms" for name, (few, many) in taken.items()]


def measure_memory(portal: Portal) -> list[str]:
    """Return what a whole CSV file and a workbook of a job need, for the longest ledger they can have."""
    browser = portal.browsers["Admin"]
    with portal.bound():
        rows = min(int(query("SELECT count(*) FROM credit_entries")[0][0]), 200_000)
        newest = query("SELECT max(created_at)::date FROM credit_entries")[0][0]
        lines = [
            _watched(
                f"CSV of {rows:,} rows", lambda: _read(browser, "/admin/ledgers/credit-entries.csv", rows)
            )
        ]
        browser.submit(f"/exports/new/credit-entries.xlsx?since={newest}")
        prepare = portal.app.extensions["portal"].prepare_exports
        export = Export.get()

        def work() -> None:
            prepare(Actor.job("bench"), lambda: Export.get_by_id(export.id).done > rows)

        lines.append(_watched("workbook by the job, 30 s at most", work))
        written = Export.get_by_id(export.id)
        lines.append(f"workbook by the job: {written.done:,} rows in {written.pieces} pieces")
    return lines


def _read(browser: Visitor, path: str, rows: int) -> None:
    answer = browser.get(path, buffered=False)
    lines = 0
    for piece in answer.response:
        lines += piece.count(b"\r\n" if isinstance(piece, bytes) else "\r\n")
        if lines > rows:
            break
    answer.close()


def _watched(name: str, work: Callable[[], object]) -> str:
    """Return the time, the greatest allocation and the growth of the process while something runs."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    work()
    taken = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    return f"{name}: {taken:.1f} s, the process grew by {grown} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with durable_databases("short", "long", settings=QUICK_FILL) as urls:
        portals = [open_portal(url, count) for url, count in zip(urls, (FEW, rows), strict=True)]
        times = compare(portals)
        jobs = compare_jobs(portals)
        memory = measure_memory(portals[1])
    print(load_line())
    print("\n".join(memory + jobs))
    for name, (few, many) in times.items():
        ratio = statistics.median(large / small for small, large in zip(few, many, strict=True))
        print(f"{name}: {statistics.median(many):.1f} ms, {ratio:.2f} of the one with {FEW:,} rows")


if __name__ == "__main__":
    main()
