"""What can be chosen for a store, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.stores.adapters.registry import list_platforms
from portal.web.text.platforms import platform_words
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Vendor

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FormChoices:
    """The choices of the forms that connect and change a store: values with their words."""

    platforms: Choices
    vendors: Choices
    collectors: Choices
    bases: Choices
    waits: Choices


def form_choices(vendors: Sequence[Vendor], *, with_new_vendor: bool) -> FormChoices:
    """Return the choices with these vendors, and with a new one if there may be one."""
    own = tuple((str(vendor.id), vendor.name) for vendor in vendors)
    new = (("", _("A new vendor with the store’s name")),) if with_new_vendor else ()
    return FormChoices(
        platforms=tuple((name, platform_words(name)) for name in list_platforms()),
        vendors=(*new, *own),
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
