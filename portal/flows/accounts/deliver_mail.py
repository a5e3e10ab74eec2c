"""Send the outbox: one connection per run, each e-mail composed in the language of its reader when it is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from models import MailOutbox
from portal.db import Actor
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

log = logging.getLogger(__name__)

Compose = Callable[[MailOutbox], Letter]
MOST_A_RUN = 500


@dataclass(frozen=True)
class Sender:
    """The From header: an address and the name of the brand."""

    address: str
    name: str


def deliver_mail(
    postman: AnyPostman, compose: Compose, sender: Sender, actor: Actor, *, most: int = MOST_A_RUN
) -> int:
    """Send due e-mails and return the number accepted by the server.

    An unreachable server does not count as an attempt. A failing e-mail does not stop the others.
    """
    expire_letters(actor)
    if not isinstance(postman, Postman):
        return 0
    first = claim_letter()
    if first is None:
        return 0
    with ExitStack() as stack:
        try:
            stack.enter_context(postman)
        except MailAway as error:
            log.warning("mail server unavailable: %s", error)
            release_letter(first, str(error))
            return 0
        return _send_all(postman, first, compose, sender, actor, most)


def _send_all(
    postman: Postman, first: MailOutbox, compose: Compose, sender: Sender, actor: Actor, most: int
) -> int:
    sent, letter = 0, first
    while True:
        most -= 1
        try:
            sent += _send(postman, letter, compose, sender, actor)
        except MailAway as error:
            # The connection broke with this e-mail, so it counts as an attempt: one that always breaks it must end.
            log.warning("mail server connection lost: %s", error)
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
    except Exception as error:  # an e-mail that cannot be composed must not stop the others
        log.exception("e-mail %s cannot be sent", row.id)
        postpone(row, f"{type(error).__name__}: {error}", actor)
        return 0
    return int(mark_sent(row.id, actor))
