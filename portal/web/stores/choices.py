"""What can be chosen for a store, in words."""

from __future__ import annotations

from dataclasses import dataclass

from portal.stores.adapters.registry import list_platforms
from portal.web.text.platforms import platform_words
from portal.web.text.translate import gettext as _

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FormChoices:
    """The choices of the forms that connect and change a store: values with their words."""

    platforms: Choices
    collectors: Choices
    bases: Choices
    waits: Choices


def form_choices() -> FormChoices:
    """Return the choices in the language of the page."""
    return FormChoices(
        platforms=tuple((name, platform_words(name)) for name in list_platforms()),
        collectors=(
            ("store", _("The store directly")),
            ("platform", _("Us, and we pay the store")),
        ),
        bases=(("net", _("Prices without tax")), ("gross", _("Prices with tax"))),
        waits=(
            ("approval", _("Our approval")),
            ("statement", _("Our approval and the store’s payment of the commission")),
        ),
    )
