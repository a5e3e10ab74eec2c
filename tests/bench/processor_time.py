"""The processor time of process trees: what work costs, whatever else the machine does meanwhile."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(roots: Collection[int]) -> float:
    """Return the seconds that processes and all their descendants have used, those that ended included."""
    parents, seconds = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                # The name in brackets may have spaces.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                parents[int(folder.name)] = int(fields[1])
                seconds[int(folder.name)] = sum(map(int, fields[11:15])) / _TICKS
    return sum(used for pid, used in seconds.items() if _is_below(pid, roots, parents))


def own_seconds() -> float:
    """Return the seconds that this process has used itself, without its children."""
    used = os.times()
    return used.user + used.system


def _is_below(pid: int, roots: Collection[int], parents: dict[int, int]) -> bool:
    while pid not in roots and pid in parents:
        pid = parents[pid]
    return pid in roots
