"""The terms of the programme on the admins' pages: saved, refused, listed, shown."""

from __future__ import annotations

import pytest
from flask import Flask

from models import ProgrammeTerms, User
from portal.db import Actor
from portal.programme.terms_operations import save_terms
from tests.web.account.factor import code_of, enrol, expire_confirmation
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import form_fields, text_of
from tests.web.visitor import Visitor

TERMS, CONFIRM = "/admin/programme/terms", "/account/confirm"


def test_first_version_is_saved_and_shown(as_admin: Visitor, admin: User) -> None:
    empty = as_admin.get(TERMS)
    assert "The programme has no terms" in text_of(empty)
    form = {
        "seen": form_fields(empty, TERMS)["seen"][0],
        "text_en": "Rule one.\n\nRule two.",
        "text_uk": "Правило.",
    }
    answer = as_admin.submit(TERMS, form)
    assert (answer.status_code, answer.location) == (303, TERMS)
    terms = ProgrammeTerms.get()
    assert (terms.created_by, terms.texts) == (admin.id, {"en": "Rule one.\n\nRule two.", "uk": "Правило."})
    page = as_admin.get(TERMS)
    assert "English, Українська" in text_of(page)
    assert f"{TERMS}/{terms.id}" in page.text
    version = text_of(as_admin.get(f"{TERMS}/{terms.id}"))
    for text in ("Rule one.", "Rule two.", "Правило."):
        assert text in version


def test_invalid_texts_keep_what_was_typed_and_change_nothing(as_admin: Visitor) -> None:
    page = as_admin.submit(TERMS, {"seen": "0", "text_en": "Kept as typed", "text_uk": "ї" * 20_001})
    assert page.status_code == 422
    assert '<a href="#text_uk">' in page.text
    assert "Shorten the text to 20,000 characters." in text_of(page)
    assert "Kept as typed" in page.text
    assert ProgrammeTerms.select().count() == 0


def test_longest_texts_are_saved(as_admin: Visitor) -> None:
    longest = {"seen": "0", **{f"text_{language}": "ї" * 20_000 for language in ("en", "uk", "ru")}}
    assert as_admin.submit(TERMS, longest).status_code == 303
    assert {len(text) for text in ProgrammeTerms.get().texts.values()} == {20_000}


def test_second_admin_does_not_overwrite_a_version_they_have_not_seen(as_admin: Visitor, admin: User) -> None:
    save_terms({"en": "Theirs"}, 0, Actor.user(admin.id))
    for _attempt in range(2):
        page = as_admin.submit(TERMS, {"seen": "0", "text_en": "Mine"})
        assert page.status_code == 409
        assert form_fields(page, TERMS)["seen"] == ["0"], "submitting the same form again is refused, too"
    assert ProgrammeTerms.get().texts == {"en": "Theirs"}
    for impossible in ("9" * 5_000, "9" * 19, "٣", ""):
        assert as_admin.submit(TERMS, {"seen": impossible, "text_en": "Mine"}).status_code == 409
    newest = str(ProgrammeTerms.get().id)
    unchanged = as_admin.submit(TERMS, {"seen": newest, "text_en": "Theirs"})
    assert (unchanged.status_code, ProgrammeTerms.select().count()) == (422, 1)


def test_empty_texts_end_the_terms(as_admin: Visitor, admin: User) -> None:
    terms = save_terms({"en": "Rule"}, 0, Actor.user(admin.id))
    assert as_admin.submit(TERMS, {"seen": str(terms.id)}).status_code == 303
    assert "The programme has no terms" in text_of(as_admin.get(TERMS))
    newest = ProgrammeTerms.select().order_by(ProgrammeTerms.id.desc()).get()
    assert "This version withdrew the terms." in text_of(as_admin.get(f"{TERMS}/{newest.id}"))
    assert as_admin.get(f"{TERMS}/999").status_code == 404


def test_history_goes_on_to_the_next_page(as_admin: Visitor, admin: User) -> None:
    newest = 0
    for number in range(26):
        newest = save_terms({"en": f"Version {number}"}, newest, Actor.user(admin.id)).id
    first = as_admin.get(TERMS)
    assert first.text.count('id="terms-') == 25
    cursor = first.text.split("cursor=")[1].split('"')[0]
    assert as_admin.get(f"{TERMS}?cursor={cursor}").text.count('id="terms-') == 1
    ledger = as_admin.get(f"{TERMS}.csv").text
    assert ledger.count("Version ") == 26


def test_only_admins_save_terms(as_owner: Visitor) -> None:
    assert as_owner.get(TERMS).status_code == 403
    assert as_owner.submit(TERMS, {"seen": "0", "text_en": "Mine"}).status_code == 403
    assert ProgrammeTerms.select().count() == 0


@pytest.mark.parametrize("length", [5_000, 20_000])
def test_text_survives_the_proof_of_identity(app: Flask, admin: User, length: int) -> None:
    secret = enrol(admin)[0]
    browser = visitor(app, admin)
    expire_confirmation()
    texts = {
        language: (f"{language}: Правило програми. " * 1_000)[:length] for language in ("en", "uk", "ru")
    }
    page = browser.submit(TERMS, {"seen": "0", **{f"text_{name}": text for name, text in texts.items()}})
    assert page.status_code == 403
    assert ProgrammeTerms.select().count() == 0
    kept = {name: values[0] for name, values in form_fields(page, CONFIRM).items()}
    confirmed = browser.submit(CONFIRM, {**kept, "code": code_of(secret)})
    assert "Save the terms of the programme" in text_of(confirmed)
    again = {name: values[0] for name, values in form_fields(confirmed, TERMS).items()}
    assert browser.post(TERMS, data=again).status_code == 303
    assert ProgrammeTerms.get().texts == {name: text.strip() for name, text in texts.items()}


def test_terms_are_saved_in_production(make_app: MakeApp, admin: User) -> None:
    """In production an admin has a second factor, and the proof is recent."""
    enrol(admin)
    app = make_app(
        portal_env="production",
        app_url="https://portal.example",
        secret_key="a secret of production that is long enough",
        wayforpay_merchant_account="shop_example_production",
        wayforpay_secret_key="a merchant secret of production",
    )
    browser = visitor(app, admin)
    answer = browser.submit(TERMS, {"seen": "0", "text_en": "Rule"})
    assert answer.status_code == 303, answer.text
    assert "Rule" in text_of(browser.get("/terms"))
