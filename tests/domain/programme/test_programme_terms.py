"""Programme terms: what is a valid text, which version is in force, who has accepted it."""

from __future__ import annotations

import pytest
from peewee import IntegrityError

from models import EventLog, ProgrammeTerms, TermsAcceptance
from portal.db import Actor
from portal.lib.errors import InputInvalid
from portal.programme import accept_terms, find_terms_in_force, find_unaccepted_terms_id, terms_in
from portal.programme.errors import TermsChanged, TermsSavedMeanwhile, TermsUnchanged
from portal.programme.terms_operations import save_terms
from portal.programme.terms_rules import TERMS_LENGTH, paragraphs_of, read_terms
from tests.factories import make_user

ACTOR = Actor("command:test")


@pytest.mark.parametrize(
    ("texts", "language", "expected"),
    [
        ({"en": "Hello", "uk": "Привіт"}, "uk", ("uk", "Привіт")),
        ({"en": "Hello", "uk": "Привіт"}, "ru", ("en", "Hello")),
        ({"uk": "Привіт", "ru": "Привет"}, "en", ("uk", "Привіт")),
        ({"ru": "Привет"}, "uk", ("ru", "Привет")),
    ],
)
def test_reader_gets_own_language_or_the_first_there_is(
    texts: dict[str, str], language: str, expected: tuple[str, str]
) -> None:
    assert terms_in(texts, language) == expected


def test_typed_texts_are_cleaned_and_empty_ones_left_out() -> None:
    typed = {"text_en": " One  rule\r\n\r\n\r\nAnother\r\nline ", "text_uk": " \u200b", "text_fr": "Règles"}
    assert read_terms(typed) == {"en": "One rule\n\nAnother\nline"}
    assert paragraphs_of(read_terms(typed)["en"]) == ("One rule", "Another\nline")
    assert read_terms({"text_uk": "ї" * TERMS_LENGTH}) == {"uk": "ї" * TERMS_LENGTH}


def test_each_invalid_text_has_an_error() -> None:
    with pytest.raises(InputInvalid) as refusal:
        read_terms({"text_en": "x" * (TERMS_LENGTH + 1), "text_uk": "ok", "text_ru": "a\u202eb"})
    codes = {field: error.code for field, error in refusal.value.fields.items()}
    assert codes == {"text_en": "terms_too_long", "text_ru": "character_refused"}


@pytest.mark.usefixtures("database")
def test_newest_version_is_in_force_until_the_terms_end() -> None:
    assert find_terms_in_force() is None
    first = save_terms({"en": "One"}, 0, ACTOR)
    second = save_terms({"en": "Two"}, first.id, ACTOR)
    assert find_terms_in_force() == second
    end = save_terms({}, second.id, ACTOR)
    assert find_terms_in_force() is None
    assert find_unaccepted_terms_id(make_user().id) is None
    assert save_terms({"en": "Two"}, end.id, ACTOR).id > end.id
    events = EventLog.select(EventLog.event).where(EventLog.entity == "terms").order_by(EventLog.id)
    assert [row.event for row in events] == ["terms_saved", "terms_saved", "terms_ended", "terms_saved"]


@pytest.mark.usefixtures("database")
def test_version_without_a_change_is_refused() -> None:
    with pytest.raises(TermsUnchanged):
        save_terms({}, 0, ACTOR)
    first = save_terms({"en": "One"}, 0, ACTOR)
    with pytest.raises(TermsUnchanged):
        save_terms({"en": "One"}, first.id, ACTOR)
    assert ProgrammeTerms.select().count() == 1


@pytest.mark.usefixtures("database")
def test_admin_who_has_not_seen_the_newest_version_saves_nothing() -> None:
    first = save_terms({"en": "One"}, 0, ACTOR)
    with pytest.raises(TermsSavedMeanwhile):
        save_terms({"en": "Two"}, 0, ACTOR)
    save_terms({"en": "Two"}, first.id, ACTOR)
    with pytest.raises(TermsSavedMeanwhile):
        save_terms({"en": "Three"}, first.id, ACTOR)


@pytest.mark.usefixtures("database")
def test_each_version_is_accepted_once_by_each_person() -> None:
    user, other = make_user(), make_user()
    first = save_terms({"en": "One"}, 0, ACTOR)
    for _time in range(2):
        accept_terms(user.id, first.id, Actor.user(user.id))
    assert TermsAcceptance.select().count() == 1
    (event,) = EventLog.select().where(EventLog.event == "terms_accepted")
    assert (event.entity_id, event.actor_user_id, event.data) == (
        str(user.id), user.id, {"termsId": first.id},
    )  # fmt: skip
    assert (find_unaccepted_terms_id(user.id), find_unaccepted_terms_id(other.id)) == (None, first.id)
    second = save_terms({"en": "Two"}, first.id, ACTOR)
    assert find_unaccepted_terms_id(user.id) == second.id
    with pytest.raises(TermsChanged):
        accept_terms(user.id, first.id, Actor.user(user.id))
    assert TermsAcceptance.select().count() == 1


@pytest.mark.usefixtures("database")
def test_nothing_is_accepted_without_terms() -> None:
    user = make_user()
    end = save_terms({}, save_terms({"en": "One"}, 0, ACTOR).id, ACTOR)
    for terms_id in (0, end.id):
        with pytest.raises(TermsChanged):
            accept_terms(user.id, terms_id, Actor.user(user.id))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("statement", ["update", "delete"])
def test_versions_and_acceptances_stay_as_they_are(statement: str) -> None:
    user, terms = make_user(), save_terms({"en": "One"}, 0, ACTOR)
    accept_terms(user.id, terms.id, ACTOR)
    for model, change in ((ProgrammeTerms, {"texts": {}}), (TermsAcceptance, {"user_id": make_user().id})):
        with pytest.raises(IntegrityError, match="append-only"):
            (model.update(change) if statement == "update" else model.delete()).execute()
