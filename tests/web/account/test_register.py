"""Registration: stored values, refusals and redirects. See docs/rules/attribution.md."""

from __future__ import annotations

import pytest
from peewee import IntegrityError

import models
from models import EventLog, Refcode, User
from portal.accounts import set_email
from portal.accounts.operations import EmailTaken
from portal.db import Actor
from tests.factories import make_code, make_user
from tests.web.pages import text_of
from tests.web.visitor import Visitor


@pytest.fixture
def refused_statements(database: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that receives every statement that PostgreSQL refuses for a conflict."""
    refused: list[str] = []
    execute = models.database.obj.execute_sql

    def watch(sql: str, *arguments: object, **more: object) -> object:
        try:
            return execute(sql, *arguments, **more)
        except IntegrityError:
            refused.append(sql)
            raise

    monkeypatch.setattr(models.database.obj, "execute_sql", watch)
    return refused


FORM = {"name": "Nova Novenko", "email": "nova@example.com", "password": "eight ch"}


def new_user() -> User:
    return User.get(User.email == "nova@example.com")


def test_registration_creates_an_account_and_signs_in(client: Visitor) -> None:
    answer = client.submit("/uk/register", FORM)
    assert (answer.status_code, answer.location) == (303, "/uk/")
    assert "Nova Novenko" in text_of(client.get("/uk/"))
    user = new_user()
    assert (user.role, user.locale, user.referred_by_code) == ("user", "uk", None)
    assert user.password_hash.startswith("$argon2id$")
    assert client.get("/account/security").status_code == 200
    assert EventLog.get(EventLog.entity == "user").event == "user_created"


@pytest.mark.parametrize(
    "email", ["olena@shop.local", "olena@example.test", "olena@localhost", "olena@пошта.укр"]
)
def test_local_and_international_domains_are_accepted(client: Visitor, email: str) -> None:
    assert client.submit("/register", {**FORM, "email": email}).status_code == 303
    client.submit("/logout")
    assert client.submit("/login", {**FORM, "email": email}).status_code == 303


def test_role_cannot_be_chosen(client: Visitor) -> None:
    client.submit("/register", {**FORM, "role": "admin", "referred_by_code": "x", "id": "1"})
    assert (new_user().role, new_user().referred_by_code) == ("user", None)


def test_referrer_is_stored(client: Visitor, code: Refcode) -> None:
    client.get(f"/?ref={code.code}")
    client.submit("/register", FORM)
    user = new_user()
    assert (user.referred_by_code, user.referred_by_user_id, user.referred_by_wallet) == (
        code.code,
        code.owner_user_id,
        code.wallet_address,
    )
    assert user.referred_at is not None
    assert client.get_cookie("ring_ref") is not None


def test_referrer_cannot_refer_their_second_account(as_other: Visitor, code: Refcode) -> None:
    as_other.get(f"/?ref={code.code}")
    as_other.submit("/register", FORM)
    assert new_user().referred_by_code is None


def test_code_of_another_user_refers_the_second_account(as_owner: Visitor, code: Refcode) -> None:
    as_owner.get(f"/?ref={code.code}")
    as_owner.submit("/register", FORM)
    assert new_user().referred_by_code == code.code


def test_referrer_is_never_overwritten(client: Visitor, code: Refcode) -> None:
    client.get(f"/?ref={code.code}")
    client.submit("/register", FORM)
    client.delete_cookie("ring_ref")
    client.get(f"/?ref={make_code(make_user()).code}")
    client.get("/refcodes")
    assert new_user().referred_by_code == code.code


@pytest.mark.parametrize("cookie", ["zzzzzzzz", "nonsense!", "\x00", "x" * 300])
def test_invalid_code_cookie_is_ignored(client: Visitor, cookie: str) -> None:
    client.set_cookie("ring_ref", cookie)
    assert client.submit("/register", FORM).status_code == 303
    assert new_user().referred_by_code is None


def test_deactivated_code_is_ignored(client: Visitor) -> None:
    client.set_cookie("ring_ref", make_code(make_user(), active=False).code)
    client.submit("/register", FORM)
    assert new_user().referred_by_code is None


@pytest.mark.parametrize(
    "email", ["nova@example.com", "NOVA@example.com", "Nova@Example.COM", " nova@example.com "]
)
def test_email_is_unique_case_insensitively(
    client: Visitor, email: str, refused_statements: list[str]
) -> None:
    make_user(email="nova@example.com")
    page = client.submit("/register", {**FORM, "email": email})
    assert page.status_code == 409
    assert 'id="email-error"' in page.text
    assert User.select().count() == 1
    assert not refused_statements, "PostgreSQL logs a failed statement with the e-mail and the hash"


def test_taken_email_is_no_refused_statement_when_an_account_changes_to_it(
    client: Visitor, refused_statements: list[str]
) -> None:
    taken, person = make_user(email="nova@example.com"), make_user()
    with pytest.raises(EmailTaken):
        set_email(person.id, taken.email, Actor("test"))
    assert not refused_statements


INVALID = [
    ("name", ""), ("name", "   "), ("name", "x" * 101), ("name", "a\x07b"),
    ("email", ""), ("email", "no-at-sign"), ("email", "a@"), ("email", "a b@example.com"),
    ("email", "олена@example.com"),
    ("email", "x" * 300 + "@example.com"), ("email", "x" * 65 + "@example.com"),
    ("password", ""), ("password", "7 chars"), ("password", "x" * 201),
]  # fmt: skip


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_invalid_input_marks_its_field_and_changes_nothing(client: Visitor, locale: str) -> None:
    for field, value in INVALID:
        page = client.submit(f"/{locale}/register", {**FORM, field: value})
        assert page.status_code == 422, (field, value)
        assert f'<html lang="{locale}">' in page.text, (field, value)
        assert f'<a href="#{field}">' in page.text, (field, value)
        assert f'id="{field}-error"' in page.text, (field, value)
        assert page.text.count('class="field-error"') == 1, (field, value)
        preserved_value = FORM["email"] if field != "email" else FORM["name"]
        assert preserved_value in page.text, (field, value)
        assert not User.select().exists(), (field, value)


def test_all_invalid_fields_are_marked_together(client: Visitor) -> None:
    page = client.submit("/register", {"name": "", "email": "", "password": ""})
    assert page.text.count('class="field-error"') == 3
    title = text_of(page)
    assert title.startswith("Error:")


def test_password_is_not_echoed(client: Visitor) -> None:
    page = client.submit("/register", {**FORM, "name": "", "password": "a secret not to echo"})
    assert "a secret not to echo" not in page.text


def test_nul_character_is_refused(client: Visitor) -> None:
    for field in FORM:
        answer = client.submit("/register", {**FORM, field: "\x00nova@example.com"})
        assert answer.status_code in (400, 422), field
    assert not User.select().exists()


def test_registration_keeps_the_cart_and_renews_the_session(client: Visitor) -> None:
    client.fill_cart((5, 2))
    token = client.token()
    before = client.get_cookie("ring_session")
    client.post("/register", data={**FORM, "csrf_token": token})
    assert client.cart() == {"5": 2}
    assert client.get_cookie("ring_session") != before
    # The earlier token belongs to the anonymous session.
    assert client.post("/logout", data={"csrf_token": token}).status_code == 400


def test_registration_returns_to_the_next_page(client: Visitor) -> None:
    assert 'name="next" value="/refcodes"' in client.get("/register?next=/refcodes").text
    assert client.submit("/register", {**FORM, "next": "/refcodes"}).location == "/refcodes"


def test_registration_requires_csrf_token(client: Visitor) -> None:
    assert client.post("/register", data=FORM).status_code == 400
    assert not User.select().exists()


def test_registration_is_rate_limited(make_app) -> None:
    client = make_app(rate_limit_sign_up="2 per minute").test_client()
    statuses = [client.submit("/register", {**FORM, "name": ""}).status_code for _ in range(3)]
    assert statuses == [422, 422, 429]
