"""The health of the portal and its dependencies, for operators.

The response comes within a second, whatever hangs: readings run in separate threads, one at a time, and are kept for
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
from portal.db.bounded_connection import BoundedConnection, bounded_connection
from portal.db.connection import current_url
from portal.db.migrations import is_up_to_date
from portal.db.replica import reading_url
from portal.db.rights import RightMissing, explained_rights
from portal.flows.minting.mint_rewards import state_name
from portal.flows.minting.watch_chain import watch_name
from portal.flows.overviews.read_metrics import Metrics, read_metrics
from portal.flows.payouts.pay_settlements import PAYOUT_STATE
from portal.flows.payouts.watch_treasury import TREASURY_WATCH
from portal.lib.probe import Probe

_DATABASE_SECONDS = 3.0
_WAIT_SECONDS = 0.75
_FRESH_SECONDS = 5.0
_METRICS_FRESH_SECONDS = 15.0


# Sorting this many rows with the least memory there is writes about 100 KB to the database's disk.
# Two statements of one message are one transaction: a shared session behind a pooler keeps its setting.
_DISK_QUERY = """
SET LOCAL work_mem = '64kB';
SELECT count(*) FROM (SELECT FROM generate_series(1, 3000) AS n ORDER BY md5(n::text) OFFSET 1) AS rows
"""
_INSUFFICIENT_RESOURCES = "53"
_WAITING = """
SELECT split_part(value ->> 'code', ',', 1) FROM chain_state
WHERE name IN (%s, %s, %s, %s) AND value ->> 'code' NOT IN ('low_gas', 'other_leader')
    AND updated_at > now() - interval '15 minutes'
ORDER BY name IN (%s, %s), name DESC LIMIT 1
"""


@dataclass(frozen=True)
class Health:
    """The state of each part: ok, away, full, read_only, no_rights, not_configured, pending, off or unknown.

    `chain` is the reason why minting waits, or else why payouts on chain do, unless no node answers.
    """

    database: str
    migrations: str
    chain: str
    scheduler: str

    @property
    def is_ready(self) -> bool:
        """Return whether requests can be served; without the chain only rewards wait."""
        return self.database == "ok" and self.migrations == "ok"

    @property
    def status(self) -> str:
        return "ok" if self.is_ready else "unready"

    def as_json(self) -> dict[str, Any]:
        return {"status": self.status, **asdict(self)}


class DatabaseState(NamedTuple):
    """The state of the database and of its migrations, and the stored reason why minting or payouts wait."""

    database: str
    migrations: str
    minting: str | None = None


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
            Probe(lambda: read_database(chain), overdue=_AWAY, **waits),
            Probe(lambda: _chain(chain), overdue="away", **waits),
            Probe(
                lambda: _metrics(chain),
                overdue=None,
                fresh_seconds=_METRICS_FRESH_SECONDS,
                wait_seconds=_WAIT_SECONDS,
            ),
        )


def read_database(chain: AnyChain) -> DatabaseState:
    """Return the state of the database and its migrations within some seconds."""
    state = _AWAY
    try:
        with explained_rights(), bounded_connection(current_url(), _DATABASE_SECONDS) as connection:
            state = DatabaseState(_writable(connection), "unknown")
            if not is_up_to_date(connection.query):
                return state._replace(migrations="pending")
            return state._replace(migrations="ok", minting=_minting(connection, chain))
    except RightMissing:
        return state._replace(database="no_rights")
    except DatabaseAway:
        return state


def _writable(connection: BoundedConnection) -> str:
    """Return whether the database can write: ok, read_only (a standby) or full (the disk)."""
    ((is_read_only,),) = connection.query("SELECT current_setting('transaction_read_only')::boolean")
    if is_read_only:
        return "read_only"
    try:
        connection.query(_DISK_QUERY)
    except DatabaseAway as error:
        if str(getattr(error.__cause__, "pgcode", "")).startswith(_INSUFFICIENT_RESOURCES):
            return "full"
        raise
    return "ok"


def _minting(connection: BoundedConnection, chain: AnyChain) -> str | None:
    payouts = PAYOUT_STATE, TREASURY_WATCH
    names = state_name(chain.chain_id), watch_name(chain), *payouts, *payouts
    return next((code for (code,) in connection.query(_WAITING, *names)), None)


def _health(state: DatabaseState, chain: str, scheduler_running: bool) -> Health:
    # Vendors can be paid on chain where rewards are not.
    reason = state.minting if chain != "away" and state.minting else chain
    return Health(state.database, state.migrations, reason, "ok" if scheduler_running else "off")


def _chain(chain: AnyChain) -> str:
    if not chain.configured:
        return "not_configured"
    return "ok" if is_chain_reachable(chain) else "away"


def _metrics(chain: AnyChain) -> Metrics | None:
    try:
        with bounded_connection(reading_url(), _DATABASE_SECONDS) as connection:
            return read_metrics(connection.query, chain)
    except DatabaseAway:
        return None
