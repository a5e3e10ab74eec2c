"""Platforms of connected stores in words."""

from __future__ import annotations

from portal.stores.adapters.registry import find_adapter
from portal.web.text.translate import gettext as _


def platform_words(name: str) -> str:
    """Return the product name of a platform, or what a store without an adapter is."""
    adapter = find_adapter(name)
    if adapter is not None:
        return adapter.label
    return {"django_oscar": "django-oscar"}.get(name) or _("Another shop, by our API")
