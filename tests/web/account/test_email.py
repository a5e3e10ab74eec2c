"""The e-mail address of an account: confirmation, change, and required confirmation at sign-up."""

from __future__ import annotations

import pytest
from flask import Flask
from peewee import fn

from models import AccountLink, User
from tests.factories import PASSWORD, make_user
from tests.web.conftest import MakeApp, visitor
from tests.web.mailbox import newest_letter, newest_link, rows
from tests.web.pages import text_of
from tests.web.visitor import Visitor

SAVE = "/account/security/email"
FORM = {"name": "Nova Novenko", "email": "nova@example.com", "password": "eight ch"}
CHOSEN = "chosen after the click"


def test_link_confirms_the_email(as_owner: Visitor, owner: User) -> None:
    assert "Not confirmed" in as_owner.get("/account/security").text
    assert as_owner.submit(SAVE, {"email": owner.email}).status_code == 303
    link = newest_link(as_owner)
    assert as_owner.get(link).status_code == 200
    assert User.get_by_id(owner.id).email_confirmed_at is None, "opening the link changes nothing"
    assert as_owner.submit(link).location == "/en/account/security"
    assert User.get_by_id(owner.id).email_confirmed_at is not None
    assert as_owner.submit(link).status_code == 410
    assert "Not confirmed" not in as_owner.get("/account/security").text


def test_email_changes_after_the_new_address_confirms(as_owner: Visitor, owner: User) -> None:
    as_owner.submit(SAVE, {"email": "New@example.com"})
    assert User.get_by_id(owner.id).email == owner.email
    (row,) = rows()
    assert row.to_address == "New@example.com"
    as_owner.submit(newest_link(as_owner))
    assert User.get_by_id(owner.id).email == "New@example.com"
    assert [row.to_address for row in rows("email_changed")] == [owner.email]


def test_link_on_another_device_requires_sign_in(
    app: Flask, as_owner: Visitor, owner: User, other: User
) -> None:
    as_owner.submit(SAVE, {"email": "new@example.com"})
    link = newest_link(as_owner)
    for phone in (visitor(app), visitor(app, other)):
        for answer in (phone.get(link), phone.submit(link), phone.submit(link, {"password": "eight chars"})):
            assert answer.status_code == 403
            assert "Sign in to confirm your e-mail" in answer.text
            assert f'href="/en/login?next={link}"' in answer.text
    assert User.get_by_id(owner.id).email == owner.email
    phone = visitor(app)
    signed_in = phone.submit("/login", {"email": owner.email, "password": PASSWORD, "next": link})
    assert signed_in.location == link


def test_new_email_is_confirmed_in_the_session_that_asked_for_it(
    app: Flask, as_owner: Visitor, owner: User
) -> None:
    as_owner.submit(SAVE, {"email": "new@example.com"})
    link = newest_link(as_owner)
    phone = visitor(app, owner)
    for answer in (phone.get(link), phone.submit(link)):
        assert (answer.status_code, "Open this link where you requested it" in answer.text) == (403, True)
    assert User.get_by_id(owner.id).email == owner.email
    # A refused attempt does not use the link up.
    assert as_owner.submit(link).status_code == 303
    assert User.get_by_id(owner.id).email == "new@example.com"


def test_any_session_of_the_account_confirms_the_email_it_has(
    app: Flask, as_owner: Visitor, owner: User
) -> None:
    as_owner.submit(SAVE, {"email": owner.email.upper()})
    assert visitor(app, owner).submit(newest_link(as_owner)).location == "/en/account/security"
    assert User.get_by_id(owner.id).email_confirmed_at is not None


def test_new_email_of_an_ended_session_is_asked_for_again(app: Flask, as_owner: Visitor, owner: User) -> None:
    as_owner.submit(SAVE, {"email": "new@example.com"})
    link = newest_link(as_owner)
    as_owner.submit("/logout")
    as_owner.submit("/login", {"email": owner.email, "password": PASSWORD})
    assert as_owner.submit(link).status_code == 403
    as_owner.submit(SAVE, {"email": "new@example.com"})
    as_owner.submit(newest_link(as_owner))
    assert User.get_by_id(owner.id).email == "new@example.com"


@pytest.mark.parametrize("way", ["change", "reset"])
def test_new_password_cancels_a_pending_email_change(
    app: Flask, as_owner: Visitor, owner: User, way: str
) -> None:
    # A link requested under the old password must not hand the account over later.
    as_owner.submit(SAVE, {"email": "thief@example.com"})
    thief_link = newest_link(as_owner)
    as_owner.submit(SAVE, {"email": owner.email})
    owner_link = newest_link(as_owner)
    new_password = {"password": "another long password"}
    if way == "change":
        as_owner.submit("/account/security", {"present": PASSWORD, **new_password})
    else:
        as_owner.submit("/password/forgot", {"email": owner.email})
        as_owner.submit(newest_link(as_owner, "reset_password"), new_password)
    assert visitor(app).submit(thief_link).status_code == 410
    assert User.get_by_id(owner.id).email == owner.email
    if way == "change":
        assert as_owner.submit(owner_link).status_code == 303, "the current e-mail can still be confirmed"


