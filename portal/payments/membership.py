"""The membership tiers and what a month of each costs. See docs/rules/payments.md."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from portal.lib.errors import PortalError

MEMBERSHIP_CURRENCY = "UAH"

# Minor units: kopiykas a month, cheapest first.
MEMBERSHIP_PRICES_MINOR: Mapping[str, int] = MappingProxyType(
    {"SUBSCRIBER": 0, "MEMBER": 299_00, "CONFIDENTIAL": 999_00}
)


class TierUnknown(PortalError):
    """The text names no membership tier."""

    code = "tier_unknown"


class TierFree(PortalError):
    """The tier costs nothing, so there is nothing to pay."""

    code = "tier_free"


def membership_price_minor(tier: str) -> int:
    """Return a tier's monthly price in minor units of UAH; raise TierUnknown."""
    price = MEMBERSHIP_PRICES_MINOR.get(tier)
    if price is None:
        raise TierUnknown(field="tier")
    return price


def chargeable_price_minor(tier: str) -> int:
    """Return the price of a tier that is paid for; raise TierUnknown or TierFree."""
    price = membership_price_minor(tier)
    if price == 0:
        raise TierFree(field="tier")
    return price
