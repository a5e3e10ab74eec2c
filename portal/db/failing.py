"""Items of work queues that fail: each is set aside with its reason and a growing delay, so that none stops the others.

See docs/rules/queues.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from typing import TypeVar

from peewee import fn

from models import FailingItem
from portal.db.connection import DATABASE_ERRORS, query
from portal.db.keyset import Keyset, Page
from portal.db.outage import is_unwritable
from portal.logs import get_logger

log = get_logger(__name__)

Item = TypeVar("Item")

FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=6)
# Any queue tries an item again within hours after it is due.
_KEPT_AFTER_DUE = timedelta(days=1)
FAILING_PAGE = 25
_REASON_MAX = 500

_RECORD = """
INSERT INTO failing_items AS f (queue, item_id, reason, next_attempt_at)
VALUES (%(queue)s, %(item)s, %(reason)s, now() + %(first)s)
ON CONFLICT (queue, item_id) DO UPDATE
SET attempts = f.attempts + 1, reason = excluded.reason, last_tried_at = now(),
    next_attempt_at = now() + least(%(first)s * 2 ^ least(f.attempts, 20), %(longest)s)
"""


def not_set_aside(queue: str, item_id: str) -> str:
    """Return the SQL condition that an item is not set aside; `item_id` is an expression, never a value."""
    return (
        f"NOT EXISTS (SELECT 1 FROM failing_items f WHERE f.queue = '{queue}'"  # noqa: S608 - constants
        f" AND f.item_id = ({item_id})::text AND f.next_attempt_at > now())"
    )


def work_through(
    queue: str,
    items: Iterable[Item],
    item_id: Callable[[Item], object],
    work: Callable[[Item], object],
    *,
    seconds: float = 60,
) -> int:
    """Work on each item for itself and return how many succeeded; call it outside transactions.

    An item that raises is set aside. What is left after `seconds` waits for the next run. Raises the error of a
    database that does not answer any more.
    """
    succeeded, deadline = 0, time.monotonic() + seconds
    for item in items:
        try:
            work(item)
        except Exception as error:
            require_database(error)
            log.exception("item failed", queue=queue, item=str(item_id(item)))
            set_aside(queue, item_id(item), f"{type(error).__name__}: {error}")
        else:
            forget_failure(queue, item_id(item))
            succeeded += 1
        if time.monotonic() > deadline:
            break
    return succeeded


def set_aside(queue: str, item_id: object, reason: str) -> None:
    """Record that an item failed; each further failure doubles the delay, up to six hours."""
    # A reason may quote any bytes, and a text column refuses NUL and lone surrogates.
    storable = reason[:_REASON_MAX].encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
    values = {"first": FIRST_DELAY, "longest": LONGEST_DELAY}
    query(_RECORD, {"queue": queue, "item": str(item_id), "reason": storable, **values})


def without_set_aside(queue: str, items: Collection[Item], item_id: Callable[[Item], object]) -> list[Item]:
    """Return the items that are not set aside."""
    listed = list(items)
    ids = [str(item_id(item)) for item in listed]
    rows = query(
        "SELECT item_id FROM failing_items WHERE queue = %s AND item_id = ANY(%s) AND next_attempt_at > now()",
        [queue, ids],
    )
    aside = {row[0] for row in rows}
    return [item for item, each in zip(listed, ids, strict=True) if each not in aside]


def list_set_aside(queue: str) -> list[str]:
    """Return the ids of a queue's items that are set aside now."""
    rows = query("SELECT item_id FROM failing_items WHERE queue = %s AND next_attempt_at > now()", [queue])
    return [row[0] for row in rows]


def forget_failures(queue: str, item_ids: Iterable[object]) -> None:
    """Remove the failures of items that succeeded."""
    ids = [str(item_id) for item_id in item_ids]
    query("DELETE FROM failing_items WHERE queue = %s AND item_id = ANY(%s)", [queue, ids])


def forget_failure(queue: str, item_id: object) -> None:
    """Remove the failure of an item that succeeded or needs no further attempt."""
    FailingItem.delete().where((FailingItem.queue == queue) & (FailingItem.item_id == str(item_id))).execute()


def forget_old_failures() -> int:
    """Remove failures of items that no queue has had for a day, since something else settled them; return how many."""
    ended = "DELETE FROM failing_items WHERE next_attempt_at < now() - %s RETURNING queue"
    return len(query(ended, [_KEPT_AFTER_DUE]))


def try_again_now(queue: str, item_id: str) -> bool:
    """Make an item due for the next run and return whether it was set aside."""
    rows = FailingItem.update(next_attempt_at=fn.now()).where(
        (FailingItem.queue == queue) & (FailingItem.item_id == item_id)
    )
    return bool(rows.execute())


def list_failing(cursor: str | None = None) -> Page[FailingItem]:
    """Return a page of failing items, those that fail for longest first; raise CursorInvalid."""
    key = (FailingItem.created_at, FailingItem.queue, FailingItem.item_id)
    longest_first: Keyset[FailingItem] = Keyset(FailingItem.select(), *key, ascending=True)
    return longest_first.page(cursor, FAILING_PAGE)


def count_failing() -> int:
    """Count the failing items."""
    return int(FailingItem.select().count())


def require_database(error: Exception) -> None:
    """Raise the error again if the database does not answer, or writes nothing: then no item is at fault."""
    if not isinstance(error, DATABASE_ERRORS):
        return
    if is_unwritable(error):
        raise error
    try:
        query("SELECT 1")
    except DATABASE_ERRORS:
        raise error from None
