"""Headers every answer carries and the rate limits of public endpoints."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from portal.settings import Settings
from portal.web.requests import portal

limiter = Limiter(key_func=get_remote_address, default_limits=[], headers_enabled=True)


def install_security(app: Flask, settings: Settings) -> None:
    """Set cookie flags, rate-limit storage and response headers."""
    secure = settings.app_url.startswith("https://")
    app.config.update(
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_NAME="ring_session",
        REMEMBER_COOKIE_SECURE=secure,
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=256 * 1024,
        RATELIMIT_STORAGE_URI=settings.redis_url or "memory://",
    )
    limiter.init_app(app)
    app.after_request(_secure_headers)


def beacon_limit() -> str:
    return portal().settings.rate_limit_beacon


def sign_up_limit() -> str:
    return portal().settings.rate_limit_sign_up


def sign_in_limit() -> str:
    return portal().settings.rate_limit_sign_in


def _secure_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _content_security_policy())
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if _is_personal(response):
        response.headers.setdefault(
            "Cache-Control", "no-store" if request.path.startswith("/api/") else "private, no-cache"
        )
        response.vary.update(("HX-Request", "Cookie", "Accept-Language"))
    if portal().settings.app_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    return response


def _is_personal(response: Response) -> bool:
    """Tell whether an answer may differ by who reads it, and so has to stay out of shared caches."""
    return (
        request.endpoint != "static"
        and response.mimetype in ("text/html", "application/json")
        and not response.cache_control.public
    )


def _content_security_policy() -> str:
    # Leaving for the provider's hosted page is a form post, the one thing that goes elsewhere.
    pay = urlsplit(portal().settings.wayforpay_pay_url)
    provider = f" {pay.scheme}://{pay.netloc}" if pay.netloc else ""
    return (
        f"default-src 'self'; img-src 'self' data:; form-action 'self'{provider}; frame-ancestors 'none'; "
        "base-uri 'none'; object-src 'none'"
    )
