"""Send one letter at once, so that an admin sees what the mail server answers."""

from __future__ import annotations

from uuid import uuid4

from portal.db import Actor, record_event
from portal.lib.errors import PortalError
from portal.mail import Letter, MailTransport, as_message, parse_server_url
from portal.settings import Settings

# A browser waits for the answer.
_TIMEOUT_SECONDS = 8


class MailServerMissing(PortalError):
    """No mail server is configured."""

    code = "mail_server_missing"


class MailAddressMissing(PortalError):
    """The account has no e-mail address."""

    code = "mail_address_missing"


def try_mail_server(letter: Letter, to: str | None, settings: Settings, actor: Actor) -> str:
    """Send a letter past the outbox and return its address.

    Raises MailServerMissing, MailAddressMissing, MailUnavailable or MailRefused.
    """
    if not settings.mail_configured:
        raise MailServerMissing
    if not to:
        raise MailAddressMissing
    address = parse_server_url(settings.smtp_url.get_secret_value())
    message = as_message(letter, to, settings.mail_from, settings.brand_name, f"test-{uuid4().hex}")
    with MailTransport(address, timeout_seconds=_TIMEOUT_SECONDS) as transport:
        transport.send(message)
    record_event(actor, "settings", "mail", "mail_server_tried")
    return to
