"""Send what waits in the outbox: one connection a run, each letter worded in its reader's language as it leaves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from models import MailOutbox
from portal.db import Actor
from portal.logs import get_logger
from portal.mail import (
    AnyPostman,
    Letter,
    LetterPointless,
    MailAway,
    MailRefused,
    Postman,
    as_message,
    claim_letter,
    expire_letters,
    mark_dead,
    mark_sent,
    postpone,
    release_letter,
    set_aside,
)

log = get_logger(__name__)

Compose = Callable[[MailOutbox], Letter]
MOST_A_RUN = 500


@dataclass(frozen=True)
class Sender:
    """Whom letters are from: an address, and the brand's name before it."""

    address: str
    name: str


def deliver_mail(
    postman: AnyPostman, compose: Compose, sender: Sender, actor: Actor, *, most: int = MOST_A_RUN
) -> int:
    """Send what is due and return how many letters a server took.

    A server that cannot be reached costs no letter an attempt. What one letter does wrong never stops the others.
    """
    expire_letters(actor)
    if not isinstance(postman, Postman):
        return 0
    first = claim_letter()
    if first is None:
        return 0
    with ExitStack() as trip:
        try:
            trip.enter_context(postman)
        except MailAway as error:
            log.warning("mail server unavailable", error=str(error))
            release_letter(first, str(error))
            return 0
        return _go_round(postman, first, compose, sender, actor, most)


def _go_round(
    postman: Postman, first: MailOutbox, compose: Compose, sender: Sender, actor: Actor, most: int
) -> int:
    sent, letter = 0, first
    while True:
        most -= 1
        try:
            sent += _send(postman, letter, compose, sender, actor)
        except MailAway as error:
            # The connection broke on this letter, so it counts as tried: one that breaks every time must end.
            log.warning("mail server connection lost", error=str(error))
            postpone(letter, str(error), actor)
            return sent
        following = claim_letter() if most > 0 else None
        if following is None:
            return sent
        letter = following


def _send(postman: Postman, row: MailOutbox, compose: Compose, sender: Sender, actor: Actor) -> int:
    try:
        letter = compose(row)
        message = as_message(
            letter,
            row.to_address,
            sender.address,
            sender.name,
            f"letter.{row.id}.{int(row.created_at.timestamp())}",
        )
        postman.send(message)
    except MailAway:
        raise
    except LetterPointless as error:
        set_aside(row.id, str(error), actor)
        return 0
    except MailRefused as error:
        (mark_dead(row.id, str(error), actor) if error.for_good else postpone(row, str(error), actor))
        return 0
    except Exception as error:  # one letter that cannot be worded must not hold up the others
        log.exception("letter not sent", letter_id=row.id)
        postpone(row, f"{type(error).__name__}: {error}", actor)
        return 0
    return int(mark_sent(row.id, actor))
