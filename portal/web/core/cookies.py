"""Names and values of cookies, which share a host with whatever else runs there or on its parent domains."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Request, current_app, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.http import parse_cookie
from werkzeug.utils import cached_property

from portal.lib.signing import timed_serializer
from portal.settings import Settings

if TYPE_CHECKING:
    from flask import Flask, Response
    from flask.sessions import SecureCookieSession, SessionMixin

_DEFAULT_PORTS = {None, 80, 443}


def cookie_suffix(settings: Settings) -> str:
    """Return what distinguishes the cookies of portals on one host: browsers share cookies between ports.

    It is empty on a default port, where a host has one portal.
    """
    if urlsplit(settings.app_url).port in _DEFAULT_PORTS:
        return ""
    identity = f"{settings.app_url}\n{settings.secret_key.get_secret_value()}"
    return f"_{hashlib.sha256(identity.encode()).hexdigest()[:8]}"


def cookie_prefix(settings: Settings) -> str:
    """Return `__Host-` under HTTPS, so that no other host of the domain can set the cookie."""
    return "__Host-" if settings.app_url.startswith("https://") else ""


def session_cookie_name(settings: Settings) -> str:
    """Return the name of the session cookie."""
    return f"{cookie_prefix(settings)}ring_session{cookie_suffix(settings)}"


def own_cookie_name(name: str) -> str:
    """Return the name that this portal uses for one of its cookies."""
    prefix: str = current_app.config["PORTAL_COOKIE_PREFIX"]
    suffix: str = current_app.config["PORTAL_COOKIE_SUFFIX"]
    return f"{prefix}{name}{suffix}"


def valid_cookie(name: str, is_valid: Callable[[str], bool]) -> str | None:
    """Return the first valid value of a cookie, or None.

    A parent domain can set a cookie of the same name, and browsers send both in an order that depends on their age.
    """
    return next(filter(is_valid, request.cookies.getlist(name)), None)


class PortalRequest(Request):
    """A request whose cookies are split at semicolons first, and whose body without a length is not cut at the limit.

    A lone quote of one cookie hides no other.
    """

    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        parts = ";".join(self.headers.getlist("Cookie")).split(";")
        return ImmutableMultiDict([pair for part in parts for pair in parse_cookie(part).items(multi=True)])

    def get_data(self, *arguments: Any, **options: Any) -> Any:
        """Return the body; raise RequestEntityTooLarge for a chunked one that reaches the limit.

        Werkzeug stops reading there, and the beginning of a body is no body.
        """
        data = super().get_data(*arguments, **options)
        limit = self.max_content_length
        if not self.content_length and limit is not None and len(data) >= limit:
            raise RequestEntityTooLarge
        return data


class LastingSessions(SecureCookieSessionInterface):
    """Sessions that outlive the browser window; the server decides when a sign-in ends (docs/accounts.md)."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return the serializer; it still reads what the previous release has signed with SHA-1."""
        if not app.secret_key:
            return None
        return timed_serializer(
            app.secret_key,
            self.salt,
            serializer=self.serializer,
            signer_kwargs={"key_derivation": self.key_derivation, "digest_method": hashlib.sha256},
            fallback_signers=[{"key_derivation": self.key_derivation, "digest_method": hashlib.sha1}],
        )

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the first session that this portal has signed, else an empty one."""
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            return None
        max_age = int(app.permanent_session_lifetime.total_seconds())
        for value in request.cookies.getlist(self.get_cookie_name(app)):
            try:
                return self.session_class(serializer.loads(value, max_age=max_age))
            except BadSignature:
                continue
        return self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie with its lifetime when the session has changed."""
        if response.cache_control.public and not session.modified:
            return  # The same for everyone: caches need not tell readers apart.
        serializer = self.get_signing_serializer(app)
        if not session or not session.modified or serializer is None:
            super().save_session(app, session, response)
            return
        response.vary.add("Cookie")
        response.set_cookie(
            self.get_cookie_name(app),
            serializer.dumps(dict(session)),
            max_age=app.permanent_session_lifetime,
            path=self.get_cookie_path(app),
            secure=self.get_cookie_secure(app),
            httponly=self.get_cookie_httponly(app),
            samesite=self.get_cookie_samesite(app),
        )
