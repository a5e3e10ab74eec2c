"""Find or install the Chromium of the browser tests and write its path to the file named on the command line.

In this order: PORTAL_CHROMIUM, the system's, Playwright's download, the Debian package (as root).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DOWNLOAD_SECONDS = 600


def installed() -> str | None:
    """Return a Chromium that is there already."""
    candidates = [os.environ.get("PORTAL_CHROMIUM"), *map(shutil.which, NAMES)]
    return next((path for path in candidates if path and _starts(path)), None)


def downloaded() -> str | None:
    """Let Playwright download its own Chromium; it may lack system libraries, so it must start."""
    print("Downloading Chromium with Playwright", flush=True)
    if not _run([sys.executable, "-m", "playwright", "install", "chromium"]):
        return None
    script = "import playwright.sync_api as api\nwith api.sync_playwright() as p: print(p.chromium.executable_path)"
    path = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    ).stdout.strip()
    return path if path and _starts(path) else None


def packaged() -> str | None:
    """Install the distribution's package, where that is ours to do."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    print("Installing the chromium package with apt-get", flush=True)
    _run(["apt-get", "update", "-q"])
    _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"])
    return installed()


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


def main() -> None:
    for find in (installed, downloaded, packaged):
        if path := find():
            Path(sys.argv[1]).write_text(f"{path}\n")
            print(f"Browser tests use {path}")
            return
    sys.exit("No Chromium was found or installed: install one, or set PORTAL_CHROMIUM to its path.")


if __name__ == "__main__":
    main()
