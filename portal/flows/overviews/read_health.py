"""The health of the portal and its dependencies, for operators."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from peewee import fn

from models import Order, PaymentEvent, ReferralReward, Settlement
from portal.chain import AnyChain, is_chain_reachable
from portal.db import is_database_ready, tuples
from portal.db.connection import current_url
from portal.db.migrations import migration_status


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


def read_health(chain: AnyChain, *, scheduler_running: bool) -> Health:
    """Check the database, its migrations and the chain."""
    database = is_database_ready()
    return Health(
        database="ok" if database else "away",
        migrations=_migrations() if database else "unknown",
        chain=_chain(chain),
        scheduler="ok" if scheduler_running else "off",
    )


def count_by_status() -> list[tuple[str, str, int]]:
    """Return (ledger, status, rows) of the ledgers that operators monitor."""
    counts: list[tuple[str, str, int]] = []
    for ledger, model, column in (
        ("rewards", ReferralReward, ReferralReward.status),
        ("settlements", Settlement, Settlement.status),
        ("orders", Order, Order.status),
        ("callbacks", PaymentEvent, fn.coalesce(PaymentEvent.outcome, "waiting")),
    ):
        rows = tuples(model.select(column, fn.count(model.id)).group_by(column))
        counts += [(ledger, status, count) for status, count in rows]
    return counts


def _migrations() -> str:
    return "ok" if all(applied for _, applied in migration_status(current_url())) else "pending"


def _chain(chain: AnyChain) -> str:
    if not chain.configured:
        return "not_configured"
    return "ok" if is_chain_reachable(chain) else "away"
