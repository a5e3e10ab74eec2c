"""Beacons per second for one busy code and for 10,000 codes: the whole portal against simpler designs.

`python -m tests.bench.bench_beacon [--server gunicorn] [--durability]`. The other designs run in a bare Flask
application under the same server; each round measures all of them in turn. The ratios are printed last.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import threading
import time
from collections.abc import Iterator

from tests.bench.beacon_designs import TABLES
from tests.bench.databases import durable_database
from tests.support.beacons import Request, WebServer, beacon, page, send, serving
from tests.support.databases import execute

PORTAL, OTHERS = "wsgi:app", "tests.bench.beacon_designs:application"
CODES = 10_000
_FILL = f"""
INSERT INTO users (name, email, locale, role) VALUES ('Bench', 'bench@demo.example', 'en', 'user');
INSERT INTO refcodes (code, owner_user_id, wallet_address)
SELECT 'c' || n, (SELECT max(id) FROM users), '0x' || lpad(to_hex(n), 40, '0') FROM generate_series(1, {CODES}) n;
INSERT INTO bench_documents SELECT code, '{{"visitCount": 0}}' FROM refcodes;
ANALYZE
"""


def codes(hot: bool) -> Iterator[str]:
    return (
        itertools.repeat("c1") if hot else itertools.cycle(f"c{n * 7919 % CODES + 1}" for n in range(CODES))
    )


def beacons(hot: bool, path: str) -> Request:
    """Return a source of beacons, prepared in advance so that building them is not measured."""
    prepared = {code: beacon(code, path) for code in itertools.islice(codes(hot), 1 if hot else CODES)}
    names = codes(hot)
    return lambda: prepared[next(names)]


def compare(ours: WebServer, others: WebServer, hot: bool, rounds: int, seconds: float) -> dict[str, float]:
    """Measure every design in turn and return the median ratios."""
    sources = {path: beacons(hot, path) for path in ("/bare", "/old", "/upsert", "/api/refcodes/track")}
    ratios: dict[str, list[float]] = {"bare view": [], "old design": [], "plain upsert": []}
    for _ in range(rounds):
        rates = {}
        for path, source in sources.items():
            port = (ours if path.startswith("/api") else others).port
            rates[path] = send(port, source, seconds=seconds).rate
        counted = rates["/api/refcodes/track"]
        for name, path in zip(ratios, ("/bare", "/old", "/upsert"), strict=True):
            ratios[name].append(counted / rates[path])
        print("  " + ", ".join(f"{path} {rate:,.0f}/s" for path, rate in rates.items()), flush=True)
    return {name: statistics.median(values) for name, values in ratios.items()}


def compare_landing(ours: WebServer, others: WebServer, rounds: int, seconds: float) -> dict[str, float]:
    """Compare a landing page with `?ref=` to the same page without it and to the bare view."""
    ratios: dict[str, list[float]] = {"page without ref": [], "bare view": []}
    for _ in range(rounds):
        bare = send(others.port, lambda: page("/"), seconds=seconds).rate
        plain = send(ours.port, lambda: page("/login"), seconds=seconds).rate
        landing = send(ours.port, lambda: page("/login?ref=ABCDEFGH"), seconds=seconds).rate
        ratios["page without ref"].append(landing / plain)
        ratios["bare view"].append(landing / bare)
    return {name: statistics.median(values) for name, values in ratios.items()}


def measure_durability(url: str, server: str, target: int = 100_000) -> str:
    """Send beacons until `target` are acknowledged, killing the server every few seconds; return the losses as text."""
    before = _stored(url)
    answered = kills = unanswered = 0
    source = beacons(False, "/api/refcodes/track")
    while answered < target:
        running = WebServer(PORTAL, server, DATABASE_URL=url)
        killer = threading.Timer(6, running.kill)
        killer.start()
        tally = send(running.port, source, answers=target - answered)
        killer.cancel()
        running.kill()
        answered, kills = answered + tally.answered, kills + (tally.broken > 0)
        unanswered += tally.broken
    time.sleep(1)
    counted = _stored(url) - before
    return (
        f"{answered:,} answered, {kills} kills -9, {max(0, answered - counted)} answered but lost,"
        f" {counted - answered} of {unanswered} unanswered counted"
    )


def _stored(url: str) -> int:
    return int(str(execute(url, "SELECT sum(visits_total) FROM refcodes")[0][0]))


def run(url: str, server: str, rounds: int, seconds: float) -> list[str]:
    lines = []
    with (
        serving(PORTAL, server, DATABASE_URL=url) as ours,
        serving(OTHERS, server, DATABASE_URL=url) as others,
    ):
        for hot in (True, False):
            name = "one hot code" if hot else f"{CODES:,} codes"
            print(f"{server}, {name}", flush=True)
            for other, ratio in compare(ours, others, hot, rounds, seconds).items():
                lines.append(f"{server}, {name}: {ratio:.2f} of {other}")
        for other, ratio in compare_landing(ours, others, rounds, seconds).items():
            lines.append(f"{server}, landing with ?ref=: {ratio:.2f} of {other}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("granian", "gunicorn"), action="append")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--durability", type=int, default=100_000, help="beacons to acknowledge; 0 skips it")
    arguments = parser.parse_args()
    with durable_database() as url:
        for statement in (TABLES, _FILL):
            execute(url, statement)
        lines = []
        for server in arguments.server or ["granian"]:
            lines += run(url, server, arguments.rounds, arguments.seconds)
        if arguments.durability:
            lines.append(measure_durability(url, "granian", arguments.durability))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
