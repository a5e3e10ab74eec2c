"""Response headers, cookie flags, and the rate limits of public endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from flask_limiter import Limiter

from portal.payments import list_providers
from portal.runtime import current_portal
from portal.settings import Settings
from portal.web.core.access import access_of
from portal.web.core.address_limit import AddressLimit, visitor_key
from portal.web.core.cookies import (
    LastingSessions,
    PortalRequest,
    cookie_prefix,
    cookie_suffix,
    session_cookie_name,
)
from portal.web.core.current_user import current_user
from portal.web.core.limit_counters import SCHEME, LimitCounters

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def _visitor() -> str:
    return visitor_key(request.remote_addr or "")


# Reads that cost as much as a change: JSON lists, the audit, and what a secret protects.
LIMITED_READS = frozenset(
    {
        "api.products",
        "api.refcodes",
        "api.reward_queue",
        "sdk.badge",
        "admin.audit.search",
        "admin.audit.journal",
        "hooks.mint_rewards",
        "store_api.list_events",
        "store_api.get_order",
        "store_api.find_order",
    }
)


def _request_limit() -> str:
    return current_portal().settings.rate_limit_requests


def _is_cheap() -> bool:
    return request.method in ("GET", "HEAD", "OPTIONS") and request.endpoint not in LIMITED_READS


# Every change has a limit: its own, or this one, counted for each route.
limiter = Limiter(
    key_func=_visitor,
    default_limits=[_request_limit],
    default_limits_exempt_when=_is_cheap,
    headers_enabled=True,
)


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
        PORTAL_COOKIE_PREFIX=cookie_prefix(settings),
        PORTAL_COOKIE_SUFFIX=cookie_suffix(settings),
        # Unused by the portal, and Flask-Login fails on a value of another site that is not ASCII.
        REMEMBER_COOKIE_NAME=None,
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=256 * 1024,
        RATELIMIT_STORAGE_URI=f"{SCHEME}://",
        RATELIMIT_STORAGE_OPTIONS={"redis_url": settings.redis_url},
    )
    app.request_class = PortalRequest
    app.session_interface = LastingSessions()
    counters = app.extensions["limit_counters"] = LimitCounters(redis_url=settings.redis_url)
    for name, rate in {
        "beacon": settings.rate_limit_beacon,
        "store_key": settings.rate_limit_store_key,
        "refused_key": settings.rate_limit_sign_in,
    }.items():
        app.extensions[f"{name}_limit"] = AddressLimit(name, rate, counters)
    app.after_request(_keep_own_retry_after)  # Functions that are registered earlier run later.
    limiter.init_app(app)
    app.after_request(_limit_spread)


_ACCOUNT_LIMITS: dict[str, Callable[[Settings], str]] = {
    "orders": lambda settings: settings.rate_limit_orders,
    "payments": lambda settings: settings.rate_limit_payments,
    "account": lambda settings: settings.rate_limit_account,
    "exports": lambda settings: settings.rate_limit_exports,
}


def limit_account(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Limit the requests of one account by the setting `rate_limit_<name>`, whatever addresses they come from.

    All views of a name share one count. Use it below the declared access: only signed-in people have an account.
    """
    return limiter.shared_limit(
        lambda: _ACCOUNT_LIMITS[name](current_portal().settings),
        scope=name,
        key_func=lambda: f"account:{current_user().id}",
    )


def _delivery() -> str:
    """Return whose delivery it is and the address it comes from; providers send all callbacks from a few."""
    named = request.view_args or {}
    return f"{named.get('store_key') or named.get('provider', '')}:{_visitor()}"


def limit_deliveries(view: Callable[..., Any]) -> Callable[..., Any]:
    """Limit what one sender delivers to one store, or as one payment provider: a flood stops no other sender."""
    return limiter.shared_limit(
        lambda: current_portal().settings.rate_limit_hooks,
        scope="hooks",
        key_func=_delivery,
    )(view)


def sign_up_limit() -> str:
    return current_portal().settings.rate_limit_sign_up


def proof_limit() -> str:
    return current_portal().settings.rate_limit_proof


def sign_in_limit() -> str:
    return current_portal().settings.rate_limit_sign_in


class CommonHeaders:
    """WSGI middleware: add the security headers to every response: pages, static files, 304s and errors alike."""

    def __init__(self, application: WSGIApplication, settings: Settings) -> None:
        self._application = application
        self._settings = settings

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            present = {name.lower() for name, _value in headers}
            common = common_headers(self._settings)
            if "content-security-policy" in present:  # its frame-ancestors decide
                del common["X-Frame-Options"]
            missing = [pair for pair in common.items() if pair[0].lower() not in present]
            return start_response(status, [*headers, *missing], exc_info)

        return self._application(environ, start)


def common_headers(settings: Settings) -> dict[str, str]:
    """Return the headers of every response; a response that sets one of them itself keeps its own."""
    headers = {
        "Content-Security-Policy": _content_security_policy(settings),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Frame-Options": "DENY",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if settings.app_url.startswith("https://"):
        subdomains = "; includeSubDomains" if settings.hsts_include_subdomains else ""
        headers["Strict-Transport-Security"] = f"max-age=31536000{subdomains}"
    return headers


def _keep_own_retry_after(response: Response) -> Response:
    """Undo the limiter's Retry-After where no limit was reached: it would say so on every response."""
    if response.status_code != 429:
        own = g.own_retry_after if "own_retry_after" in g else None
        response.headers.pop("Retry-After", None)
        if own is not None:
            response.headers["Retry-After"] = own
    return response


def _limit_spread(response: Response) -> Response:
    """Keep private responses out of caches, and addresses with a token out of referrers."""
    g.own_retry_after = response.headers.get("Retry-After")
    if "token" in (request.view_args or {}):
        response.headers.setdefault("Referrer-Policy", "no-referrer")
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
