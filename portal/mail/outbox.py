"""The outbox: letters are stored here until an SMTP server accepts them, once as far as SMTP allows.

A sender claims a letter by moving its next attempt into the future. After a crash the letter is sent again at that
time, with the same Message-ID.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import SQL, fn

from models import MailOutbox
from portal.db import Actor, Keyset, Page, move_status, query, transaction, work_in_batches
from portal.lib.mailboxes import mailbox
from portal.lib.texts import storable
from portal.logs import get_logger
from portal.mail.limits import NOTICE, REQUESTED, LetterLimit
from portal.mail.status_rules import TRANSITIONS, LetterStatus

log = get_logger(__name__)

MOST_ATTEMPTS = 8
LEASE = timedelta(minutes=10)
_REASON_MAX = 500
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
PAGE_SIZE = 50


def queue_letter(
    kind: str,
    to_address: str,
    locale: str,
    lifetime: timedelta,
    params: dict[str, Any] | None = None,
    *,
    user_id: int | None = None,
    dedupe_key: str | None = None,
    limit: LetterLimit = REQUESTED,
) -> bool:
    """Add a letter to the outbox once per `dedupe_key`; return False if it exists or its reader has had too many.

    Call it inside the transaction of its cause, which also keeps the count of concurrent requests right. After
    `lifetime` the letter expires unsent.
    """
    reader = mailbox(to_address)
    if not _is_within(reader, limit):
        log.warning("letter not queued, its reader has had too many", kind=kind, user_id=user_id)
        return False
    added = (
        MailOutbox.insert(
            kind=kind,
            to_address=to_address,
            reader=reader,
            locale=locale,
            user_id=user_id,
            dedupe_key=dedupe_key,
            params=params or {},
            expires_at=SQL("now() + %s", [lifetime]),
        )
        .on_conflict_ignore()
        .returning(MailOutbox.id)
        .execute()
    )
    return bool(list(added))


def _is_within(reader: str, limit: LetterLimit) -> bool:
    """Return whether a reader may get another letter of the kinds that a limit counts."""
    if not limit.counts_notices:
        # Concurrent requests for one reader wait here, so that each counts the letters of the others. Notices are
        # written by transactions of several people, which could wait for each other.
        query("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"letters:{reader}"])
    ((hour, day),) = query(
        """SELECT count(*) FILTER (WHERE created_at > now() - interval '1 hour'), count(*)
           FROM mail_outbox
           WHERE reader = %s AND (kind = %s) = %s AND created_at > now() - interval '1 day'""",
        [reader, NOTICE, limit.counts_notices],
    )
    return int(hour) < limit.per_hour and int(day) < limit.per_day


def claim_letter() -> MailOutbox | None:
    """Claim the letter that has been due longest and count an attempt; return None when none is due."""
    rows = query(
        """UPDATE mail_outbox SET attempts = attempts + 1, next_attempt_at = now() + %s
           WHERE id = (SELECT id FROM mail_outbox
                       WHERE status = %s AND next_attempt_at <= now() AND expires_at > now()
                       ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
           RETURNING id""",
        [LEASE, LetterStatus.QUEUED],
    )
    return MailOutbox.get_by_id(rows[0][0]) if rows else None


def mark_sent(letter_id: int, actor: Actor) -> bool:
    """Record that the server accepted a letter; return False if it was not queued."""
    return _move(letter_id, "send", actor, sent_at=fn.now())


def mark_dead(letter_id: int, reason: str, actor: Actor) -> bool:
    """Stop trying to send a letter: it was refused permanently, or too often."""
    return _move(letter_id, "give_up", actor, last_error=storable(reason[:_REASON_MAX]))


def postpone(letter: MailOutbox, reason: str, actor: Actor) -> None:
    """Schedule the next attempt after twice the previous wait; after the last attempt mark the letter dead."""
    if letter.attempts >= MOST_ATTEMPTS:
        mark_dead(letter.id, reason, actor)
        return
    wait = min(_FIRST_WAIT * 2 ** (letter.attempts - 1), _LONGEST_WAIT)
    MailOutbox.update(
        next_attempt_at=SQL("now() + %s", [wait]), last_error=storable(reason[:_REASON_MAX])
    ).where((MailOutbox.id == letter.id) & (MailOutbox.status == LetterStatus.QUEUED)).execute()


def release_letter(letter: MailOutbox, reason: str) -> None:
    """Return a claimed letter to the queue without counting the attempt: the server was unavailable."""
    query(
        """UPDATE mail_outbox SET attempts = attempts - 1, next_attempt_at = now() + %s, last_error = %s
           WHERE id = %s AND status = %s AND attempts = %s""",
        [_FIRST_WAIT, storable(reason[:_REASON_MAX]), letter.id, LetterStatus.QUEUED, letter.attempts],
    )


def expire_letters(actor: Actor) -> int:
    """Expire the letters whose lifetime is over and return how many."""
    overdue = MailOutbox.select(MailOutbox.id).where(
        (MailOutbox.status == "queued") & (MailOutbox.expires_at <= fn.now())
    )
    return sum(_move(row.id, "expire", actor) for row in overdue.limit(1_000))


def expire_letter(letter_id: int, reason: str, actor: Actor) -> bool:
    """Expire a letter that has become obsolete."""
    return _move(letter_id, "expire", actor, last_error=storable(reason[:_REASON_MAX]))


def requeue_dead_letters(actor: Actor) -> int:
    """Queue dead letters that have not expired again, with all attempts; return how many."""
    dead = MailOutbox.select(MailOutbox.id).where(
        (MailOutbox.status == LetterStatus.DEAD) & (MailOutbox.expires_at > fn.now())
    )
    with transaction():
        return sum(
            _move(row.id, "requeue", actor, attempts=0, next_attempt_at=fn.now())
            for row in dead.order_by(MailOutbox.id)
        )


def prune_letters(days: int) -> int:
    """Delete letters older than some days that are not queued and return how many."""
    return work_in_batches(
        "letters",
        """DELETE FROM mail_outbox WHERE id IN (
               SELECT id FROM mail_outbox
               WHERE status <> 'queued' AND created_at < now() - make_interval(days => %s) LIMIT %s)
           RETURNING id""",
        [days],
    )


def get_letter(letter_id: int) -> MailOutbox:
    """Return a letter of the outbox."""
    return MailOutbox.get_by_id(letter_id)


def list_letters(cursor: str | None = None) -> Page[MailOutbox]:
    """Return a page of all letters, newest first, for development; raise CursorInvalid."""
    newest_first: Keyset[MailOutbox] = Keyset(MailOutbox.select(), MailOutbox.id)
    return newest_first.page(cursor, PAGE_SIZE)


def list_dead_letters(limit: int = 5) -> list[MailOutbox]:
    """Return the newest dead letters."""
    dead = MailOutbox.select().where(MailOutbox.status == "dead")
    return list(dead.order_by(MailOutbox.id.desc()).limit(limit))


def count_letters() -> dict[str, int]:
    """Count the letters by status."""
    return {
        status: int(count) for status, count in query("SELECT status, count(*) FROM mail_outbox GROUP BY 1")
    }


def _move(letter_id: int, verb: str, actor: Actor, **values: Any) -> bool:
    return move_status(
        MailOutbox,
        letter_id,
        TRANSITIONS[verb],
        entity="letter",
        actor=actor,
        **values,
    )
