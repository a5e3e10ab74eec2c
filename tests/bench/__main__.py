"""Run every benchmark in sequence: `make bench [BENCH="queue ledgers"]`. The ratios of all are printed last.

Every benchmark is a process of its own, with a limit of time, so that one that hangs stops none of the others. Before
each stands how busy the machine is: figures of a busy one say little.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from tests.bench.databases import load_line

# Together the benchmarks take under twenty minutes on two cores of their own; a busy machine needs longer ones.
_LIMIT_SECONDS = int(os.environ.get("BENCH_LIMIT_SECONDS", "300"))
_STOP_SECONDS = 60
_LOAD = "load "


def main() -> None:
    """Run the benchmarks that are named, all without names; end with an error if one failed."""
    # A shell that runs this in the background lets it ignore the signal, and its benchmarks with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    known = [path.stem.removeprefix("bench_") for path in sorted(Path(__file__).parent.glob("bench_*.py"))]
    names = sys.argv[1:] or known
    began, results, failed = time.monotonic(), [], []
    for number, name in enumerate(names, 1):
        print(f"== {name}, {number} of {len(names)}, {load_line()}", flush=True)
        started = time.monotonic()
        lines, reason = run(name)
        seconds = time.monotonic() - started
        print(f"== {name}: {seconds:.0f} s{', ' * bool(reason)}{reason}", flush=True)
        results += [f"{name}, {seconds:.0f} s", *(f"  {line}" for line in lines)]
        failed += [f"{name}: {reason}"] * bool(reason)
    print(f"== results, {(time.monotonic() - began) / 60:.1f} minutes, {load_line()}", *results, sep="\n")
    if failed:
        sys.exit("\n".join(failed))


def run(name: str) -> tuple[list[str], str]:
    """Run a benchmark and return its result, and why it failed, "" if it did not."""
    environment = {"ACCESS_LOG": "false", **os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", f"tests.bench.bench_{name}"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    lines: list[str] = []
    # A server that is left running may hold the other end of the pipe.
    reader = threading.Thread(target=_show, args=[process.stdout, lines], daemon=True)
    reader.start()
    try:
        code = process.wait(_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        _stop(process)
        return [], f"stopped after {_LIMIT_SECONDS} s"
    reader.join(5)
    return ([], f"ended with {code}") if code else (result_of(lines), "")


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)  # it stops its database
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def result_of(lines: list[str]) -> list[str]:
    """Return the lines after the last one that says the load; of a benchmark that prints none, the last line."""
    loads = [number for number, line in enumerate(lines) if line.startswith(_LOAD)]
    return lines[loads[-1] :] if loads else lines[-1:]


def _show(output: Iterable[str], lines: list[str]) -> None:
    for line in output:
        print(line, end="", flush=True)
        lines.append(line.rstrip())


if __name__ == "__main__":
    main()
