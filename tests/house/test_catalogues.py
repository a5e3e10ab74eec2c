"""The translation template matches the code, and every catalogue is complete."""

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


def test_template_matches_the_code(tmp_path: Path) -> None:
    extracted_file = tmp_path / "messages.pot"
    extract_messages(extracted_file)
    extracted, committed = messages(extracted_file), messages(TEMPLATE)
    differences = [f"missing: {each!r}" for each in sorted(extracted - committed, key=str)]
    differences += [f"left over: {each!r}" for each in sorted(committed - extracted, key=str)]
    assert not differences, "Run `make translations`:\n" + "\n".join(differences)


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_language_is_complete(locale: str) -> None:
    language_problems = [problem for problem in problems() if problem.startswith(f"{locale}:")]
    assert not language_problems, "\n".join(language_problems)


def test_catalogues_match_the_offered_locales() -> None:
    from portal.web.core.locale import LOCALES

    assert {path.name for path in TEMPLATE.parent.iterdir() if path.is_dir()} == set(LOCALES)


def test_every_message_can_be_formatted() -> None:
    for path in sorted(TEMPLATE.parent.glob("*/LC_MESSAGES/messages.po")):
        with path.open("rb") as source:
            catalogue = read_po(source, locale=path.parent.parent.name)
        for message in catalogue:
            texts = message.string if isinstance(message.string, list | tuple) else (message.string,)
            for text in filter(None, texts):
                # gettext always formats: a bare percent sign would break the page.
                if message.id and "python-format" in message.flags:
                    text % _Anything()


class _Anything(dict[str, int]):
    def __missing__(self, key: str) -> int:
        return 1
