"""Notices to systemd (sd_notify(3)): the service is ready, reloads or stops."""

from __future__ import annotations

import contextlib
import os
import socket
import time


def notify_service_manager(state: str) -> None:
    """Send `READY=1`, `RELOADING=1` or `STOPPING=1`; do nothing where no service manager listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    lines = [state]
    if state == "RELOADING=1":
        lines.append(f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.sendto("\n".join(lines).encode(), address)
