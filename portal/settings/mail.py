"""Settings of mail: the SMTP server and the sender."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, field_validator, model_validator

from portal.lib.urls import split_url
from portal.settings.core import CoreSettings
from portal.settings.types import is_host

_SENDER = re.compile(r"[!-;=?A-~]+@[^@\s<>]+\Z")
_SCHEMES = {"smtps", "smtp", "smtp+plain"}
_LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}


def _sender(value: str) -> str:
    if value and not _SENDER.match(value):
        raise ValueError("must be an address alone, such as shop@shop.example, in ASCII before the @")
    return value


class MailSettings(CoreSettings):
    """How letters are sent. Without a server, development shows them on a page."""

    smtp_url: SecretStr = SecretStr("")
    mail_from: Annotated[str, AfterValidator(_sender)] = ""

    @property
    def mail_configured(self) -> bool:
        return bool(self.smtp_url.get_secret_value())

    @property
    def shows_mail(self) -> bool:
        """Return whether a development page shows every letter."""
        return not self.is_production

    @field_validator("smtp_url")
    @classmethod
    def _check_server(cls, value: SecretStr) -> SecretStr:
        parts = split_url(value.get_secret_value())
        if value.get_secret_value() and (parts.scheme not in _SCHEMES or not is_host(parts)):
            raise ValueError("must be smtps://, smtp:// or smtp+plain:// with a host, and a port up to 65535")
        return value

    @model_validator(mode="after")
    def _check_sender(self) -> Self:
        if self.mail_configured and not self.mail_from:
            raise ValueError("MAIL_FROM must be the address letters come from when SMTP_URL is set")
        return self

    def _production_problems(self) -> Iterator[str]:
        yield from super()._production_problems()
        if self.registration_confirmation and not self.mail_configured:
            yield "REGISTRATION_CONFIRMATION needs SMTP_URL in production"
        server = urlsplit(self.smtp_url.get_secret_value())
        if server.scheme == "smtp+plain" and server.hostname not in _LOOPBACK_HOSTS:
            yield "SMTP_URL must use smtps:// or smtp:// (STARTTLS) in production"
