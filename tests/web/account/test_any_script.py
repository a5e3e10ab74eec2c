"""Names, labels, reasons and passwords as people write them, in any script and from any keyboard."""

from __future__ import annotations

import unicodedata

import pytest
from argon2 import PasswordHasher

from models import EventLog, Refcode, SavedFilter, User
from portal.settings import Settings
from tests.factories import make_reward, make_settlement, make_user, make_vendor
from tests.web.conftest import visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

TEXTS = ["علی‌رضا", "രാജന്‍", "क्‍षमा", "ශ්‍රී ලංකා", "Nguyễn Thị Hồng", "👩‍👩‍👧", "\U0001fae8 new"]
PASSWORD = "Nguyễn\u00a0Thị کلمه‌عبور"
OVERRIDE = "U+202E (RIGHT-TO-LEFT OVERRIDE)"


def register(client: Visitor, name: str, password: str = "eight ch"):
    return client.submit("/register", {"name": name, "email": "nova@example.com", "password": password})


@pytest.mark.parametrize("name", TEXTS)
def test_a_name_of_any_script_opens_an_account(client: Visitor, name: str) -> None:
    assert register(client, unicodedata.normalize("NFD", f" {name}\u00a0")).status_code == 303
    assert User.get(User.email == "nova@example.com").name == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("", "at position 4 is not allowed"), ("/uk", "на позиції 4"), ("/ru", "в позиции 4")],
)
def test_a_refused_character_is_named(client: Visitor, language: str, sentence: str) -> None:
    form = {"name": "Ole\u202ena", "email": "nova@example.com", "password": "eight ch"}
    page = client.submit(f"{language}/register", form)
    assert page.status_code == 422
    assert 'href="#name"' in page.text
    assert OVERRIDE in text_of(page)
    assert sentence in text_of(page)


@pytest.mark.parametrize("text", TEXTS)
def test_labels_and_reasons_take_any_script(as_admin: Visitor, code: Refcode, text: str) -> None:
    typed = unicodedata.normalize("NFD", text)
    as_admin.submit("/admin/filters/rewards", {"name": typed, "query": "status=failed"})
    assert SavedFilter.get().name == unicodedata.normalize("NFC", text)
    again = as_admin.submit("/admin/filters/rewards", {"name": text, "query": "status=failed"})
    assert again.status_code == 409
    as_admin.submit(f"/admin/refcodes/codes/{code.code}/active", {"active": "0", "reason": typed})
    reason = EventLog.get(EventLog.event == "code_deactivated").reason
    assert reason == unicodedata.normalize("NFC", text)


def test_a_refused_character_of_a_label_or_reason_is_named(as_admin: Visitor, code: Refcode) -> None:
    label = as_admin.submit("/admin/filters/rewards", {"name": "a\u202e", "query": "status=failed"})
    path = f"/admin/refcodes/codes/{code.code}/active"
    reason = as_admin.submit(path, {"active": "0", "reason": "a\u202e"})
    assert (label.status_code, reason.status_code) == (422, 422)
    assert OVERRIDE in text_of(label)
    assert OVERRIDE in text_of(reason)


@pytest.mark.parametrize("chosen", ["NFC", "NFD"])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
def test_a_password_is_the_same_from_any_keyboard(client: Visitor, chosen: str, typed: str) -> None:
    register(client, "Nova", unicodedata.normalize(chosen, PASSWORD))
    client.submit("/logout")
    password = unicodedata.normalize(typed, PASSWORD).replace("\u00a0", " ")
    form = {"email": "nova@example.com", "password": password}
    assert client.submit("/login", form).status_code == 303


def test_an_older_hash_of_a_password_as_it_was_typed_stays_valid(app, database: str) -> None:
    typed = unicodedata.normalize("NFD", PASSWORD)
    user = make_user(password_hash=PasswordHasher().hash(typed))
    login = {"email": user.email, "password": typed}
    assert visitor(app).submit("/login", login).status_code == 303
    assert visitor(app).submit("/login", {**login, "password": typed + "x"}).status_code == 401


@pytest.mark.parametrize(("letters", "status"), [(7, 422), (8, 303), (200, 303), (201, 422)])
def test_the_length_of_a_password_counts_letters_in_their_normal_form(
    client: Visitor, letters: int, status: int
) -> None:
    assert register(client, "Nova", "e\u0301" * letters).status_code == status
    if status == 303:
        client.submit("/logout")
        form = {"email": "nova@example.com", "password": "é" * letters}
        assert client.submit("/login", form).status_code == 303


def test_the_name_of_a_brand_is_a_line_in_any_script() -> None:
    assert Settings(brand_name=" Лавка  علی‌رضا ").brand_name == "Лавка علی‌رضا"
    with pytest.raises(ValueError, match="RIGHT-TO-LEFT OVERRIDE"):
        Settings(brand_name="Shop\u202e")


PASTED = [" {}\u200b", "\u2066{}\u2069", "\ufeff{}\u00a0"]


@pytest.mark.parametrize("pasted", PASTED)
def test_searches_find_what_was_pasted(as_admin: Visitor, other: User, pasted: str) -> None:
    settlement, reward = make_settlement(make_vendor()), make_reward(other)

    def page(path: str, name: str, value: str) -> str:
        return text_of(as_admin.get(path, query_string={name: pasted.format(value)}))

    assert settlement.order_reference in page(
        "/admin/store/commissions", "orderReference", settlement.order_reference
    )
    for name, value in (
        ("orderReference", reward.order_reference),
        ("code", reward.ref_code),
        ("wallet", reward.referrer_wallet),
    ):
        assert reward.order_reference in page("/admin/refcodes", name, value), name
    assert "No records" not in page("/admin/audit", "orderReference", settlement.order_reference)
    assert other.name in page("/admin/credit", "account", str(other.email))
    assert other.name in page("/admin/credit", "account", reward.referrer_wallet)


@pytest.mark.parametrize("name", ["cafe\u0301", "CAFÉ", "ＣＡＦÉ"])
def test_filter_names_are_the_same_in_any_spelling(as_admin: Visitor, name: str) -> None:
    as_admin.submit("/admin/filters/rewards", {"name": "Café", "query": "status=failed"})
    answer = as_admin.submit("/admin/filters/rewards", {"name": name, "query": "status=minted"})
    assert answer.status_code == 409
    assert SavedFilter.select().count() == 1


def test_right_to_left_names_do_not_reorder_a_sentence(client: Visitor) -> None:
    name = "علی‌رضا (2)"
    assert register(client, name).status_code == 303
    assert f"Welcome, \u2068{name}\u2069." in text_of(client.get("/"))
