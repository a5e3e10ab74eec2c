"""The store platforms that the portal knows. See docs/rules/stores.md."""

from __future__ import annotations

from portal.stores.adapters.horoshop import Horoshop
from portal.stores.adapters.keycrm import KeyCrm
from portal.stores.adapters.medusa import Medusa
from portal.stores.adapters.protocol import StoreAdapter
from portal.stores.adapters.saleor import Saleor
from portal.stores.adapters.shopify import Shopify
from portal.stores.adapters.stripe import Stripe
from portal.stores.adapters.vendure import Vendure
from portal.stores.adapters.woocommerce import WooCommerce
from portal.stores.rules import API_PLATFORM

# In the order that a page offers them.
ADAPTERS: tuple[StoreAdapter, ...] = (
    WooCommerce(),
    Medusa(),
    Vendure(),
    Shopify(),
    Stripe(),
    Saleor(),
    Horoshop(),
    KeyCrm(),
)


# Platforms whose stores call the API by a sample of docs/stores, and a store of one's own making.
_CALLERS = ("django_oscar", API_PLATFORM)
_OTHER_NAMES = {
    "woo": "woocommerce",
    "oscar": "django_oscar",
    "stripe_checkout": "stripe",
    "custom": API_PLATFORM,
    "other": API_PLATFORM,
}


def list_platforms() -> tuple[str, ...]:
    """Return the names of the platforms that a store can have, in the order that a page offers them."""
    return (*(adapter.name for adapter in ADAPTERS), *_CALLERS)


def platform_name(typed: str) -> str:
    """Return the name of a platform as it is stored, from its usual spellings."""
    name = typed.strip().lower().replace("-", "_").replace(" ", "_")
    return _OTHER_NAMES.get(name, name)


def find_adapter(name: str) -> StoreAdapter | None:
    """Return the platform with this name, None for one whose stores only call the API."""
    return next((adapter for adapter in ADAPTERS if adapter.name == name), None)
