"""The translation functions of Flask-Babel with types; every sentence of the pages goes through them.

Values that contain right-to-left text are isolated, so that a name cannot reorder the sentence around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps

import flask_babel
from babel.support import NullTranslations
from markupsafe import Markup

from portal.lib.texts import isolate
from portal.web.text.format import number
from portal.web.text.reader import reader_language


def gettext(message: str, **variables: object) -> str:
    """Return a message in the reader's language."""
    language = reader_language()
    text = _messages.get((language, message))
    if text is None:
        text = str(_catalogue().ugettext(message))
        if language is not None:
            _messages[language, message] = text
    return text % _isolated(variables) if variables else text


def pgettext(context: str, message: str, **variables: object) -> str:
    """Return a message in the reader's language, where the same English words need other words elsewhere."""
    return str(flask_babel.pgettext(context, message, **_isolated(variables)))


def ngettext(singular: str, plural: str, num: int, **variables: object) -> str:
    """Return a message in the reader's language and the right plural form; `%(num)s` is the number as it is written."""
    text = _catalogue().ungettext(singular, plural, num)
    return str(text % _isolated({"num": number(num), **variables}))


# A page asks for hundreds of messages, so the catalogue of a language is looked up once per process.
_catalogues: dict[str | None, NullTranslations] = {None: NullTranslations()}
# Messages that a page asked for, by language: all come from the code and the templates, so they are as few.
_messages: dict[tuple[str | None, str], str] = {}


def _catalogue() -> NullTranslations:
    language = reader_language()
    catalogue = _catalogues.get(language)
    if catalogue is None:
        catalogue = _catalogues[language] = flask_babel.get_domain().get_translations()
    return catalogue


def per_language(texts: Callable[[], dict[str, str]]) -> Callable[[], dict[str, str]]:
    """Make a table of sentences once per language: for tables that depend on nothing else, and that rows look up."""
    tables: dict[str, dict[str, str]] = {}

    @wraps(texts)
    def table() -> dict[str, str]:
        language = reader_language()
        if language is None:
            return texts()
        if language not in tables:
            tables[language] = texts()
        return tables[language]

    return table


def _isolated(variables: Mapping[str, object]) -> dict[str, object]:
    def value_of(value: object) -> object:
        return isolate(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return {name: value_of(value) for name, value in variables.items()}
