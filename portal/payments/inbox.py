"""The inbox of provider callbacks as an admin works on it, and how many forged ones are stored."""

from __future__ import annotations

from datetime import timedelta

from peewee import fn

from models import PaymentEvent
from portal.db import Actor, Keyset, Page, query, record_event, transaction, work_in_batches
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.lib.texts import clean_line

INBOX_PAGE = 25
NOTE_MAX = 500
OUTCOMES = ("unmatched", "refused", "applied", "duplicate")
# Anyone can post to the webhook: this much of what carries no valid signature is stored.
FORGED_KEPT = timedelta(days=30)
FORGED_KEPT_A_DAY = 1_000


class CallbackUnknown(PortalError):
    code = "callback_unknown"


class CallbackClosed(PortalError):
    """The callback is not unmatched and open, or no longer; param outcome."""

    code = "callback_closed"


class NoteMissing(PortalError):
    """Closing needs a note; param at_most."""

    code = "note_missing"


def list_callbacks(status: str = "", cursor: str | None = None) -> Page[PaymentEvent]:
    """Return a page of callbacks, newest first; raise CursorInvalid.

    `status` is an outcome, `open` for unmatched ones that are not closed, `waiting` for those not applied yet.
    """
    rows = PaymentEvent.select()
    if status == "open":
        rows = rows.where((PaymentEvent.outcome == "unmatched") & PaymentEvent.closed_at.is_null())
    elif status == "waiting":
        rows = rows.where(PaymentEvent.outcome.is_null())
    elif status:
        rows = rows.where(PaymentEvent.outcome == status)
    newest_first: Keyset[PaymentEvent] = Keyset(rows, PaymentEvent.id)
    return newest_first.page(cursor, INBOX_PAGE)


def count_open_callbacks() -> int:
    """Count the unmatched callbacks that are not closed."""
    rows = PaymentEvent.select().where(
        (PaymentEvent.outcome == "unmatched") & PaymentEvent.closed_at.is_null()
    )
    return int(rows.count())


def get_callback(event_id: int) -> PaymentEvent:
    """Return a callback; raise CallbackUnknown."""
    event = PaymentEvent.get_or_none(PaymentEvent.id == event_id)
    if event is None:
        raise CallbackUnknown
    return event


def lock_callback(event_id: int) -> PaymentEvent:
    """Return a callback, locked until the transaction ends."""
    return PaymentEvent.select().where(PaymentEvent.id == event_id).for_update().get()


def require_open(event: PaymentEvent) -> None:
    """Raise CallbackClosed unless a callback is unmatched and not closed."""
    if event.outcome != "unmatched" or event.closed_at is not None:
        raise CallbackClosed(outcome="closed" if event.closed_at else event.outcome)


def decide_again(event: PaymentEvent, outcome: str, reason: str | None, actor: Actor) -> None:
    """Record the outcome of a locked open callback that an admin had applied again."""
    PaymentEvent.update(outcome=outcome, reason=reason).where(
        (PaymentEvent.id == event.id)
        & (PaymentEvent.outcome == "unmatched")
        & PaymentEvent.closed_at.is_null()
    ).execute()
    _record(event, "callback_retried", actor, to_status=outcome, reason=reason)


def close_unmatched(event_id: int, note: str, actor: Actor) -> None:
    """Close an unmatched callback with a note; the row stays.

    Raises CallbackUnknown, NoteMissing, CharacterRefused or CallbackClosed; then nothing has changed.
    """
    get_callback(event_id)
    text = clean_line(note, "note")
    if not 1 <= len(text) <= NOTE_MAX:
        raise NoteMissing(field="note", at_most=NOTE_MAX)
    with transaction():
        event = lock_callback(event_id)
        require_open(event)
        PaymentEvent.update(closed_at=fn.now(), closed_by=actor.user_id, note=text).where(
            PaymentEvent.id == event_id
        ).execute()
        _record(event, "callback_closed", actor, to_status="unmatched", reason=text)


def prune_forged() -> int:
    """Remove refused callbacks without a signature of ours: old ones, and a day's beyond the newest; return how many.

    Callbacks the provider signed stay; their bodies are cleared by `clear_callback_bodies`.
    """
    rows = query(
        """DELETE FROM payment_events WHERE id IN (
               SELECT id FROM (
                   SELECT id, received_at, row_number() OVER (PARTITION BY received_at::date ORDER BY id DESC) AS place
                   FROM payment_events WHERE outcome = 'refused' AND NOT authentic
               ) AS forged WHERE received_at < %s OR place > %s
           ) RETURNING id""",
        [utc_now() - FORGED_KEPT, FORGED_KEPT_A_DAY],
    )
    return len(rows)


def clear_callback_bodies(days: int) -> int:
    """Clear the bodies of callbacks older than some days that are decided and closed; return how many.

    Their reference, outcome and fingerprint stay, so that a repeated callback is still a duplicate.
    """
    return work_in_batches(
        "callback bodies",
        """UPDATE payment_events SET payload = '' WHERE id IN (
               SELECT id FROM payment_events
               WHERE payload <> '' AND received_at < now() - make_interval(days => %s) AND outcome IS NOT NULL
                   AND (outcome <> 'unmatched' OR closed_at IS NOT NULL) LIMIT %s)
           RETURNING id""",
        [days],
    )


def _record(event: PaymentEvent, name: str, actor: Actor, *, to_status: str, reason: str | None) -> None:
    record_event(
        actor,
        "callback",
        event.id,
        name,
        from_status=event.outcome,
        to_status=to_status,
        reason=reason,
        order_reference=event.order_reference,
    )
