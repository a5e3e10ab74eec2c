"""Sessions of an account: listing, ending, limits, and protection against password guessing."""

from __future__ import annotations

import pytest
from flask import Flask

from models import User, UserSession
from portal.db import query
from tests.factories import PASSWORD, make_user
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def sign_in(app: Flask, user: User, address: str = "203.0.113.77") -> Visitor:
    browser = visitor(app)
    environ = {"REMOTE_ADDR": address, "HTTP_USER_AGENT": FIREFOX}
    form = {"email": user.email, "password": PASSWORD}
    assert browser.submit("/login", form, environ_overrides=environ).status_code == 303
    return browser


def test_session_shows_browser_name_and_network(app: Flask, owner: User) -> None:
    page = text_of(sign_in(app, owner).get("/account/security"))
    assert "Firefox on Linux" in page
    assert "203.0.113.0/24" in page
    assert "203.0.113.77" not in page
    assert "This browser" in page


def test_owner_ends_one_other_session(app: Flask, owner: User) -> None:
    current_browser, lost_browser = sign_in(app, owner), sign_in(app, owner)
    ids = [row.id for row in UserSession.select().order_by(UserSession.id)]
    assert current_browser.submit(f"/account/security/sessions/{ids[1]}/end").status_code == 303
    assert lost_browser.get("/orders").status_code == 303
    assert current_browser.get("/orders").status_code == 200
    assert current_browser.submit(f"/account/security/sessions/{ids[1]}/end").status_code == 404


def test_others_cannot_end_a_session(app: Flask, owner: User, as_other: Visitor) -> None:
    browser = sign_in(app, owner)
    (row,) = UserSession.select().where(UserSession.user == owner.id)
    assert as_other.submit(f"/account/security/sessions/{row.id}/end").status_code == 404
    assert browser.get("/orders").status_code == 200


def test_owner_ends_all_other_sessions(app: Flask, owner: User, as_other: Visitor) -> None:
    current_browser, *others = [sign_in(app, owner) for _ in range(3)]
    assert "Sign out everywhere else" in current_browser.get("/account/security").text
    current_browser.submit("/account/security/sessions/end-others")
    assert [browser.get("/orders").status_code for browser in (current_browser, *others)] == [200, 303, 303]
    assert as_other.get("/orders").status_code == 200
    assert "Sign out everywhere else" not in current_browser.get("/account/security").text


def test_new_password_ends_other_sessions_and_renews_the_current_one(app: Flask, owner: User) -> None:
    current_browser, lost_browser = sign_in(app, owner), sign_in(app, owner)
    copied = current_browser.get_cookie("ring_session")
    current_browser.submit("/account/security", {"present": PASSWORD, "password": "another long password"})
    assert lost_browser.get("/orders").status_code == 303
    assert current_browser.get("/orders").status_code == 200
    thief = visitor(app)
    thief.set_cookie("ring_session", copied.value)
    assert thief.get("/orders").status_code == 303


def test_sign_out_invalidates_a_copied_cookie(app: Flask, owner: User) -> None:
    browser = sign_in(app, owner)
    copied = browser.get_cookie("ring_session")
    browser.submit("/logout")
    thief = visitor(app)
    thief.set_cookie("ring_session", copied.value)
    assert thief.get("/orders").status_code == 303
    assert UserSession.get().ended_why == "signed_out"


def test_sign_in_prevents_session_fixation(app: Flask, owner: User) -> None:
    victim, thief = visitor(app), visitor(app)
    thief.get("/login")
    victim.set_cookie("ring_session", thief.get_cookie("ring_session").value)
    assert victim.submit("/login", {"email": owner.email, "password": PASSWORD}).status_code == 303
    assert victim.get("/orders").status_code == 200
    assert thief.get("/orders").status_code == 303


@pytest.mark.parametrize(
    ("column", "setting"), [("last_seen_at", "session_idle_hours"), ("created_at", "session_total_hours")]
)
def test_session_limits_follow_settings(make_app: MakeApp, owner: User, column: str, setting: str) -> None:
    browser = sign_in(make_app(**{setting: 2}), owner)
    query(f"UPDATE user_sessions SET {column} = {column} - interval '110 minutes'")
    assert browser.get("/orders").status_code == 200
    query(f"UPDATE user_sessions SET {column} = {column} - interval '130 minutes'")
    assert browser.get("/orders").status_code == 303


