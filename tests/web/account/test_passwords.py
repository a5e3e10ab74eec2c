"""Passwords that may be chosen, wherever one is set, and the renewal of older hashes. See docs/rules/accounts.md."""

from __future__ import annotations

import io
import unicodedata

import pytest
from argon2 import PasswordHasher, extract_parameters
from flask import Flask

from models import User
from portal.accounts import passwords
from portal.accounts.password_rules import common_passwords
from portal.accounts.passwords import _UNUSABLE_HASH, matches
from portal.cli.users import user as user_commands
from portal.db import query
from tests.factories import PASSWORD, make_user
from tests.support.wallets import TestWallet
from tests.web.account.test_wallet_sign_in_routes import sign_in as sign_in_with
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import newest_link
from tests.web.pages import text_of
from tests.web.visitor import Visitor

GUESSED = [
    "password", "PASSWORD1", "12345678", "qwertyuiop", "iLoveYou1", "ｐａｓｓｗｏｒｄ", "1q2w3e4r5t", "йцукенгшщз",
]  # fmt: skip
NAMES = [
    "Ring Referrals",
    "ringreferrals",
    "RING-REFERRALS 2026!",
    "Nova Person",
    "nova.person1",
    "n.owner@example.com",
]
FREE = ["correct horse", "passwords are long", "я люблю чай", "שלום עולם", "🦄" * 8, "the nova of 1987"]
FORM = {"name": "Nova Person", "email": "n.owner@example.com"}


def register(client: Visitor, password: str, path: str = "/register"):
    return client.submit(path, {**FORM, "password": password})


@pytest.mark.parametrize("password", [*GUESSED, *NAMES])
def test_guessed_password_is_refused_with_its_field(client: Visitor, password: str) -> None:
    page = register(client, password)
    assert page.status_code == 422
    assert 'href="#password"' in page.text
    assert not User.select().exists()


@pytest.mark.parametrize("password", FREE)
def test_any_other_password_is_accepted(client: Visitor, password: str) -> None:
    assert register(client, password).status_code == 303
    client.submit("/logout")
    assert client.submit("/login", {"email": FORM["email"], "password": password}).status_code == 303


def test_a_name_chosen_with_the_confirmation_takes_any_script(make_app: MakeApp) -> None:
    client = visitor(make_app(registration_confirmation=True))
    client.submit("/register", FORM)
    form = {"name": " علی‌رضا ", "password": "another long password"}
    assert client.submit(newest_link(client, "confirm_email"), form).status_code == 303
    assert User.get().name == "علی‌رضا"


def test_the_list_holds_the_most_common_passwords_that_are_long_enough() -> None:
    assert len(common_passwords()) > 10_000
    assert all(len(each) >= 8 and each == each.lower() for each in common_passwords())


def test_account_without_a_password_is_checked_as_slowly_as_others(portal_hasher: PasswordHasher) -> None:
    assert extract_parameters(_UNUSABLE_HASH) == extract_parameters(portal_hasher.hash(PASSWORD))


@pytest.mark.parametrize(
    ("language", "sentence"), [("", "used most often"), ("/uk", "найчастіше"), ("/ru", "чаще всего")]
)
def test_refusal_is_in_the_language_of_the_reader(client: Visitor, language: str, sentence: str) -> None:
    assert sentence in text_of(register(client, "password", f"{language}/register"))


def test_brand_of_the_deployment_is_refused(make_app: MakeApp) -> None:
    client = visitor(make_app(brand_name="Лавка чаю"))
    assert register(client, "лавкачаю2026").status_code == 422
    assert register(client, "ring referrals").status_code == 303


def test_own_name_is_the_one_of_the_account(as_owner: Visitor, owner: User) -> None:
    answers = [
        as_owner.submit("/account/security", {"present": PASSWORD, "password": typed})
        for typed in ("Olena Owner", "password123", owner.email)
    ]
    assert [answer.status_code for answer in answers] == [422] * 3
    assert all('href="#password"' in answer.text for answer in answers)
    assert User.get_by_id(owner.id).password_hash == owner.password_hash


def test_reset_refuses_a_guessed_password_and_keeps_the_link(client: Visitor, owner: User) -> None:
    client.submit("/password/forgot", {"email": owner.email})
    link = newest_link(client, "reset_password")
    assert client.submit(link, {"password": "iloveyou1"}).status_code == 422
    assert client.submit(link, {"password": "another long password"}).status_code == 303


def test_confirmation_of_a_registration_refuses_a_guessed_password(make_app: MakeApp) -> None:
    client = visitor(make_app(registration_confirmation=True))
    assert client.submit("/register", FORM).status_code == 200
    link = newest_link(client, "confirm_email")
    for password in ("iloveyou1", "Nova Person"):
        assert client.submit(link, {"name": "Nova Person", "password": password}).status_code == 422
    assert User.get().password_hash is None
    assert client.submit(link, {"name": "Nova", "password": "another long password"}).status_code == 303


def test_first_password_of_a_wallet_account_is_checked(app: Flask) -> None:
    browser = visitor(app)
    sign_in_with(browser, TestWallet())
    query("UPDATE users SET email = 'w@example.com', email_confirmed_at = now()")
    assert browser.submit("/account/security", {"password": "football1"}).status_code == 422
    assert User.get().password_hash is None


def test_command_refuses_a_guessed_password_with_a_sentence(app: Flask) -> None:
    def create(password: str):
        words = ["create", "chief@example.com", "--admin", "--password-stdin"]
        with app.app_context():
            return app.test_cli_runner().invoke(
                user_commands, words, input=io.BytesIO(f"{password}\n".encode())
            )

    refused = create("administrator")
    assert refused.exit_code == 1
    assert "password: Choose another password" in refused.output
    assert create("correct horse battery").exit_code == 0


@pytest.mark.parametrize("weaker", [False, True])
def test_older_hash_is_renewed_at_sign_in(
    app: Flask,
    database: str,
    portal_hasher: PasswordHasher,
    monkeypatch: pytest.MonkeyPatch,
    *,
    weaker: bool,
) -> None:
    monkeypatch.setattr(passwords, "_hasher", portal_hasher)
    typed = unicodedata.normalize("NFD", "Nguyễn Thị Hồng")
    hasher = PasswordHasher(time_cost=1, memory_cost=64) if weaker else PasswordHasher(2, 19 * 1024, 1)
    user = make_user(password_hash=hasher.hash(typed))
    login = {"email": user.email, "password": typed}
    assert visitor(app).submit("/login", {**login, "password": "a wrong password"}).status_code == 401
    assert User.get_by_id(user.id).password_hash == user.password_hash
    assert visitor(app).submit("/login", login).status_code == 303
    renewed = User.get_by_id(user.id).password_hash
    assert renewed.startswith("$argon2id$v=19$m=19456,t=2,p=1$"), "the profile of OWASP"
    assert renewed != user.password_hash
    assert matches(renewed, unicodedata.normalize("NFC", typed))
    assert visitor(app).submit("/login", login).status_code == 303
    assert User.get_by_id(user.id).password_hash == renewed, "a current hash stays"
