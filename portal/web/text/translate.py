"""The translation functions of Flask-Babel with types; every sentence of the pages goes through them.

Values that contain right-to-left text are isolated, so that a name cannot reorder the sentence around it.
"""

from __future__ import annotations

from collections.abc import Mapping

import flask_babel
from markupsafe import Markup

from portal.lib.texts import isolate
from portal.web.text.format import number


def gettext(message: str, **variables: object) -> str:
    """Return a message in the reader's language."""
    return str(flask_babel.gettext(message, **_isolated(variables)))


def pgettext(context: str, message: str, **variables: object) -> str:
    """Return a message in the reader's language, where the same English words need other words elsewhere."""
    return str(flask_babel.pgettext(context, message, **_isolated(variables)))


def ngettext(singular: str, plural: str, num: int, **variables: object) -> str:
    """Return a message in the reader's language and the right plural form; `%(num)s` is the number as it is written."""
    form = flask_babel.get_domain().get_translations().ungettext(singular, plural, num)
    return str(form % _isolated({"num": number(num), **variables}))


def _isolated(variables: Mapping[str, object]) -> dict[str, object]:
    def value_of(value: object) -> object:
        return isolate(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return {name: value_of(value) for name, value in variables.items()}
