"""Stores and their platforms in words."""

from __future__ import annotations

from portal.stores import BUILT_IN_STORE_ID
from portal.stores.adapters.registry import find_adapter
from portal.web.text.translate import gettext as _


def store_title(store_id: int, name: str) -> str:
    """Return the name of a store; that of the built-in shop is not one that people chose."""
    return _("Built-in shop") if store_id == BUILT_IN_STORE_ID else name


def platform_words(name: str) -> str:
    """Return the product name of a platform, or what a store without an adapter is."""
    adapter = find_adapter(name)
    if adapter is not None:
        return adapter.label
    return {"django_oscar": "django-oscar"}.get(name) or _("Another shop, through our API")
