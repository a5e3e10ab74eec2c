"""How long the second start of `make run` takes until the portal answers, against Flask and the embedded PostgreSQL.

`python -m tests.bench.bench_start [--rounds 3]`. Each round starts the bare pair and the portal in turn on folders that
exist; the ratio, the median over the rounds, is printed last. The steps are those of the last start: what comes before
them is the loading of modules, while which the database and the chain start.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from portal.dev.processes import pick_port
from tests.bench.databases import load_line

PROJECT = Path(__file__).resolve().parents[2]
_BARE = """
import sys
from pathlib import Path
from flask import Flask
from portal.dev.postgres import start_postgres, stop_postgres
folder = Path(sys.argv[1])
url = start_postgres(folder)
app = Flask("bare")
app.add_url_rule("/healthz", view_func=lambda: "ok")
try:
    app.run(port=int(sys.argv[2]))
finally:
    stop_postgres(folder)
"""


def start(command: list[str], output: Path) -> float:
    """Start a program, its port added, wait until it answers, stop it and return the seconds until the answer."""
    port = pick_port()
    # As `make run` does: modules are compiled once.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    with output.open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, *command, str(port)],
            cwd=PROJECT,
            env=environment,
            stdout=printed,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        while not _answers(port):
            assert process.poll() is None, command
            assert time.perf_counter() - began < 240, command
            time.sleep(0.02)
        return time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
    except OSError:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "output")
        for number in range(rounds + 1):
            bare = start(["-c", _BARE, f"{folder}/bare"], output)
            portal = start(["-m", "portal.dev", "--data-dir", f"{folder}/portal", "--port"], output)
            print(
                f"bare {bare:.1f} s, portal {portal:.1f} s{'' if number else ', the first time'}", flush=True
            )
            if number:
                ratios.append(portal / bare)
        print(*re.findall(r"^(?:Start|Check).* [\d.]+ s.*$", output.read_text(), re.MULTILINE), sep="\n")
    print(load_line())
    print(f"second start: {statistics.median(ratios):.1f} times a bare Flask with the embedded PostgreSQL")


if __name__ == "__main__":
    main()
