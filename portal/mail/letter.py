"""The content of a letter and the message built from it."""

from __future__ import annotations

from dataclasses import dataclass
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime

from portal.lib.clock import utc_now
from portal.lib.errors import PortalError

_LINE = 76


class _LetterPolicy(EmailPolicy):
    """The policy of SMTP with whole subjects: its folding loses or doubles spaces beside encoded words."""

    def fold(self, name: str, value: str) -> str:
        if name.lower() != "subject" or value.isascii():
            return str(super().fold(name, value))
        encoded = Header(str(value), "utf-8", maxlinelen=_LINE, header_name=name).encode(linesep=self.linesep)
        return f"{name}: {encoded}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() != "subject":
            return super().fold_binary(name, value)
        return self.fold(name, value).encode("ascii")


_POLICY = _LetterPolicy() + SMTP


class LetterObsolete(PortalError):
    """The letter is obsolete, for example because its link was used, and must not be sent."""

    code = "letter_obsolete"


@dataclass(frozen=True)
class Letter:
    """The content of a letter; `unsubscribe_url` is set for letters that the recipient may decline."""

    subject: str
    text: str
    html: str
    unsubscribe_url: str | None = None


def as_message(letter: Letter, to: str, sender: str, sender_name: str, message_id: str) -> EmailMessage:
    """Return the message to one recipient; raise ValueError for an address that no header can hold.

    `message_id` comes from the outbox row, so that a letter sent twice has the same Message-ID (RFC 5322).
    """
    message = EmailMessage(policy=_POLICY)
    sender = _with_ascii_domain(sender)
    message["From"] = Address(display_name=sender_name, addr_spec=sender)
    message["To"] = _recipient(_with_ascii_domain(to))
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


def _recipient(address: str) -> Address:
    local, _, domain = address.rpartition("@")
    # The parser refuses letters beyond ASCII before the @; servers with SMTPUTF8 accept them.
    return Address(addr_spec=address) if local.isascii() else Address(username=local, domain=domain)


def _with_ascii_domain(address: str) -> str:
    """Return an address with its domain as `xn--`, which every server accepts; raise ValueError for no domain."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    from portal.lib.email_syntax import read_email  # noqa: PLC0415

    return f"{local}@{read_email(f'any@{domain}').ascii_domain}"
