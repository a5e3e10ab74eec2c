"""A named change of status, as the tables in each package's `status_rules.py` list them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Transition:
    """The event that a change writes, the statuses it may start from and the one it leads to."""

    event: str
    from_statuses: tuple[str, ...]
    to_status: str
