"""The health of the portal and its dependencies, for operators.

Whatever hangs, the answer comes within a second: readings run in threads of their own, one at a time, and are kept for
some seconds. Nothing is written, and the pool of connections is not used.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from models import database
from portal.chain import AnyChain, is_chain_reachable
from portal.db import DatabaseAway
from portal.db.bounded_connection import bounded_connection
from portal.db.connection import current_url
from portal.db.migrations import is_up_to_date
from portal.flows.overviews.read_metrics import Metrics, read_metrics
from portal.lib.probe import Probe

_DATABASE_SECONDS = 3.0
_WAIT_SECONDS = 0.6
_FRESH_SECONDS = 5.0
_METRICS_FRESH_SECONDS = 15.0


@dataclass(frozen=True)
class Health:
    """The state of each part: ok, away, not_configured, pending, off or unknown."""

    database: str
    migrations: str
    chain: str
    scheduler: str

    @property
    def is_ready(self) -> bool:
        """Return whether requests can be served; without the chain only rewards wait."""
        return self.database == "ok" and self.migrations == "ok"

    def as_json(self) -> dict[str, Any]:
        return {"status": "ok" if self.is_ready else "unready", **asdict(self)}


class DatabaseState(NamedTuple):
    """The state of the database and of its migrations."""

    database: str
    migrations: str


_AWAY = DatabaseState("away", "unknown")


class _Probes(NamedTuple):
    database: Probe[DatabaseState]
    chain: Probe[str]
    metrics: Probe[Metrics | None]


class HealthMonitor:
    """The probes of one application, renewed after a fork and when another database is bound."""

    def __init__(self, chain: Callable[[], AnyChain]) -> None:
        self._chain = chain
        self._lock = threading.Lock()
        self._owner: tuple[int, object] | None = None
        self._probes: _Probes | None = None

    def health(self, *, scheduler_running: bool) -> Health:
        """Return the state of every part, at most some seconds old."""
        probes = self._current()
        probes.chain.start()
        state = probes.database.value()
        return _health(state, probes.chain.value(), scheduler_running)

    def metrics(self) -> Metrics:
        """Return the numbers for Prometheus; raise DatabaseAway."""
        metrics = self._current().metrics.value()
        if metrics is None:
            raise DatabaseAway
        return metrics

    def forget(self) -> None:
        """Read everything again at the next call."""
        with self._lock:
            self._probes = None

    def _current(self) -> _Probes:
        owner = (os.getpid(), database.obj)
        with self._lock:
            if self._probes is None or self._owner != owner:
                self._owner, self._probes = owner, self._open()
            return self._probes

    def _open(self) -> _Probes:
        chain = self._chain()
        waits = {"fresh_seconds": _FRESH_SECONDS, "wait_seconds": _WAIT_SECONDS}
        return _Probes(
            Probe(read_database, overdue=_AWAY, **waits),
            Probe(lambda: _chain(chain), overdue="away", **waits),
            Probe(
                lambda: _metrics(chain),
                overdue=None,
                fresh_seconds=_METRICS_FRESH_SECONDS,
                wait_seconds=_WAIT_SECONDS,
            ),
        )


def read_health(chain: AnyChain, *, scheduler_running: bool) -> Health:
    """Check the database, its migrations and the chain now, however long the chain takes."""
    return _health(read_database(), _chain(chain), scheduler_running)


def read_database() -> DatabaseState:
    """Return the state of the database and its migrations within some seconds."""
    state = _AWAY
    try:
        with bounded_connection(current_url(), _DATABASE_SECONDS) as connection:
            connection.query("SELECT 1")
            state = DatabaseState("ok", "unknown")
            return DatabaseState("ok", "ok" if is_up_to_date(connection.query) else "pending")
    except DatabaseAway:
        return state


def _health(state: DatabaseState, chain: str, scheduler_running: bool) -> Health:
    return Health(state.database, state.migrations, chain, "ok" if scheduler_running else "off")


def _chain(chain: AnyChain) -> str:
    if not chain.configured:
        return "not_configured"
    return "ok" if is_chain_reachable(chain) else "away"


def _metrics(chain: AnyChain) -> Metrics | None:
    try:
        with bounded_connection(current_url(), _DATABASE_SECONDS) as connection:
            return read_metrics(connection.query, chain)
    except DatabaseAway:
        return None
