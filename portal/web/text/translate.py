"""The translation functions of Flask-Babel with types; every sentence of the pages goes through them."""

from __future__ import annotations

import flask_babel


def gettext(message: str, **variables: object) -> str:
    """Return a message in the reader's language."""
    return str(flask_babel.gettext(message, **variables))


def ngettext(singular: str, plural: str, num: int, **variables: object) -> str:
    """Return a message in the reader's language and the right plural form; `%(num)s` is the number."""
    return str(flask_babel.ngettext(singular, plural, num, **variables))