def test_taken_email_is_not_revealed(as_owner: Visitor, owner: User, other: User) -> None:
    taken = as_owner.submit(SAVE, {"email": other.email.upper()})
    free = as_owner.submit(SAVE, {"email": "free@example.com"})
    assert (taken.status_code, taken.location) == (free.status_code, free.location)
    assert [(row.kind, row.to_address) for row in rows()] == [
        ("email_in_use", other.email),
        ("confirm_email", "free@example.com"),
    ]
    as_owner.submit(SAVE, {"email": other.email})
    assert len(rows("email_in_use")) == 1, "one letter per hour"


def test_second_account_cannot_confirm_the_same_email(as_owner: Visitor, as_other: Visitor) -> None:
    links = []
    for browser in (as_owner, as_other):
        browser.submit(SAVE, {"email": "same@example.com"})
        links.append(newest_link(browser))
    assert as_owner.submit(links[0]).status_code == 303
    assert as_other.submit(links[1]).status_code == 410
    assert User.select().where(User.email == "same@example.com").count() == 1


def test_letters_to_one_address_are_limited(as_owner: Visitor) -> None:
    for _ in range(5):
        as_owner.submit(SAVE, {"email": "victim@example.com"})
    assert AccountLink.select().count() == len(rows()) == 3


# ---------------------------------------------------------------------- required confirmation


@pytest.fixture
def strict(make_app: MakeApp) -> Visitor:
    return visitor(make_app(registration_confirmation=True))


def test_account_opens_after_email_confirmation(strict: Visitor) -> None:
    assert 'name="password"' not in strict.get("/register").text
    page = strict.submit("/register", FORM)
    assert page.status_code == 200
    assert "Check your e-mail" in text_of(page)
    assert strict.submit("/login", FORM).status_code == 401, "a password of the form is not used"
    link = newest_link(strict)
    assert 'value="Nova Novenko"' in strict.get(link).text
    assert strict.submit(link, {"password": "short"}).status_code == 422
    assert strict.submit(link, {"password": CHOSEN, "name": " "}).location == "/en/login"
    assert strict.get(link).status_code == 410
    assert strict.submit("/login", {**FORM, "password": CHOSEN}).status_code == 303
    assert strict.get("/orders").status_code == 200
    assert User.get(User.email == FORM["email"]).name == "Nova Novenko"


def test_earlier_unconfirmed_account_gets_its_password_by_mail(app: Flask, strict: Visitor) -> None:
    visitor(app).submit("/register", FORM)
    assert strict.submit("/login", {**FORM, "password": "wrong one"}).status_code == 401
    assert strict.submit("/login", FORM).status_code == 200
    assert strict.get("/orders").status_code == 303
    assert strict.submit(newest_link(strict), {"password": CHOSEN}).status_code == 303
    assert strict.submit("/login", FORM).status_code == 401
    assert strict.submit("/login", {**FORM, "password": CHOSEN}).status_code == 303


def test_the_real_owner_registers_after_a_stranger(app: Flask, strict: Visitor) -> None:
    stranger = visitor(strict.application)
    stranger.submit("/register", {**FORM, "name": "Stranger"})
    strict.submit("/register", {**FORM, "email": "NOVA@example.com"})
    assert [(row.kind, row.to_address) for row in rows()] == [("confirm_email", "nova@example.com")] * 2
    letter = newest_letter(strict)
    assert "choose a password" in letter.text
    link = newest_link(strict)
    assert strict.submit(link, {"password": CHOSEN, "name": "Nova Novenko"}).status_code == 303
    assert stranger.submit("/login", FORM).status_code == 401
    assert strict.submit("/login", {**FORM, "password": CHOSEN}).status_code == 303
    assert User.get(User.email == FORM["email"]).name == "Nova Novenko"


def test_a_registration_without_a_click_is_opened_by_a_reset(strict: Visitor) -> None:
    strict.submit("/register", FORM)
    strict.submit("/password/forgot", {"email": FORM["email"]})
    assert strict.submit(newest_link(strict, "reset_password"), {"password": CHOSEN}).status_code == 303
    assert strict.submit("/login", {**FORM, "password": CHOSEN}).status_code == 303


def test_registered_email_gets_the_same_page(strict: Visitor, owner: User) -> None:
    def page_text(email: str) -> str:
        return text_of(strict.submit("/register", {**FORM, "email": email}))

    User.update(email_confirmed_at=fn.now()).execute()
    assert page_text(owner.email) == page_text("fresh@example.com")
    assert [row.kind for row in rows()] == ["email_in_use", "confirm_email"]
    assert "already belongs to yours" in newest_letter(strict, "email_in_use").text
    assert User.get_by_id(owner.id).password_hash == owner.password_hash


def test_invalid_fields_are_still_reported(strict: Visitor) -> None:
    page = strict.submit("/register", {**FORM, "email": "nonsense", "name": ""})
    assert page.status_code == 422
    assert page.text.count('class="field-error"') == 2
    assert not rows()


def test_confirmation_is_not_required_by_default(client: Visitor) -> None:
    assert client.submit("/register", FORM).status_code == 303
    assert not rows()
    user = make_user()
    assert client.submit("/login", {"email": user.email, "password": PASSWORD}).status_code == 303
