"""Run every benchmark in sequence: `make bench [BENCH="queue ledgers"]`. Each prints its load and its ratio last.

Every benchmark is a process of its own, with a limit of time, so that one that hangs stops none of the others.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.databases import load_line

# Together under twenty minutes on two cores of their own.
_LIMIT_SECONDS = 300


def main() -> None:
    """Run the benchmarks that are named, all without names; end with an error if one failed."""
    known = [path.stem.removeprefix("bench_") for path in sorted(Path(__file__).parent.glob("bench_*.py"))]
    began, failed = time.monotonic(), []
    for name in sys.argv[1:] or known:
        print(f"== {name}, {load_line()}", flush=True)
        started = time.monotonic()
        if reason := run(name):
            failed.append(f"{name}: {reason}")
        print(f"== {name}: {time.monotonic() - started:.0f} s", flush=True)
    print(f"== all: {(time.monotonic() - began) / 60:.1f} minutes, {load_line()}")
    if failed:
        sys.exit("\n".join(failed))


def run(name: str) -> str:
    """Run a benchmark and return why it failed, "" if it did not."""
    environment = {"ACCESS_LOG": "false", **os.environ}
    process = subprocess.Popen([sys.executable, "-m", f"tests.bench.bench_{name}"], env=environment)
    try:
        code = process.wait(_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # it stops its database
        process.wait()
        return f"stopped after {_LIMIT_SECONDS} s"
    return f"ended with {code}" if code else ""


if __name__ == "__main__":
    main()
