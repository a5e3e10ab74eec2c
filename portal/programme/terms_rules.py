"""The terms of the programme as an admin types them, and the text for a reader; pure. See docs/rules/programme.md."""

from __future__ import annotations

from collections.abc import Mapping

from portal.lib.errors import InputInvalid, PortalError
from portal.lib.texts import clean_text
from portal.programme.errors import TermsTooLong
from portal.settings.types import LANGUAGES

TERMS_LENGTH = 20_000


def read_terms(typed: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of the fields `text_<language>` by language, without the empty ones.

    Raises InputInvalid with TermsTooLong or CharacterRefused for each invalid field.
    """
    texts: dict[str, str] = {}
    errors: dict[str, PortalError] = {}
    for language in LANGUAGES:
        field = f"text_{language}"
        try:
            text = clean_text(typed.get(field, ""), field)
            if len(text) > TERMS_LENGTH:
                raise TermsTooLong(field=field, at_most=TERMS_LENGTH)
        except PortalError as error:
            errors[field] = error
            continue
        if text:
            texts[language] = text
    if errors:
        raise InputInvalid(errors)
    return texts


def terms_in(texts: Mapping[str, str], language: str) -> tuple[str, str]:
    """Return the language and the text that a reader of a language gets: their own, else the first there is."""
    found = next(each for each in (language, *LANGUAGES) if each in texts)
    return found, texts[found]


def paragraphs_of(text: str) -> tuple[str, ...]:
    """Return the paragraphs of a text, which blank lines separate."""
    return tuple(text.split("\n\n"))
