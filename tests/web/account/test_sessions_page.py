"""Where an account is signed in: shown, ended, and ended by a new password."""

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


def test_a_browser_is_shown_in_words_with_a_shortened_address(app: Flask, owner: User) -> None:
    page = text_of(sign_in(app, owner).get("/account/security"))
    assert "Firefox on Linux" in page
    assert "203.0.113.0/24" in page
    assert "203.0.113.77" not in page
    assert "This browser" in page


def test_one_other_browser_is_signed_out(app: Flask, owner: User) -> None:
    mine, lost = sign_in(app, owner), sign_in(app, owner)
    ids = [row.id for row in UserSession.select().order_by(UserSession.id)]
    assert mine.submit(f"/account/security/sessions/{ids[1]}/end").status_code == 303
    assert lost.get("/orders").status_code == 303
    assert mine.get("/orders").status_code == 200
    assert mine.submit(f"/account/security/sessions/{ids[1]}/end").status_code == 404


def test_nobody_ends_somebody_elses(app: Flask, owner: User, as_other: Visitor) -> None:
    browser = sign_in(app, owner)
    (row,) = UserSession.select().where(UserSession.user == owner.id)
    assert as_other.submit(f"/account/security/sessions/{row.id}/end").status_code == 404
    assert browser.get("/orders").status_code == 200


def test_everywhere_else(app: Flask, owner: User, as_other: Visitor) -> None:
    mine, *others = [sign_in(app, owner) for _ in range(3)]
    assert "Sign out everywhere else" in mine.get("/account/security").text
    mine.submit("/account/security/sessions/end-others")
    assert [browser.get("/orders").status_code for browser in (mine, *others)] == [200, 303, 303]
    assert as_other.get("/orders").status_code == 200
    assert "Sign out everywhere else" not in mine.get("/account/security").text


def test_a_new_password_ends_the_others_and_renews_this_one(app: Flask, owner: User) -> None:
    mine, lost = sign_in(app, owner), sign_in(app, owner)
    copied = mine.get_cookie("ring_session")
    mine.submit("/account/security", {"present": PASSWORD, "password": "another long password"})
    assert lost.get("/orders").status_code == 303
    assert mine.get("/orders").status_code == 200
    thief = visitor(app)
    thief.set_cookie("ring_session", copied.value)
    assert thief.get("/orders").status_code == 303


def test_signing_out_ends_the_row_so_a_copied_cookie_is_worth_nothing(app: Flask, owner: User) -> None:
    browser = sign_in(app, owner)
    copied = browser.get_cookie("ring_session")
    browser.submit("/logout")
    thief = visitor(app)
    thief.set_cookie("ring_session", copied.value)
    assert thief.get("/orders").status_code == 303
    assert UserSession.get().ended_why == "signed_out"


def test_a_session_given_before_signing_in_is_not_the_one_after(app: Flask, owner: User) -> None:
    victim, thief = visitor(app), visitor(app)
    thief.get("/login")
    victim.set_cookie("ring_session", thief.get_cookie("ring_session").value)
    assert victim.submit("/login", {"email": owner.email, "password": PASSWORD}).status_code == 303
    assert victim.get("/orders").status_code == 200
    assert thief.get("/orders").status_code == 303


@pytest.mark.parametrize(
    ("column", "setting"), [("last_seen_at", "session_idle_hours"), ("created_at", "session_total_hours")]
)
def test_limits_are_settings(make_app: MakeApp, owner: User, column: str, setting: str) -> None:
    browser = sign_in(make_app(**{setting: 2}), owner)
    query(f"UPDATE user_sessions SET {column} = {column} - interval '110 minutes'")
    assert browser.get("/orders").status_code == 200
    query(f"UPDATE user_sessions SET {column} = {column} - interval '130 minutes'")
    assert browser.get("/orders").status_code == 303


def test_private_pages_leave_nothing_behind(as_owner: Visitor, client: Visitor) -> None:
    for url in ("/account/security", "/account/wallets", "/notifications", "/orders", "/refcodes"):
        assert as_owner.get(url).headers["Cache-Control"] == "no-store", url
    for url in ("/login", "/register", "/password/forgot"):
        assert client.get(url).headers["Cache-Control"] == "no-store", url


def test_over_https_the_cookie_belongs_to_this_host_alone(make_app: MakeApp) -> None:
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
def careful(make_app: MakeApp) -> Flask:
    return make_app(sign_in_failures_per_address=3, sign_in_failures_per_account=6)


def test_one_address_is_stopped_and_the_owner_is_not(careful: Flask, owner: User) -> None:
    statuses = [attempt(careful, owner, "198.51.100.1") for _ in range(20)]
    assert statuses == [401] * 3 + [429] * 17
    assert attempt(careful, owner, "198.51.100.1", PASSWORD) == 429
    assert attempt(careful, owner, "203.0.113.9", PASSWORD) == 303, "the owner, from a place never seen"


def test_many_addresses_close_unfamiliar_places_only(careful: Flask, owner: User) -> None:
    assert attempt(careful, owner, "203.0.113.9", PASSWORD) == 303
    statuses = [attempt(careful, owner, f"198.51.{number}.1") for number in range(8)]
    assert statuses == [401] * 6 + [429] * 2
    assert attempt(careful, owner, "192.0.2.1", PASSWORD) == 429
    assert attempt(careful, owner, "203.0.113.200", PASSWORD) == 303, "the owner's own network"


def test_other_accounts_and_addresses_are_counted_apart(careful: Flask, owner: User) -> None:
    for _ in range(4):
        attempt(careful, owner, "198.51.100.1")
    assert attempt(careful, make_user(), "198.51.100.1", PASSWORD) == 303


def test_unknown_addresses_are_counted_as_known_ones(careful: Flask) -> None:
    statuses = [attempt(careful, "nobody@example.com", "198.51.100.1") for _ in range(5)]
    assert statuses == [401] * 3 + [429] * 2


def test_the_right_password_forgives_and_time_does(careful: Flask, owner: User) -> None:
    for _ in range(2):
        attempt(careful, owner, "198.51.100.1")
    assert attempt(careful, owner, "198.51.100.1", PASSWORD) == 303
    assert [attempt(careful, owner, "198.51.100.1") for _ in range(4)] == [401, 401, 401, 429]
    query("UPDATE sign_in_failures SET at = at - interval '16 minutes'")
    assert attempt(careful, owner, "198.51.100.1", PASSWORD) == 303


def test_an_ipv6_neighbourhood_is_one_address(careful: Flask, owner: User) -> None:
    statuses = [attempt(careful, owner, f"2001:db8:1:2::{number}") for number in range(1, 6)]
    assert statuses == [401] * 3 + [429] * 2


def test_the_present_password_is_guessed_no_faster_from_inside(careful: Flask, owner: User) -> None:
    browser = visitor(careful, owner)
    form = {"present": "wrong", "password": "another long password"}
    statuses = [browser.submit("/account/security", form).status_code for _ in range(5)]
    assert statuses == [422] * 3 + [429] * 2
