"""When a store's API is asked for changed orders, and how far they are known. See docs/rules/stores.md."""

from __future__ import annotations

from datetime import datetime, timedelta

from peewee import Case, fn

from models import Store
from portal.db import database_now

POLL_EVERY = timedelta(minutes=15)
# A store commits an order later than the time it gives it: what changed shortly before is read again.
POLL_OVERLAP = timedelta(minutes=10)
RETRY_FIRST, RETRY_LONGEST = timedelta(minutes=5), timedelta(hours=6)
WEBHOOK_SILENCE = timedelta(hours=1)
_ERROR_MAX = 200


def list_due_polls() -> list[Store]:
    """Return the connected stores whose API is to be asked now, the one asked longest ago first."""
    now = database_now()
    is_due = Store.polled_at.is_null() | (Store.polled_at <= now - POLL_EVERY)
    may_ask = Store.next_poll_at.is_null() | (Store.next_poll_at <= now)
    due = (is_due | Store.next_poll_at.is_null(False)) & may_ask
    return list(
        Store.select()
        .where(Store.active & Store.api_url.is_null(False) & Store.api_credentials.is_null(False) & due)
        .order_by(Store.polled_at.asc(nulls="FIRST"), Store.id)
    )


def poll_start(store: Store) -> datetime:
    """Return since when changed orders are to be read: shortly before what is known, at first since the connection.

    An unfinished round continues where it ended.
    """
    known: datetime = store.polled_until or store.created_at
    is_unfinished = store.next_poll_at is not None and not store.poll_failures
    return known if is_unfinished else known - POLL_OVERLAP


def record_poll_progress(store_id: int, until: datetime) -> None:
    """Record that all orders changed before a time are known; the time never goes back, nor beyond the present.

    An order that a store dates in the future would hide all that change until then. Who gets on was not refused: a
    store that limits how often it is asked is not asked more rarely each time.
    """
    known = fn.LEAST(fn.GREATEST(Store.polled_until, until), fn.now())
    is_further = Store.polled_until.is_null() | (Store.polled_until < known)
    failures = Case(None, [(is_further, 0)], Store.poll_failures)
    Store.update(polled_until=known, poll_failures=failures).where(Store.id == store_id).execute()


def is_resting(store: Store) -> bool:
    """Return whether a store's API has failed and is not asked yet."""
    return store.next_poll_at is not None and store.next_poll_at > database_now()


def record_poll(store_id: int, *, is_finished: bool) -> bool:
    """Record that a store's API was read; return whether it had failed before. An unfinished one continues at once."""
    had_failed = bool(
        Store.update(poll_error=None)
        .where((Store.id == store_id) & Store.poll_error.is_null(False))
        .execute()
    )
    now = fn.now()
    next_at = None if is_finished else now
    Store.update(polled_at=now, poll_failures=0, next_poll_at=next_at).where(Store.id == store_id).execute()
    return had_failed


def record_poll_failure(store_id: int, error: str, retry_after: int | None) -> bool:
    """Record why a store's API could not be read and when it is asked again; return whether the reason is new.

    `retry_after` is the seconds that the store asks for. Without, the delay doubles with each failure up to six hours.
    """
    text = error[:_ERROR_MAX]
    store = Store.get_by_id(store_id)
    delay = min(RETRY_FIRST * 2 ** min(store.poll_failures, 20), RETRY_LONGEST)
    if retry_after is not None:
        delay = min(max(timedelta(seconds=retry_after), RETRY_FIRST), RETRY_LONGEST)
    Store.update(
        polled_at=fn.now(),
        poll_error=text,
        poll_failures=Store.poll_failures + 1,
        next_poll_at=database_now() + delay,
    ).where(Store.id == store_id).execute()
    return bool(store.poll_error != text)


def is_webhook_silent(store: Store) -> bool:
    """Return whether a store has a webhook secret, but no authentic webhook arrived for an hour."""
    since = store.webhook_seen_at or store.created_at
    return store.webhook_secret is not None and database_now() - since > WEBHOOK_SILENCE
