"""Send messages to an SMTP server, over TLS unless configured otherwise."""

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


class MailUnavailable(PortalError):
    """The server cannot be reached or accepts no mail now; no message was tried."""

    code = "mail_unavailable"


class MailRefused(PortalError):
    """The server refused one message; with `is_permanent` another attempt is pointless."""

    code = "mail_refused"

    def __init__(self, reason: str, *, is_permanent: bool) -> None:
        super().__init__(reason)
        self.is_permanent = is_permanent


@dataclass(frozen=True)
class ServerAddress:
    """An SMTP server: `smtps` uses TLS from the start, `smtp` requires STARTTLS, `smtp+plain` is unencrypted."""

    scheme: str
    host: str
    port: int
    user: str
    password: str


def parse_server_url(url: str) -> ServerAddress:
    """Return the parts of `smtps://user:password@host:port`; raise ValueError with the reason for an invalid URL."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("must be smtps://, smtp:// or smtp+plain:// with a host")
    port = parts.port or _PORTS[parts.scheme]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return ServerAddress(parts.scheme, parts.hostname, port, user, password)


class MailTransport:
    """One connection to an SMTP server; use it as a context manager."""

    configured = True

    def __init__(
        self,
        address: ServerAddress,
        tls: ssl.SSLContext | None = None,
        *,
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._address, self._timeout_seconds = address, timeout_seconds
        self._tls = tls or ssl.create_default_context()
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        """Connect and sign in. Raises MailUnavailable."""
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            with suppress(smtplib.SMTPException, OSError):
                self._server.quit()
            self._server.close()
            self._server = None

    def connect(self) -> None:
        """Open a connection, again after one was lost, and sign in. Raises MailUnavailable."""
        try:
            self._server = self._connect()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise MailUnavailable(_reason(error)) from error

    @property
    def is_connected(self) -> bool:
        """Return whether the connection has not been lost, as far as known."""
        return self._server is not None and self._server.sock is not None

    def send(self, message: EmailMessage) -> None:
        """Send one message. Raises MailRefused, or MailUnavailable when the connection is lost."""
        assert self._server, "the transport is not connected"
        try:
            self._server.send_message(message)
        except smtplib.SMTPNotSupportedError as error:
            raise MailRefused(_reason(error), is_permanent=True) from error
        except smtplib.SMTPRecipientsRefused as error:
            code, reason = next(iter(error.recipients.values()))
            raise MailRefused(f"{code} {_text(reason)}", is_permanent=code in _PERMANENT) from error
        except smtplib.SMTPResponseException as error:
            # A refused sender is a wrong setting: the letters stay queued for the operator.
            is_permanent = error.smtp_code in _PERMANENT and not isinstance(error, smtplib.SMTPSenderRefused)
            raise MailRefused(_reason(error), is_permanent=is_permanent) from error
        except (smtplib.SMTPException, OSError) as error:
            self._server.close()
            raise MailUnavailable(_reason(error)) from error
        except BaseException:
            # The server may be in the middle of this message: the next one needs a new connection.
            self._server.close()
            raise

    def _connect(self) -> smtplib.SMTP:
        address = self._address
        if address.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                address.host,
                address.port,
                timeout=self._timeout_seconds,
                context=self._tls,
                local_hostname=_host_name(),
            )
        else:
            server = smtplib.SMTP(
                address.host, address.port, timeout=self._timeout_seconds, local_hostname=_host_name()
            )
        try:
            if address.scheme == "smtp":
                server.starttls(context=self._tls)
            server.ehlo_or_helo_if_needed()
            if address.user:
                server.login(address.user, address.password)
        except BaseException:
            server.close()
            raise
        return server


class NoTransport:
    """No server is configured: letters stay in the outbox until they expire."""

    configured = False


AnyTransport = MailTransport | NoTransport


def open_transport(url: str, *, timeout_seconds: float = _TIMEOUT_SECONDS) -> AnyTransport:
    """Return a transport to the server of a URL, or NoTransport for an empty one."""
    return MailTransport(parse_server_url(url), timeout_seconds=timeout_seconds) if url else NoTransport()


def _host_name() -> str:
    # The default of smtplib, getfqdn, may wait seconds for the name server.
    return socket.gethostname() or "localhost"


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return f"{type(error).__name__}: {error}"


def _text(reason: bytes | str) -> str:
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
