"""The running portal: what `create_app` wires together and everything at the edge asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from portal.chain import AnyChain
from portal.settings import Settings


def _no_wake(job: str) -> None:
    """Do nothing: without a scheduler in this process the next timed run picks the work up."""


def _not_running() -> bool:
    return False


@dataclass
class Portal:
    """Hold the settings, the chain (or its 'not configured' twin) and the way to wake a job early."""

    settings: Settings
    chain: AnyChain
    wake: Callable[[str], None] = field(default=_no_wake)
    scheduler_running: Callable[[], bool] = field(default=_not_running)
