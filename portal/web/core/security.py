"""Response headers, cookie flags, and the rate limits of public endpoints."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter

from portal.payments import list_providers
from portal.runtime import current_portal
from portal.settings import Settings
from portal.web.core.access import access_of
from portal.web.core.address_limit import REDIS_OPTIONS, AddressLimit, visitor_key
from portal.web.core.cookies import LastingSessions, PortalRequest, cookie_suffix, session_cookie_name


def _visitor() -> str:
    return visitor_key(request.remote_addr or "")


limiter = Limiter(key_func=_visitor, default_limits=[], headers_enabled=True)


def install_security(app: Flask, settings: Settings) -> None:
    """Set cookie flags, rate-limit storage and response headers."""
    secure = settings.app_url.startswith("https://")
    app.config.update(
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_NAME=session_cookie_name(settings),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_total_hours),
        PORTAL_COOKIE_SUFFIX=cookie_suffix(settings),
        # Unused by the portal, and Flask-Login fails on a value of another site that is not ASCII.
        REMEMBER_COOKIE_NAME=None,
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=256 * 1024,
        RATELIMIT_STORAGE_URI=settings.redis_url or "memory://",
        RATELIMIT_STORAGE_OPTIONS=REDIS_OPTIONS if settings.redis_url else {},
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
    )
    app.request_class = PortalRequest
    app.session_interface = LastingSessions()
    app.extensions["beacon_limit"] = AddressLimit("beacon", settings.rate_limit_beacon, settings.redis_url)
    limiter.init_app(app)
    app.after_request(_secure_headers)


def sign_up_limit() -> str:
    return current_portal().settings.rate_limit_sign_up


def sign_in_limit() -> str:
    return current_portal().settings.rate_limit_sign_in


def common_headers(settings: Settings) -> dict[str, str]:
    """Return the headers of every response."""
    headers = {
        "Content-Security-Policy": _content_security_policy(settings),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Frame-Options": "DENY",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if settings.app_url.startswith("https://"):
        subdomains = "; includeSubDomains" if settings.hsts_include_subdomains else ""
        headers["Strict-Transport-Security"] = f"max-age=31536000{subdomains}"
    return headers


def _secure_headers(response: Response) -> Response:
    # A URL with a token must not leak as a referrer.
    if "token" in (request.view_args or {}):
        response.headers.setdefault("Referrer-Policy", "no-referrer")
    for name, value in common_headers(current_portal().settings).items():
        response.headers.setdefault(name, value)
    if _is_personal(response):
        response.headers.setdefault("Cache-Control", "no-store" if _is_private() else "private, no-cache")
        response.vary.update(("HX-Request", "Cookie", "Accept-Language"))
    return response


def _is_personal(response: Response) -> bool:
    """Return whether a response may differ per reader, so that shared caches must not store it."""
    if request.endpoint == "static" or response.cache_control.public:
        return False
    return response.mimetype in ("text/html", "application/json") or _is_private()


def _is_private() -> bool:
    """Return whether a response is private, so that browsers must not store it."""
    if request.path.startswith("/api/"):
        return True
    endpoint = request.endpoint
    return endpoint is not None and (
        access_of(current_app, endpoint).audience != "public" or endpoint.startswith("account.")
    )


def _content_security_policy(settings: Settings) -> str:
    # Exceptions to this origin: the browser on its way to a payment provider, and a logo on another host.
    origins = [origin for provider in list_providers(settings) for origin in provider.form_origins()]
    forms = " ".join(dict.fromkeys(["'self'", *origins]))
    images = " ".join(filter(None, ("'self' data:", _origin(settings.brand_logo_url))))
    return (
        f"default-src 'self'; img-src {images}; form-action {forms}; frame-ancestors 'none'; "
        "base-uri 'none'; object-src 'none'"
    )


def _origin(url: str) -> str:
    """Return the scheme and host of a URL, "" for a path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
