"""Find or install the Chromium of the browser tests and write its path to the file named on the command line.

In this order: PORTAL_CHROMIUM, a headless shell of the system, the Debian package of one (as root), another Chromium of
the system, Playwright's download, the Debian package of Chromium.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tests.support.chromium import BROWSERS, SHELLS

DOWNLOAD_SECONDS = 600


def chosen() -> str | None:
    """Return the program that PORTAL_CHROMIUM names."""
    return _first([os.environ.get("PORTAL_CHROMIUM")])


def installed(names: Iterable[str]) -> str | None:
    """Return the first of the programs that is there already."""
    return _first(map(shutil.which, names))


def downloaded() -> str | None:
    """Let Playwright download its own Chromium; it may lack system libraries, so it must start."""
    print("Downloading Chromium with Playwright", flush=True)
    if not _run([sys.executable, "-m", "playwright", "install", "chromium"]):
        return None
    script = "import playwright.sync_api as api\nwith api.sync_playwright() as p: print(p.chromium.executable_path)"
    path = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    ).stdout.strip()
    return _first([path])


def packaged(package: str) -> str | None:
    """Install a package of the distribution, where that is ours to do; its program has its name."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    print(f"Installing the {package} package with apt-get", flush=True)
    _update_package_lists()
    _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", package])
    return installed([package])


@cache
def _update_package_lists() -> None:
    _run(["apt-get", "update", "-q"])


def _first(paths: Iterable[str | None]) -> str | None:
    return next((path for path in paths if path and _starts(path)), None)


def _starts(path: str) -> bool:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _run(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(command, check=False, timeout=DOWNLOAD_SECONDS, env=environment).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


SOURCES = (
    chosen,
    lambda: installed(SHELLS),
    lambda: packaged("chromium-headless-shell"),
    lambda: installed(BROWSERS),
    downloaded,
    lambda: packaged("chromium"),
)


def main() -> None:
    for find in SOURCES:
        if path := find():
            Path(sys.argv[1]).write_text(f"{path}\n")
            print(f"Browser tests use {path}")
            return
    sys.exit("No Chromium was found or installed: install one, or set PORTAL_CHROMIUM to its path.")


if __name__ == "__main__":
    main()
