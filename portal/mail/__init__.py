"""Letters: an outbox written in the transaction of its cause, and a postman who carries it to an SMTP server.

`outbox` keeps the letters, `postman` sends one, `letter` says what one consists of. The words are made when a
letter leaves, by whoever speaks the reader's language: `portal.web.text.letters`.
"""

from portal.mail.letter import Letter, LetterPointless, as_message
from portal.mail.outbox import (
    claim_letter,
    count_letters,
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
    set_aside,
)
from portal.mail.postman import (
    AnyPostman,
    MailAway,
    MailRefused,
    NoPostman,
    Postman,
    PostmanAddress,
    address_of,
    open_postman,
)

__all__ = [
    "AnyPostman",
    "Letter",
    "LetterPointless",
    "MailAway",
    "MailRefused",
    "NoPostman",
    "Postman",
    "PostmanAddress",
    "address_of",
    "as_message",
    "claim_letter",
    "count_letters",
    "expire_letters",
    "get_letter",
    "list_dead_letters",
    "list_letters",
    "mark_dead",
    "mark_sent",
    "open_postman",
    "postpone",
    "prune_letters",
    "queue_letter",
    "release_letter",
    "requeue_dead_letters",
    "set_aside",
]
