"""Delete or clear old rows in batches, and the texts of the append-only log. See docs/privacy.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from portal.db.connection import query, transaction
from portal.logs import get_logger

log = get_logger(__name__)

BATCH = 5_000


def work_in_batches(what: str, statement: str, parameters: Sequence[object]) -> int:
    """Run a statement until it changes no full batch of rows any more and return how many rows it changed.

    The statement takes the parameters and the size of a batch, and returns a row for each row that it changed. Each run
    is a transaction of its own, so that it may be killed at any point. A log line per batch shows the progress.
    """
    total = 0
    while True:
        with texts_erasable():
            changed = len(query(statement, [*parameters, BATCH]))
        total += changed
        if changed:
            log.info("old data removed", what=what, rows=total)
        if changed < BATCH:
            return total


@contextmanager
def texts_erasable() -> Iterator[None]:
    """Open a transaction in which texts of append-only rows may be cleared; everything else in them stays."""
    with transaction():
        query("SELECT set_config('portal.erasing', 'on', true)")
        yield
        query("SELECT set_config('portal.erasing', 'off', true)")


def forget_sign_in_devices(days: int) -> int:
    """Clear browser and network of sign-ins that are older than some days; return how many."""
    return work_in_batches(
        "sign-in devices",
        """UPDATE event_log SET data = '{}' WHERE id IN (
               SELECT id FROM event_log WHERE event IN ('signed_in', 'sign_in_failed', 'sign_in_refused')
                   AND data <> '{}' AND at < now() - make_interval(days => %s) LIMIT %s)
           RETURNING id""",
        [days],
    )


def forget_unknown_accounts(days: int) -> int:
    """Delete sign-ins to e-mails without an account that are older than some days; return how many."""
    return work_in_batches(
        "sign-ins to unknown accounts",
        """DELETE FROM event_log WHERE id IN (
               SELECT id FROM event_log WHERE entity = 'unknown_account' AND at < now() - make_interval(days => %s)
               LIMIT %s)
           RETURNING id""",
        [days],
    )
