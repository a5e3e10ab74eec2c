"""The memory of a web worker after a mixed load: pages, landings, beacons and files, against the start of the load.

`python -m tests.bench.bench_memory [--seconds 60]`. Prints the resident memory of each worker in the middle and at the
end; the growth between the two is printed last.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
from pathlib import Path

from portal.db import connection
from tests.bench.databases import durable_database, load_line
from tests.bench.ledgers import fill_ledgers
from tests.support.beacons import WebServer, beacon, page, send, serving

ROWS = 20_000
_QUIET = {"ACCESS_LOG": "false", "RATE_LIMIT_PROOF": "1000000 per minute"}
REQUESTS = [
    page("/"),
    page("/?ref=BENCH000000"),
    page("/login"),
    page("/openapi.json"),
    page("/proof/nothing"),
    beacon("BENCH000000"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    with durable_database() as url, connection():
        fill_ledgers(url, ROWS)
        with serving("portal.app:serve_requests", "portal", DATABASE_URL=url, **_QUIET) as server:
            middle, end = (_memory_after(server, seconds / 2) for _ in range(2))
    print(load_line())
    growth = max(end) - max(middle)
    print(f"worker memory: {max(end)} MiB at most, {growth:+} MiB in the second half of {seconds:.0f} s")


def _memory_after(server: WebServer, seconds: float) -> list[int]:
    """Return the resident memory of each worker in MiB after a load of some seconds; print its own share (PSS) too."""
    requests = itertools.cycle(REQUESTS)
    tally = send(server.port, lambda: next(requests), seconds=seconds)
    figures = [_figures(worker) for worker in _children(server.process.pid)]
    memory, shares = ([each[name] for each in figures] for name in ("Rss", "Pss"))
    print(
        f"{tally.answered:,} answers, resident {memory} MiB, of that their own share {shares} MiB", flush=True
    )
    return memory


def _children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in found.split()]


def _figures(pid: int) -> dict[str, int]:
    """Return Rss and Pss of a process in MiB: pages that processes share count in part for each in Pss."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(value.split()[0]) // 1024 for name, value in (line.split(":") for line in lines)}


if __name__ == "__main__":
    main()
