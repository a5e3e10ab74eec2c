"""Which Chromium the browser tests drive, and how it starts without a network, a sandbox or a screen."""

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
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_program() -> str | None:
    """Return PORTAL_CHROMIUM, what `make test-setup` chose, or the system's; None means Playwright's own."""
    if chosen := os.environ.get("PORTAL_CHROMIUM"):
        return chosen
    recorded = Path(sys.prefix) / "chromium-path"
    if recorded.exists():
        return recorded.read_text().strip() or None
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
