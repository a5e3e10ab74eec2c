"""E-mail: an outbox that is written in the transaction of its cause, and a transport to an SMTP server.

`outbox` stores letters, `transport` sends them and `letter` builds the message. The text is written in the recipient's
language when a letter is sent, by `portal.web.text.letters`.
"""

from portal.mail.letter import Letter, LetterObsolete, as_message
from portal.mail.limits import NOTICE, NOTICES, UNCONFIRMED_NOTICES
from portal.mail.outbox import (
    claim_letter,
    count_letters,
    expire_letter,
    expire_letters,
    get_letter,
    list_dead_letters,
    list_letters,
    mark_dead,
    mark_sent,
    postpone,
    prune_letters,
    queue_letter,
    release_letter,
    requeue_dead_letters,
)
from portal.mail.transport import (
    AnyTransport,
    MailRefused,
    MailTransport,
    MailUnavailable,
    NoTransport,
    ServerAddress,
    open_transport,
    parse_server_url,
)

__all__ = [
    "NOTICE",
    "NOTICES",
    "UNCONFIRMED_NOTICES",
    "AnyTransport",
    "Letter",
    "LetterObsolete",
    "MailRefused",
    "MailTransport",
    "MailUnavailable",
    "NoTransport",
    "ServerAddress",
    "as_message",
    "claim_letter",
    "count_letters",
    "expire_letter",
    "expire_letters",
    "get_letter",
    "list_dead_letters",
    "list_letters",
    "mark_dead",
    "mark_sent",
    "open_transport",
    "parse_server_url",
    "postpone",
    "prune_letters",
    "queue_letter",
    "release_letter",
    "requeue_dead_letters",
]
