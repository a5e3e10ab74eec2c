"""The open connections of this process, as Linux lists them (proc(5): /proc/net/tcp)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

# Established, and closed by the other end, which may still wait for its answer.
_OPEN = {"01", "08"}
_INODE = 9


def has_connections(port: int) -> bool:
    """Return whether this process has accepted connections to a TCP port that are open; True where that is unknown."""
    try:
        own = set(_own_sockets())
        return any(inode in own for inode in _connected(port))
    except OSError:
        return True


def _own_sockets() -> list[str]:
    inodes = []
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # closed meanwhile
            kind, _, inode = os.readlink(f"/proc/self/fd/{descriptor}").partition(":[")
            if kind == "socket":
                inodes.append(inode.rstrip("]"))
    return inodes


def _connected(port: int) -> list[str]:
    """Return the inodes of open connections to a local port, of any process."""
    ending = f":{port:04X}"
    inodes = []
    for table in ("tcp", "tcp6"):
        path = Path("/proc/self/net", table)
        lines = path.read_text().splitlines()[1:] if table == "tcp" or path.exists() else []
        fields = [line.split() for line in lines]
        inodes += [each[_INODE] for each in fields if each[1].endswith(ending) and each[3] in _OPEN]
    return inodes
