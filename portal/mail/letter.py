"""What a letter consists of once it is worded, and the message that travels."""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from portal.lib.clock import utc_now
from portal.lib.errors import PortalError


class LetterPointless(PortalError):
    """What the letter would tell no longer holds, so it stays unsent: a link that was used, an account gone."""

    code = "letter_pointless"


@dataclass(frozen=True)
class Letter:
    """A worded letter; `unsubscribe_url` is given where the reader may decline letters of its kind."""

    subject: str
    text: str
    html: str
    unsubscribe_url: str | None = None


def as_message(letter: Letter, to: str, sender: str, sender_name: str, message_id: str) -> EmailMessage:
    """Return the message for one reader; raise ValueError for an address that could not be a header.

    The Message-ID is the outbox row's own, so that a letter sent twice shows as one (RFC 5322).
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=sender_name, addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(utc_now())
    message["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message
