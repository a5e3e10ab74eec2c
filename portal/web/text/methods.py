"""Ways of paying in words."""

from __future__ import annotations

from portal.payments import find_method
from portal.runtime import current_portal
from portal.web.text.translate import gettext as _


def method_words(processor: str) -> str:
    """Return the name of a way of paying by its processor; an unknown one is shown as it is stored."""
    method = find_method(processor, current_portal().settings)
    return _(method.label) if method else processor
