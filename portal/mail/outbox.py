"""The outbox: letters wait here until an SMTP server has taken them, once as far as SMTP allows.

Whoever sends takes a letter by pushing its next attempt into the future; a crash in between lets it wait that long
and then go out again under the same Message-ID.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import SQL, fn

from models import MailOutbox
from portal.db import Actor, move_status, query, transaction
from portal.mail.status_rules import TRANSITIONS, LetterStatus

MOST_ATTEMPTS = 8
LEASE = timedelta(minutes=10)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
_KEPT = timedelta(days=30)
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
) -> bool:
    """Leave a letter in the outbox once per `dedupe_key`; return whether it is new.

    Call it inside the transaction of its cause. After `lifetime` it is not worth sending any more.
    """
    added = (
        MailOutbox.insert(
            kind=kind,
            to_address=to_address,
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


def claim_letter() -> MailOutbox | None:
    """Take the letter that has waited longest for its turn, None when nothing is due; counts an attempt."""
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
    """Note that a server took a letter; False when it was not waiting."""
    return _move(letter_id, "send", actor, sent_at=fn.now())


def mark_dead(letter_id: int, why: str, actor: Actor) -> bool:
    """Give a letter up: refused for good, or tried often enough."""
    return _move(letter_id, "give_up", actor, last_error=why[:500])


def postpone(letter: MailOutbox, why: str, actor: Actor) -> None:
    """Let a letter wait twice as long as the time before; after the last attempt give it up."""
    if letter.attempts >= MOST_ATTEMPTS:
        mark_dead(letter.id, why, actor)
        return
    wait = min(_FIRST_WAIT * 2 ** (letter.attempts - 1), _LONGEST_WAIT)
    MailOutbox.update(next_attempt_at=SQL("now() + %s", [wait]), last_error=why[:500]).where(
        (MailOutbox.id == letter.id) & (MailOutbox.status == LetterStatus.QUEUED)
    ).execute()


def release_letter(letter: MailOutbox, why: str) -> None:
    """Give back a letter that was taken and not tried: the server is away, which is not the letter's fault."""
    query(
        """UPDATE mail_outbox SET attempts = attempts - 1, next_attempt_at = now() + %s, last_error = %s
           WHERE id = %s AND status = %s AND attempts = %s""",
        [_FIRST_WAIT, why[:500], letter.id, LetterStatus.QUEUED, letter.attempts],
    )


def expire_letters(actor: Actor) -> int:
    """Set aside the letters that nobody needs any more and return how many."""
    late = MailOutbox.select(MailOutbox.id).where(
        (MailOutbox.status == "queued") & (MailOutbox.expires_at <= fn.now())
    )
    return sum(_move(row.id, "expire", actor) for row in late.limit(1_000))


def set_aside(letter_id: int, why: str, actor: Actor) -> bool:
    """Leave a letter unsent because what it would tell no longer holds."""
    return _move(letter_id, "expire", actor, last_error=why[:500])


def requeue_dead_letters(actor: Actor) -> int:
    """Let dead letters that are still worth sending try again from the start; return how many."""
    dead = MailOutbox.select(MailOutbox.id).where(
        (MailOutbox.status == LetterStatus.DEAD) & (MailOutbox.expires_at > fn.now())
    )
    with transaction():
        return sum(
            _move(row.id, "requeue", actor, attempts=0, next_attempt_at=fn.now())
            for row in dead.order_by(MailOutbox.id)
        )


def prune_letters() -> int:
    """Delete what was sent or set aside a month ago and return how many; dead letters stay as long."""
    over = (MailOutbox.status != "queued") & (MailOutbox.created_at < SQL("now() - %s", [_KEPT]))
    return int(MailOutbox.delete().where(over).execute())


def get_letter(letter_id: int) -> MailOutbox:
    """Return a letter."""
    return MailOutbox.get_by_id(letter_id)


def list_letters(before_id: int | None = None) -> list[MailOutbox]:
    """Return the letters of everybody, newest first, at most a page: for development."""
    rows = MailOutbox.select().where(MailOutbox.id < before_id) if before_id else MailOutbox.select()
    return list(rows.order_by(MailOutbox.id.desc()).limit(PAGE_SIZE))


def list_dead_letters(limit: int = 5) -> list[MailOutbox]:
    """Return the newest letters that were given up."""
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
