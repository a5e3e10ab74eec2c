"""The memory of a web worker during a mixed load: pages of visitors, referrers, vendors and admins, beacons and files.

`python -m tests.bench.bench_memory [--seconds 60] [--connections 32] [--pause 0] [--every 15]`. Prints the memory of
each worker every so many seconds; the most, and the growth in the second half, are printed last.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
from pathlib import Path

from flask.testing import FlaskClient

from models import User
from portal.accounts import Device, start_session
from portal.app import create_app
from portal.db import connection
from portal.settings import load_settings
from tests.bench.databases import durable_database, load_line
from tests.bench.ledgers import fill_ledgers
from tests.support.beacons import CONNECTIONS, WebServer, beacon, page, send, serving

ROWS = 20_000
_KEY = "a key of this bench, longer than thirty-two characters"
_QUIET = {
    "ACCESS_LOG": "false",
    "RATE_LIMIT_PROOF": "1000000 per minute",
    "RATE_LIMIT_EXPORTS": "1000000 per minute",
    "SECRET_KEY": _KEY,
    "APP_URL": "http://127.0.0.1",
}
_PAGES = {
    "": ["/", "/?ref=BENCH000000", "/login", "/register", "/cart", "/terms", "/openapi.json", "/proof/nothing"],
    "Referrer 0": ["/refcodes", "/refcodes/BENCH000000", "/notifications"],
    "Vendor": ["/vendor/earnings", "/vendor/orders", "/vendor/products"],
    "Buyer 1": ["/orders", "/account/wallets", "/account/credit"],
    "Admin": [
        "/admin", "/admin/refcodes", "/admin/orders", "/admin/orders/bench7", "/admin/events", "/admin/journal",
        "/admin/people", "/admin/store/commissions", "/admin/audit?orderReference=store_bench7_1",
    ],
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument(
        "--pause", type=float, default=0, help="Seconds between an answer and the next request."
    )
    parser.add_argument("--every", type=float, default=15, help="Seconds between two figures.")
    options = parser.parse_args()
    with durable_database() as url, connection():
        fill_ledgers(url, ROWS)
        requests = itertools.cycle(_requests(url))
        with serving("portal.app:serve_requests", "portal", DATABASE_URL=url, **_QUIET) as server:
            rounds = max(2, int(options.seconds / options.every))
            figures = []
            for number in range(1, rounds + 1):
                tally = send(
                    server.port, lambda: next(requests), seconds=options.every,
                    connections=options.connections, pause_seconds=options.pause,
                )  # fmt: skip
                figures.append(_memory(server, f"{number * options.every:.0f} s, {tally.by_status}"))
    print(load_line())
    growth, seconds = figures[-1] - figures[(len(figures) - 1) // 2], options.seconds
    print(f"worker memory: {max(figures)} MiB at most, {growth:+} MiB in the second half of {seconds:.0f} s")


def _requests(url: str) -> list[bytes]:
    """Return the requests of one round: each page once, and beacons as many as pages of visitors."""
    app = create_app(
        load_settings(_env_file=None, database_url=url, secret_key=_KEY, app_url=_QUIET["APP_URL"])
    )
    pages = [
        page(path, _cookie(app.test_client(), name) if name else "")
        for name, paths in _PAGES.items()
        for path in paths
    ]
    return [*pages, *[beacon("BENCH000000")] * len(_PAGES[""])]


def _cookie(browser: FlaskClient, name: str) -> str:
    """Return the cookie header of a signed-in account."""
    user = User.get(User.name == name)
    with browser.session_transaction() as session:
        session["_user_id"], session["_fresh"] = start_session(user.id, Device()), True
    cookie = browser.get_cookie(browser.application.config["SESSION_COOKIE_NAME"])
    assert cookie
    return f"{cookie.key}={cookie.value}"


def _memory(server: WebServer, what: str) -> int:
    """Return the resident memory of the largest worker in MiB; print that of each and its own share (PSS)."""
    figures = [_figures(worker) for worker in _children(server.process.pid)]
    memory, shares = ([each[name] for each in figures] for name in ("Rss", "Pss"))
    print(f"{what}: resident {memory} MiB, of that their own share {shares} MiB", flush=True)
    return max(memory)


def _children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in found.split()]


def _figures(pid: int) -> dict[str, int]:
    """Return Rss and Pss of a process in MiB: pages that processes share count in part for each in Pss."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(value.split()[0]) // 1024 for name, value in (line.split(":") for line in lines)}


if __name__ == "__main__":
    main()
