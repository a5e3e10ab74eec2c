"""Smoke check of a running portal over HTTP: cookies, beacon, access to the API, the cron secret."""

from __future__ import annotations

import http.cookiejar
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from portal.chain import AnyChain
from portal.flows.smoke import people as smoke_people
from portal.flows.smoke.steps import SmokeFailed, Steps
from portal.payments import callback_url, list_providers
from portal.settings import Settings

_TIMEOUT_SECONDS = 20
_SEEN_WITHIN_SECONDS = 2
_TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)">')
_COOKIES = ("ring_ref", "ring_ref_visible")


@dataclass(frozen=True)
class Answer:
    """An answer: its status, headers and body."""

    status: int
    headers: Message
    text: str

    @property
    def error_code(self) -> str:
        return str(json.loads(self.text)["error"]["code"])


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Return redirects instead of following them."""

    def redirect_request(self, *_args: Any) -> None:
        return None


class Browser:
    """A visitor with its own cookies."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.jar = http.cookiejar.CookieJar()
        cookies = urllib.request.HTTPCookieProcessor(self.jar)
        self._opener = urllib.request.build_opener(cookies, _NoRedirects)

    def get(self, path: str, **headers: str) -> Answer:
        return self._send(urllib.request.Request(self.url + path, headers=headers))  # noqa: S310

    def post(
        self,
        path: str,
        body: object = None,
        *,
        form: dict[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Post JSON, or a form if one is given."""
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        data = urllib.parse.urlencode(form) if form else json.dumps(body or {})
        all_headers = {"Content-Type": kind, "Referer": f"{self.url}/", **(headers or {})}
        return self._send(urllib.request.Request(self.url + path, data.encode(), all_headers))  # noqa: S310

    def token(self) -> str:
        match = _TOKEN.search(self.get("/login").text)
        if not match:
            raise SmokeFailed("the sign-in page has no token")
        return match[1]

    def cookie(self, name: str) -> str | None:
        return next((cookie.value for cookie in self.jar if cookie.name == name), None)

    def _send(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())
        except OSError as error:
            raise SmokeFailed(f"{self.url} does not answer: {error}") from None


def smoke_http(url: str, chain: AnyChain, settings: Settings, steps: Steps) -> None:
    """Visit a running portal signed out and signed in. Raises SmokeFailed."""
    steps.check("the portal answers", Browser(url).get("/healthz").status == 200)
    with smoke_people.open_code() as code:
        _check_cookies(url, code, steps)
        _check_beacon(url, code, steps)
    _check_signed_out(url, settings, steps)
    with smoke_people.open_account() as (email, password):
        _check_account(url, email, password, steps)
    _check_cron(url, chain, settings, steps)
    steps.left.append("one visit of the smoke check's own code, and two accounts at smoke.example")


def _check_cookies(url: str, code: str, steps: Steps) -> None:
    browser = Browser(url)
    browser.get("/?ref=not%20a%20code")
    steps.check("a malformed code sets no cookie", not any(browser.cookie(name) for name in _COOKIES))
    set_by = browser.get(f"/uk/?ref={code}").headers.get_all("Set-Cookie") or []
    cookies = {text.partition("=")[0]: text.lower() for text in set_by}
    steps.check("a link sets both cookies, with or without a language", set(_COOKIES) <= set(cookies), set_by)
    for name in _COOKIES:
        flags = {part.strip() for part in cookies[name].split(";")[1:]}
        expected = {"path=/", "samesite=lax", "max-age=2592000"}
        expected |= {"httponly"} if name == "ring_ref" else set()
        expected |= {"secure"} if url.startswith("https://") else set()
        steps.check(f"{name} has its flags", expected <= flags, flags)
    browser.get("/?ref=22222222")
    steps.check("the first touch wins", browser.cookie("ring_ref") == code, browser.cookie("ring_ref"))


def _check_beacon(url: str, code: str, steps: Steps) -> None:
    browser, track = Browser(url), "/api/refcodes/track"
    before = smoke_people.count_visits(code)
    answer = browser.post(track, {"code": code}, headers={"User-Agent": "Mozilla/5.0 smoke"})
    steps.check("the beacon counts a visit", answer.status == 200, answer.status)
    deadline = time.monotonic() + _SEEN_WITHIN_SECONDS
    while smoke_people.count_visits(code) == before and time.monotonic() < deadline:
        time.sleep(0.1)
    seen = smoke_people.count_visits(code) - before
    steps.check("the visit is counted once within two seconds", seen == 1, seen)
    for given, status in (({"code": "zzzzzzzz"}, 404), ({"code": "x" * 65}, 400), ({}, 400)):
        answered = browser.post(track, given).status
        steps.check(f"the beacon answers {status} to {str(given)[:30]}", answered == status, answered)


def _check_signed_out(url: str, settings: Settings, steps: Steps) -> None:
    browser = Browser(url)
    status = browser.get("/api/store/products").status
    steps.check("products are public", status == 200, status)
    for path in ("/api/refcodes", "/api/admin/rewards"):
        status = browser.get(path).status
        steps.check(f"{path} cannot be read without a session", status == 401, status)
    for path in ("/api/store/orders", "/api/store/payments/credit", "/api/refcodes/mint"):
        status = browser.post(path, headers={"X-CSRFToken": browser.token()}).status
        steps.check(f"{path} cannot be posted without a session", status == 401, status)
    for provider in list_providers(settings):
        path = urllib.parse.urlsplit(callback_url(provider, settings)).path
        forged = browser.post(path, {"orderReference": "smoke", "merchantSignature": "0"})
        steps.check(f"a forged callback of {provider.name} is refused", forged.status == 400, forged.status)


def _check_account(url: str, email: str, password: str, steps: Steps) -> None:
    browser = Browser(url)
    form = {"csrf_token": browser.token(), "email": email, "password": password}
    steps.check("an account signs in", browser.post("/login", form=form).status == 303)
    status = browser.get("/api/refcodes").status
    steps.check("it reads its own codes", status == 200, status)
    status = browser.get("/api/admin/rewards").status
    steps.check("it cannot read the reward queue", status == 403, status)
    without = browser.post("/api/store/orders", {"items": []})
    steps.check(
        "a changing request needs the CSRF token", without.error_code == "csrf_invalid", without.text[:200]
    )


def _check_cron(url: str, chain: AnyChain, settings: Settings, steps: Steps) -> None:
    browser, path = Browser(url), "/api/cron/refcodes-mint"
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
        status = browser.get(path, **headers).status
        steps.check("the cron route refuses a wrong secret", status == 401, status)
    secret = settings.cron_secret.get_secret_value()
    if not secret:
        steps.skip("the right cron secret", "CRON_SECRET is not set, so the route is closed")
    elif smoke_people.is_anything_to_mint(chain.chain_id):
        steps.skip(
            "the right cron secret", "rewards are waiting to be minted, and a check must not mint them"
        )
    else:
        status = browser.get(path, Authorization=f"Bearer {secret}").status
        steps.check("the cron route accepts the right secret", status == 200, status)
