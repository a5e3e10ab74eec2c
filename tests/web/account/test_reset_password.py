"""Password reset by e-mail: uniform responses, single-use links, second factor still required."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from models import AccountLink, MailOutbox, PasswordResetRequest, Refcode, User, UserSession, Wallet
from portal.accounts import Device, check_credentials, start_session
from portal.chain import checksum
from portal.db import query
from tests.factories import PASSWORD, make_code, make_user
from tests.scale.plans import recorded_statements
from tests.web.account.factor import enrol
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import newest_letter, newest_link, rows
from tests.web.visitor import Visitor

FORGOT, NEW = "/password/forgot", "another long password"


def request_reset(client: Visitor, email: str, **options):
    return client.submit(FORGOT, {"email": email}, **options)


def link_for(client: Visitor, user: User) -> str:
    assert request_reset(client, user.email).status_code == 200
    return newest_link(client, "reset_password")


def test_reset_sets_the_password_and_ends_every_session(app: Flask, as_owner: Visitor, owner: User) -> None:
    client = visitor(app)
    link = link_for(client, owner)
    assert client.get(link).status_code == 200
    answer = client.submit(link, {"password": NEW})
    assert (answer.status_code, answer.location) == (303, "/en/login")
    assert check_credentials(owner.email, NEW).id == owner.id
    assert as_owner.get("/orders").status_code == 303
    assert client.get("/orders").status_code == 303, "the reset does not sign in"
    assert User.get_by_id(owner.id).email_confirmed_at is not None
    assert rows("notice")[0].params["kind"] == "security_password_changed"


def test_link_works_once(client: Visitor, owner: User) -> None:
    link = link_for(client, owner)
    assert client.submit(link, {"password": NEW}).status_code == 303
    for answer in (client.get(link), client.submit(link, {"password": "yet another password"})):
        assert answer.status_code == 410
    assert check_credentials(owner.email, NEW)


def test_opening_the_link_does_not_use_it_up(client: Visitor, owner: User) -> None:
    link = link_for(client, owner)
    for _ in range(3):
        assert client.get(link).status_code == 200
    assert client.submit(link, {"password": "short"}).status_code == 422
    assert client.submit(link, {"password": NEW}).status_code == 303


def test_link_expires_after_half_an_hour(client: Visitor, owner: User) -> None:
    link = link_for(client, owner)
    query("UPDATE account_links SET created_at = created_at - interval '31 minutes',"
          " expires_at = expires_at - interval '31 minutes'")  # fmt: skip
    assert client.get(link).status_code == client.submit(link, {"password": NEW}).status_code == 410
    assert check_credentials(owner.email, PASSWORD)


def test_other_links_end_with_any_password_change(client: Visitor, as_owner: Visitor, owner: User) -> None:
    first, second = link_for(client, owner), link_for(client, owner)
    assert client.submit(second, {"password": NEW}).status_code == 303
    assert client.get(first).status_code == 410
    third = link_for(client, owner)
    browser = visitor(as_owner.application, owner)
    assert browser.submit("/account/security", {"present": NEW, "password": PASSWORD}).status_code == 303
    assert client.get(third).status_code == 410


@pytest.mark.parametrize("token", ["x", "a.b", "IjEi.forged", "%00", "х" * 50])
def test_forged_link_is_refused(client: Visitor, owner: User, token: str) -> None:
    link_for(client, owner)
    for url in (f"/password/reset/{token}", f"/account/email/confirm/{token}"):
        assert client.get(url).status_code in (404, 410)
        assert client.submit(url, {"password": NEW}).status_code in (404, 410)


def test_stored_key_is_not_a_valid_token(client: Visitor, owner: User) -> None:
    link = link_for(client, owner)
    key = AccountLink.get().key
    assert client.get(f"/password/reset/{key}").status_code == 410
    # A token is valid for one purpose only.
    assert client.get(link.replace("/password/reset/", "/account/email/confirm/")).status_code == 410


def test_known_and_unknown_emails_get_the_same_page(client: Visitor, owner: User) -> None:
    def page_text(email: str) -> str:
        return re.sub(r'content="[^"]{15,}"|value="[^"]{15,}"', "", request_reset(client, email).text)

    assert page_text(owner.email) == page_text("nobody@example.com")
    assert PasswordResetRequest.select().count() == 2
    assert [row.to_address for row in rows()] == [owner.email]
    assert not PasswordResetRequest.select().exists()


def test_known_and_unknown_emails_take_the_same_statements(client: Visitor, owner: User) -> None:
    """A request that does the same work takes the same time."""
    token, sent = client.token(), []
    for email in ("first@example.com", owner.email, "nobody@example.com"):
        with recorded_statements() as statements:
            client.post(FORGOT, data={"email": email, "csrf_token": token})
        sent.append([text for text, _ in statements])
    assert sent[1] == sent[2] != []
    assert not any("users" in text for text in sent[1]), "whether the account exists is not read"


def test_letter_uses_the_stored_address_and_language(client: Visitor) -> None:
    make_user(email="olena@example.com", locale="uk")
    request_reset(client, "OLENA@Example.com", headers={"Accept-Language": "ru"})
    (row,) = rows()
    assert (row.to_address, row.locale) == ("olena@example.com", "uk")


def test_forged_host_header_does_not_reach_the_letter(make_app: MakeApp, owner: User) -> None:
    client = visitor(make_app(trusted_proxies=1))
    forged = {"X-Forwarded-Host": "evil.example"}
    request_reset(client, owner.email, headers=forged)
    letter = newest_letter(client, "reset_password")
    assert "evil.example" not in letter.text + letter.html
    assert "http://localhost/en/password/reset/" in letter.text


def test_letters_to_one_address_are_limited(client: Visitor, owner: User) -> None:
    for _ in range(6):
        assert request_reset(client, owner.email).status_code == 200
        rows()
    assert MailOutbox.select().count() == 3


def test_requests_are_rate_limited(make_app: MakeApp, owner: User) -> None:
    client = visitor(make_app(rate_limit_sign_in="2 per minute"))
    assert [request_reset(client, owner.email).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_invalid_email_is_refused(client: Visitor, locale: str) -> None:
    page = client.submit(f"/{locale}{FORGOT}", {"email": "nonsense"})
    assert page.status_code == 422
    assert 'id="email-error"' in page.text


def test_reset_does_not_bypass_the_second_factor(client: Visitor, owner: User) -> None:
    query("UPDATE users SET email_confirmed_at = now()")
    enrol(owner)
    assert client.submit(link_for(client, owner), {"password": NEW}).status_code == 303
    answer = client.submit("/login", {"email": owner.email, "password": NEW})
    assert answer.location == "/login/second-factor"
    assert UserSession.select().where(~UserSession.awaits_second_factor).count() == 0


@pytest.mark.parametrize(
    "origin", [{}, {"Origin": "null"}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}]
)
def test_link_works_over_https_without_a_referrer(app: Flask, owner: User, origin: dict[str, str]) -> None:
    app.config["PREFERRED_URL_SCHEME"] = "https"
    client = visitor(app)
    link = link_for(client, owner)
    assert client.submit(link, {"password": NEW}, headers=origin).status_code == 303
    assert check_credentials(owner.email, NEW)


def test_link_page_is_not_cached_and_sends_no_referrer(client: Visitor, owner: User) -> None:
    page = client.get(link_for(client, owner))
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def link_wallets(owner: User) -> list[Refcode]:
    query("UPDATE users SET email_confirmed_at = now()")
    return [make_code(owner), make_code(owner)]


def test_reset_page_lists_the_other_ways_in(client: Visitor, owner: User) -> None:
    kept, removed = link_wallets(owner)
    start_session(owner.id, Device("Firefox", "Linux", "203.0.113.0/24"))
    page = client.get(link_for(client, owner)).text
    for wallet in (kept, removed):
        assert f'name="remove_wallet" value="{checksum(wallet.wallet_address)}"' in page
    assert "Firefox on Linux · 203.0.113.0/24" in page


def test_reset_unlinks_the_chosen_wallets_only(client: Visitor, owner: User, other: User) -> None:
    kept, removed = link_wallets(owner)
    foreign = make_code(other)
    unwanted = [checksum(code.wallet_address) for code in (removed, foreign)] + ["0x1", "nonsense"]
    form = {"password": NEW, "remove_wallet": unwanted}
    assert client.submit(link_for(client, owner), form).status_code == 303
    assert [row.address for row in Wallet.select().where(Wallet.user == owner.id)] == [kept.wallet_address]
    assert [Refcode.get_by_id(code.code).active for code in (kept, removed, foreign)] == [True, False, True]
    assert {row.params["kind"] for row in rows("notice")} == {
        "security_password_changed", "security_wallet_unlinked",
    }  # fmt: skip


def test_reset_removes_nothing_where_the_second_factor_is_on(client: Visitor, owner: User) -> None:
    kept, _also = link_wallets(owner)
    enrol(owner)
    link = link_for(client, owner)
    page = client.get(link).text
    assert "remove_wallet" not in page
    assert checksum(kept.wallet_address) in page
    form = {"password": NEW, "remove_wallet": checksum(kept.wallet_address)}
    assert client.submit(link, form).status_code == 303
    assert Wallet.select().where(Wallet.user == owner.id).count() == 2
