"""The language of the reader. A page asks for it hundreds of times, so the lookup does as little as possible."""

from __future__ import annotations

import flask_babel
from babel import Locale
from flask import g

_request_globals = g._get_current_object


def reader_locale() -> Locale | None:
    """Return the locale of the reader, None outside of a request and of a letter."""
    try:
        # Where Flask-Babel keeps what it has chosen, also while another language is forced.
        chosen = getattr(_request_globals(), "_flask_babel", None)
    except RuntimeError:
        return None
    locale: Locale | None = getattr(chosen, "babel_locale", None) or flask_babel.get_locale()
    return locale


def reader_language() -> str | None:
    """Return the code of the reader's language, None outside of a request and of a letter."""
    locale = reader_locale()
    return locale.language if locale else None
