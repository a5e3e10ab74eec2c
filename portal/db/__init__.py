"""The database package: connection, transactions, status changes, locks, event log, migrations, invariants.

Other packages use PostgreSQL through Peewee models, or through `query` for hot paths.
"""

from portal.db.alphabet import alphabetical, has_part
from portal.db.clock import database_now
from portal.db.connection import (
    DatabaseAway,
    bind_database,
    connection,
    distinct_values,
    query,
    release_connection,
    report_outage,
    transaction,
    tuples,
)
from portal.db.event_queries import EventFilter, find_entity_with_key, has_event_with_key, list_event_ledger
from portal.db.events import SYSTEM, Actor, record_event
from portal.db.failing import forget_failure, not_set_aside, set_aside, without_set_aside, work_through
from portal.db.keyset import (
    CursorInvalid,
    Keyset,
    Page,
    cut_page,
    make_cursor,
    page_of_list,
    parse_cursor,
    within,
)
from portal.db.locks import advisory_lock
from portal.db.prepared import Prepared
from portal.db.replica import reads_may_lag
from portal.db.retention import (
    forget_sign_in_devices,
    forget_unknown_accounts,
    texts_erasable,
    work_in_batches,
)
from portal.db.together import any_of, built_once, read_together
from portal.db.transitions import move_status
from portal.db.writes import Change, RowEvent, change_together

__all__ = [
    "SYSTEM",
    "Actor",
    "Change",
    "CursorInvalid",
    "DatabaseAway",
    "EventFilter",
    "Keyset",
    "Page",
    "Prepared",
    "RowEvent",
    "advisory_lock",
    "alphabetical",
    "any_of",
    "bind_database",
    "built_once",
    "change_together",
    "connection",
    "cut_page",
    "database_now",
    "distinct_values",
    "find_entity_with_key",
    "forget_failure",
    "forget_sign_in_devices",
    "forget_unknown_accounts",
    "has_event_with_key",
    "has_part",
    "list_event_ledger",
    "make_cursor",
    "move_status",
    "not_set_aside",
    "page_of_list",
    "parse_cursor",
    "query",
    "read_together",
    "reads_may_lag",
    "record_event",
    "release_connection",
    "report_outage",
    "set_aside",
    "texts_erasable",
    "transaction",
    "tuples",
    "within",
    "without_set_aside",
    "work_in_batches",
    "work_through",
]
