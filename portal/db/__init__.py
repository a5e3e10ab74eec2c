"""The database package: connection, transactions, status changes, locks, event log, migrations, invariants.

Other packages use PostgreSQL through Peewee models, or through `query` for hot paths.
"""

from portal.db.connection import (
    DatabaseAway,
    bind_database,
    connection,
    query,
    release_connection,
    transaction,
    tuples,
)
from portal.db.events import SYSTEM, Actor, record_event
from portal.db.keyset import Keyset, within
from portal.db.locks import advisory_lock
from portal.db.transitions import move_status

__all__ = [
    "SYSTEM",
    "Actor",
    "DatabaseAway",
    "Keyset",
    "advisory_lock",
    "bind_database",
    "connection",
    "move_status",
    "query",
    "record_event",
    "release_connection",
    "transaction",
    "tuples",
    "within",
]
