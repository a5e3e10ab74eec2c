"""The checks of `flask doctor` that talk to other servers: mail, Redis, the rate source, and the portal itself."""

from __future__ import annotations

import json
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

from portal.cli.findings import Finding, failure
from portal.lib import http
from portal.lib.clock import utc_now
from portal.mail import MailTransport, MailUnavailable, open_transport
from portal.rewards.rates import NBU, RateUnreadable, fetch_nbu_rate
from portal.settings import Settings
from portal.web.core.address_limit import is_redis_available
from portal.web.health.probe import HEADER, new_probe, read_probe

_SECONDS = 5
_MAIL_SECONDS = 10
# A proxy that buffers waits for the whole body; the portal itself answers this request before it arrives.
_HALF_A_BODY = b"half"


def check_mail_server(settings: Settings) -> Iterator[Finding]:
    """Connect to the SMTP server, with TLS and sign-in as configured; nothing is sent."""
    transport = open_transport(settings.smtp_url.get_secret_value(), timeout_seconds=_MAIL_SECONDS)
    if not isinstance(transport, MailTransport):
        yield Finding("mail", "not_configured", "set SMTP_URL and MAIL_FROM; letters wait")
        return
    try:
        with transport:
            yield Finding("mail", "ok")
    except MailUnavailable as error:
        yield failure("mail", "unavailable", f"check SMTP_URL and the server: {error}. Letters wait")


def check_redis(settings: Settings) -> Iterator[Finding]:
    if not settings.redis_url:
        return
    if is_redis_available(settings.redis_url):
        yield Finding("redis", "ok")
    else:
        yield failure(
            "redis", "unavailable", "check REDIS_URL and the server; each process counts its own limits"
        )


def check_rate_source(settings: Settings) -> Iterator[Finding]:
    if settings.referral_rate_source != NBU:
        return
    try:
        rate = fetch_nbu_rate(settings.nbu_rate_url, utc_now().astimezone(settings.timezone).date())
    except RateUnreadable as error:
        yield failure("rate", "unavailable", f"check NBU_RATE_URL: {error}. Rewards of orders in UAH fail")
    else:
        yield Finding("rate", f"{rate} UAH per USD")


def check_portal(settings: Settings) -> Iterator[Finding]:
    """Call the portal at its own address, through the proxies that visitors pass."""
    url = settings.app_url
    probe = new_probe(settings.secret_key.get_secret_value())
    try:
        alive = http.get(f"{url}/healthz", timeout=_SECONDS, headers={HEADER: probe})
        ready = http.get(f"{url}/readyz", timeout=_SECONDS, headers={HEADER: probe})
    except http.HttpFailed as error:
        yield failure("portal", "does not answer", f"start it, or check APP_URL ({url}). {error}")
        return
    if not _is_portal(alive):
        why = f"A proxy or another program answers, with status {alive.status}."
        yield failure("portal", "does not answer", f"start it, or check APP_URL ({url}). {why}")
        return
    seen = read_probe(alive.headers.get(HEADER, ""))
    if seen is None:
        remedy = (
            f"check APP_URL ({url}), that SECRET_KEY is the same in all processes, that they were restarted after"
            " a change, and that the proxy passes X-Portal-Probe"
        )
        yield failure("portal", "answers as another one", remedy)
        return
    yield Finding("portal", "answers")
    if ready.status == HTTPStatus.FORBIDDEN:
        yield Finding("readyz", "closed to this machine", "let the proxy pass /readyz from this machine")
    yield from _check_proxy(settings, seen)


def _is_portal(alive: http.HttpAnswer) -> bool:
    try:
        return alive.status == HTTPStatus.OK and json.loads(alive.body) == {"status": "ok"}
    except ValueError:
        return False


def _check_proxy(settings: Settings, seen: dict[str, str]) -> Iterator[Finding]:
    """Compare what arrives behind the proxies with the settings, and send a slow body."""
    if settings.app_url.startswith("https://") and seen["scheme"] != "https":
        yield failure(
            "proxy",
            "http arrives for https",
            "let the proxy send X-Forwarded-Proto and count it in TRUSTED_PROXIES",
        )
    if int(seen["forwarded"]) > settings.trusted_proxies:
        remedy = f"set TRUSTED_PROXIES={seen['forwarded']}: rate limits see the proxy instead of the visitors"
        yield Finding(
            "proxy", f"{seen['forwarded']} proxies, {settings.trusted_proxies} trusted", remedy, True
        )
    is_buffered = _buffers_slow_bodies(urlsplit(settings.app_url))
    remedy = "put a proxy in front that buffers request bodies: slow senders can hold every thread"
    if is_buffered:
        yield Finding("proxy", "buffers slow bodies")
    else:
        yield Finding("proxy", "does not buffer slow bodies", remedy, settings.is_production)


def _buffers_slow_bodies(url: SplitResult) -> bool:
    """Return whether half a body gets no answer from the portal."""
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    head = (
        f"POST /healthz HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/octet-stream\r\n"
        f"Content-Length: {2 * len(_HALF_A_BODY)}\r\nConnection: close\r\n\r\n"
    )
    try:
        with closing(_connect(host, port, url.scheme)) as connection:
            connection.sendall(head.encode() + _HALF_A_BODY)
            connection.settimeout(2)
            return not connection.recv(1)
    except TimeoutError:
        return True
    except OSError:
        return False


def _connect(host: str, port: int, scheme: str) -> socket.socket:
    raw = socket.create_connection((host, port), timeout=_SECONDS)
    return _tls().wrap_socket(raw, server_hostname=host) if scheme == "https" else raw


def _tls() -> ssl.SSLContext:
    """Return a context that trusts what `requests` trusts, a private authority in REQUESTS_CA_BUNDLE included."""
    context = ssl.create_default_context()
    if authorities := os.environ.get("REQUESTS_CA_BUNDLE"):
        context.load_verify_locations(authorities)
    return context