def test_private_pages_are_not_cached(as_owner: Visitor, client: Visitor) -> None:
    for url in ("/account/security", "/account/wallets", "/notifications", "/orders", "/refcodes"):
        assert as_owner.get(url).headers["Cache-Control"] == "no-store", url
    for url in ("/login", "/register", "/password/forgot"):
        assert client.get(url).headers["Cache-Control"] == "no-store", url


def test_session_cookie_has_host_prefix_over_https(make_app: MakeApp) -> None:
    answer = visitor(make_app(app_url="https://shop.example")).get("/login")
    (header,) = [text for text in answer.headers.getlist("Set-Cookie") if "ring_session" in text]
    assert header.startswith("__Host-ring_session=")
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in header
    assert "Domain" not in header


# ---------------------------------------------------------------------- guessing passwords


def attempt(app: Flask, user: User | str, address: str, password: str = "wrong") -> int:
    email = user if isinstance(user, str) else user.email
    form = {"email": email, "password": password}
    return visitor(app).submit("/login", form, environ_overrides={"REMOTE_ADDR": address}).status_code


@pytest.fixture
def limited_app(make_app: MakeApp) -> Flask:
    return make_app(sign_in_failures_per_address=3, sign_in_failures_per_account=6)


def test_attacking_address_is_blocked_and_the_owner_is_not(limited_app: Flask, owner: User) -> None:
    statuses = [attempt(limited_app, owner, "198.51.100.1") for _ in range(20)]
    assert statuses == [401] * 3 + [429] * 17
    assert attempt(limited_app, owner, "198.51.100.1", PASSWORD) == 429
    assert attempt(limited_app, owner, "203.0.113.9", PASSWORD) == 303, "the owner, from a new address"


def test_distributed_guessing_blocks_unfamiliar_networks_only(limited_app: Flask, owner: User) -> None:
    assert attempt(limited_app, owner, "203.0.113.9", PASSWORD) == 303
    statuses = [attempt(limited_app, owner, f"198.51.{number}.1") for number in range(8)]
    assert statuses == [401] * 6 + [429] * 2
    assert attempt(limited_app, owner, "192.0.2.1", PASSWORD) == 429
    assert attempt(limited_app, owner, "203.0.113.200", PASSWORD) == 303, "the owner's own network"


def test_failures_are_counted_per_account(limited_app: Flask, owner: User) -> None:
    for _ in range(4):
        attempt(limited_app, owner, "198.51.100.1")
    assert attempt(limited_app, make_user(), "198.51.100.1", PASSWORD) == 303


def test_unknown_emails_are_limited_like_known_ones(limited_app: Flask) -> None:
    statuses = [attempt(limited_app, "nobody@example.com", "198.51.100.1") for _ in range(5)]
    assert statuses == [401] * 3 + [429] * 2


def test_failures_reset_after_success_or_time(limited_app: Flask, owner: User) -> None:
    for _ in range(2):
        attempt(limited_app, owner, "198.51.100.1")
    assert attempt(limited_app, owner, "198.51.100.1", PASSWORD) == 303
    assert [attempt(limited_app, owner, "198.51.100.1") for _ in range(4)] == [401, 401, 401, 429]
    query("UPDATE sign_in_failures SET at = at - interval '16 minutes'")
    assert attempt(limited_app, owner, "198.51.100.1", PASSWORD) == 303


def test_ipv6_network_counts_as_one_address(limited_app: Flask, owner: User) -> None:
    statuses = [attempt(limited_app, owner, f"2001:db8:1:2::{number}") for number in range(1, 6)]
    assert statuses == [401] * 3 + [429] * 2


def test_current_password_guesses_are_limited(limited_app: Flask, owner: User) -> None:
    browser = visitor(limited_app, owner)
    form = {"present": "wrong", "password": "another long password"}
    statuses = [browser.submit("/account/security", form).status_code for _ in range(5)]
    assert statuses == [422] * 3 + [429] * 2
