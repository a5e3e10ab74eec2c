"""Catalogues: the template is what the code says now, and each language has all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from tests.support.check_catalogues import problems
from tests.support.update_catalogues import extract_messages

PROJECT = Path(__file__).resolve().parents[2]
TEMPLATE = PROJECT / "translations" / "messages.pot"


def messages(path: Path) -> set[object]:
    with path.open("rb") as source:
        catalogue: Catalog = read_po(source)
    return {message.id for message in catalogue if message.id}


def test_the_template_is_a_fresh_extraction(tmp_path: Path) -> None:
    fresh = tmp_path / "messages.pot"
    extract_messages(fresh)
    extracted, committed = messages(fresh), messages(TEMPLATE)
    differences = [f"missing: {each!r}" for each in sorted(extracted - committed, key=str)]
    differences += [f"left over: {each!r}" for each in sorted(committed - extracted, key=str)]
    assert not differences, "Run `make translations`:\n" + "\n".join(differences)


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_a_language_is_complete(locale: str) -> None:
    told = [problem for problem in problems() if problem.startswith(f"{locale}:")]
    assert not told, "\n".join(told)


def test_the_languages_are_the_offered_ones() -> None:
    from portal.web.core.locale import LOCALES

    assert {path.name for path in TEMPLATE.parent.iterdir() if path.is_dir()} == set(LOCALES)


def test_every_sentence_survives_its_formatting() -> None:
    for path in sorted(TEMPLATE.parent.glob("*/LC_MESSAGES/messages.po")):
        with path.open("rb") as source:
            catalogue = read_po(source, locale=path.parent.parent.name)
        for message in catalogue:
            texts = message.string if isinstance(message.string, list | tuple) else (message.string,)
            for text in filter(None, texts):
                # gettext always formats: a bare percent sign would stop the page.
                if message.id and "python-format" in message.flags:
                    text % _Anything()


class _Anything(dict[str, int]):
    def __missing__(self, key: str) -> int:
        return 1
