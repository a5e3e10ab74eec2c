"""What can be chosen for a store, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portal.lib.values import dataclass
from portal.stores.adapters.registry import find_adapter, list_platforms
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
        platforms=tuple((name, platform_label(name)) for name in list_platforms()),
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


def platform_label(name: str) -> str:
    """Return the product name of a platform, or what a store without an adapter is."""
    adapter = find_adapter(name)
    if adapter is not None:
        return adapter.label
    return {"django_oscar": "django-oscar"}.get(name) or _("Another shop, by our API")
