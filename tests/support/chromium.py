"""The Chromium of the browser tests and its arguments for machines without network, sandbox or screen."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Without the windows and services of a desktop's browser, opening a page takes a third of the processor time.
SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_program() -> str | None:
    """Return PORTAL_CHROMIUM, the choice of `make test-setup`, or the Chromium of the system; None for Playwright's."""
    if chosen := os.environ.get("PORTAL_CHROMIUM"):
        return chosen
    recorded = Path(sys.prefix) / "chromium-path"
    if recorded.exists():
        return recorded.read_text().strip() or None
    return next((path for name in (*SHELLS, *BROWSERS) if (path := shutil.which(name))), None)
