"""Send the outbox: one connection per run, each e-mail composed in the recipient's language when it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from models import MailOutbox
from portal.counters import counters
from portal.db import Actor, report_outage
from portal.logs import OutageLog, get_logger
from portal.mail import (
    AnyTransport,
    Letter,
    LetterObsolete,
    MailRefused,
    MailTransport,
    MailUnavailable,
    as_message,
    claim_letter,
    expire_letter,
    expire_letters,
    mark_dead,
    mark_sent,
    postpone,
    release_letter,
)

log = get_logger(__name__)
_server = OutageLog(log, "mail server unavailable", "mail server available again", quiet_seconds=0)

Compose = Callable[[MailOutbox], Letter]
LETTERS_PER_RUN = 500
# Letters in a row that may break the connection, and for how many seconds, before the server is at fault.
_LOSSES_MAX, _LOSSES_SECONDS = 20, 60


@dataclass(frozen=True)
class Sender:
    """The From header: an address and the name of the brand."""

    address: str
    name: str


def deliver_mail(
    transport: AnyTransport, compose: Compose, sender: Sender, actor: Actor, *, limit: int = LETTERS_PER_RUN
) -> int:
    """Send due e-mails, at most `limit`, and return the number accepted by the server.

    An unavailable server does not count as an attempt. A failing e-mail does not stop the others.
    """
    expire_letters(actor)
    if not isinstance(transport, MailTransport):
        return 0
    first = claim_letter()
    if first is None:
        return 0
    with ExitStack() as stack:
        try:
            stack.enter_context(transport)
        except MailUnavailable as error:
            _server.failed(str(error))
            counters().letters.labels("server_unavailable").inc()
            release_letter(first, str(error))
            return 0
        _server.worked()
        return _send_all(transport, first, compose, sender, actor, limit)


def _send_all(
    transport: MailTransport, first: MailOutbox, compose: Compose, sender: Sender, actor: Actor, limit: int
) -> int:
    sent, losses, letter = 0, 0, first
    began = time.monotonic()
    while True:
        limit -= 1
        sent += _send(transport, letter, compose, sender, actor)
        losses = 0 if transport.is_connected else losses + 1
        is_lost = losses >= _LOSSES_MAX or (losses > 0 and time.monotonic() - began > _LOSSES_SECONDS)
        if limit <= 0 or is_lost or not _is_reconnected(transport):
            return sent
        following = claim_letter()
        if following is None:
            return sent
        letter = following


def _is_reconnected(transport: MailTransport) -> bool:
    """Return whether the connection is open, after opening it again where a letter broke it."""
    if transport.is_connected:
        return True
    try:
        transport.connect()
    except MailUnavailable as error:
        _server.failed(str(error))
        return False
    return True


def _send(transport: MailTransport, row: MailOutbox, compose: Compose, sender: Sender, actor: Actor) -> int:
    try:
        letter = compose(row)
        message = as_message(
            letter,
            row.to_address,
            sender.address,
            sender.name,
            f"letter.{row.id}.{int(row.created_at.timestamp())}",
        )
        transport.send(message)
    except MailUnavailable as error:
        # The connection broke with this e-mail, so it counts as an attempt: one that always breaks it must end.
        log.warning("mail server connection lost", error=str(error))
        counters().letters.labels("server_unavailable").inc()
        postpone(row, str(error), actor)
        return 0
    except LetterObsolete as error:
        counters().letters.labels("expired").inc()
        expire_letter(row.id, str(error), actor)
        return 0
    except MailRefused as error:
        counters().letters.labels("refused").inc()
        (mark_dead(row.id, str(error), actor) if error.is_permanent else postpone(row, str(error), actor))
        return 0
    except Exception as error:  # an e-mail that cannot be composed must not stop the others
        if not report_outage(error):
            log.exception("letter not sent", letter_id=row.id)
        counters().letters.labels("failed").inc()
        postpone(row, f"{type(error).__name__}: {error}", actor)
        return 0
    counters().letters.labels("sent").inc()
    return int(mark_sent(row.id, actor))
