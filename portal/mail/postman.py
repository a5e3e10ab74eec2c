"""Carry letters to an SMTP server, over TLS unless the operator says otherwise; none configured, no postman."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from portal.lib.errors import PortalError

_TIMEOUT_SECONDS = 20
_PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
_PERMANENT = range(500, 600)


class MailAway(PortalError):
    """The server cannot be reached, or takes no letters from us just now: none was tried."""

    code = "mail_away"


class MailRefused(PortalError):
    """The server refused this one letter; `for_good` when trying again is pointless."""

    code = "mail_refused"

    def __init__(self, reason: str, *, for_good: bool) -> None:
        super().__init__(reason)
        self.for_good = for_good


@dataclass(frozen=True)
class PostmanAddress:
    """A server: `smtps` speaks TLS from the start, `smtp` insists on STARTTLS, `smtp+plain` does without."""

    scheme: str
    host: str
    port: int
    user: str
    password: str


def address_of(url: str) -> PostmanAddress:
    """Return the parts of `smtps://user:password@host:port`; raise ValueError saying what is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("must be smtps://, smtp:// or smtp+plain:// with a host")
    port = parts.port or _PORTS[parts.scheme]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return PostmanAddress(parts.scheme, parts.hostname, port, user, password)


class Postman:
    """One connection to the server; use it as a context manager."""

    configured = True

    def __init__(self, address: PostmanAddress, tls: ssl.SSLContext | None = None) -> None:
        self._address = address
        self._tls = tls or ssl.create_default_context()
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        """Connect and sign in; raise MailAway."""
        try:
            self._server = self._connect()
        except (smtplib.SMTPException, OSError) as error:
            raise MailAway(_words(error)) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            with suppress(smtplib.SMTPException, OSError):
                self._server.quit()
            self._server.close()
            self._server = None

    def send(self, message: EmailMessage) -> None:
        """Hand one letter over; raise MailRefused, or MailAway when the connection is gone."""
        assert self._server, "the postman has not set out"
        try:
            self._server.send_message(message)
        except smtplib.SMTPServerDisconnected as error:
            raise MailAway(_words(error)) from error
        except smtplib.SMTPRecipientsRefused as error:
            code, reason = next(iter(error.recipients.values()))
            raise MailRefused(f"{code} {_text(reason)}", for_good=code in _PERMANENT) from error
        except smtplib.SMTPResponseException as error:
            # A sender that the server does not take is our own setting: the letters wait for the operator.
            for_good = error.smtp_code in _PERMANENT and not isinstance(error, smtplib.SMTPSenderRefused)
            raise MailRefused(_words(error), for_good=for_good) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailAway(_words(error)) from error

    def _connect(self) -> smtplib.SMTP:
        to = self._address
        if to.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                to.host, to.port, timeout=_TIMEOUT_SECONDS, context=self._tls, local_hostname=_own_name()
            )
        else:
            server = smtplib.SMTP(to.host, to.port, timeout=_TIMEOUT_SECONDS, local_hostname=_own_name())
        try:
            if to.scheme == "smtp":
                server.starttls(context=self._tls)
            if to.user:
                server.login(to.user, to.password)
        except BaseException:
            server.close()
            raise
        return server


class NoPostman:
    """No server is configured: letters wait in the outbox until they expire."""

    configured = False


AnyPostman = Postman | NoPostman


def open_postman(url: str) -> AnyPostman:
    """Return a postman for a server's URL, or the one who is not there."""
    return Postman(address_of(url)) if url else NoPostman()


def _own_name() -> str:
    # getfqdn, the library's own choice, may ask the name server for seconds.
    return socket.gethostname() or "localhost"


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return f"{type(error).__name__}: {error}"


def _text(reason: bytes | str) -> str:
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
