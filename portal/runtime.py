"""The running portal: what `create_app` wires together and everything at the edge asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import current_app

from models import MailOutbox
from portal.chain import AnyChain
from portal.db import Actor
from portal.mail import Letter
from portal.settings import Settings


def _no_wake(job: str) -> None:
    """Do nothing, as in commands: the next timed run picks the work up."""


def _not_running() -> bool:
    return False


def _no_schedule(_seconds: float) -> None:
    """Do nothing: this process runs no jobs."""


def _nothing_to_refresh() -> None:
    """Do nothing: only a server follows the stored settings."""


def _no_words(row: MailOutbox) -> Letter:
    raise RuntimeError("no application is there to word letters")


def _no_exports(_actor: Actor, _is_stopping: Callable[[], bool]) -> int:
    """Do nothing: without an application there are no pages whose filters could be read."""
    return 0


@dataclass
class Portal:
    """Hold the settings, the chain (or its 'not configured' twin), the way to wake a job early, to word letters and
    to write the files of ledgers.

    `settings` are those in force, `environment` those the process was started with. `refresh` follows what admins save.
    `stop_schedule` starts no further job and waits at most some seconds for those that run. `is_draining` when the
    server stops soon and load balancers shall leave it.
    """

    settings: Settings
    chain: AnyChain
    wake: Callable[[str], None] = field(default=_no_wake)
    scheduler_running: Callable[[], bool] = field(default=_not_running)
    stop_schedule: Callable[[float], None] = field(default=_no_schedule)
    compose: Callable[[MailOutbox], Letter] = field(default=_no_words)
    prepare_exports: Callable[[Actor, Callable[[], bool]], int] = field(default=_no_exports)
    refresh: Callable[[], None] = field(default=_nothing_to_refresh)
    is_draining: bool = False
    environment: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.environment = self.settings

    def use(self, settings: Settings) -> None:
        """Put settings in force."""
        self.settings = settings


# What is behind Flask's proxy: a page asks for it hundreds of times.
_current_app = current_app._get_current_object  # type: ignore[attr-defined]


def current_portal() -> Portal:
    """Return the portal of the current application: its settings, chain and scheduler."""
    portal: Portal = _current_app().extensions["portal"]
    return portal
