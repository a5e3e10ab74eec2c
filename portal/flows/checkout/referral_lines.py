"""Lines of a cart or an order with their referral percents, and whether a sale of them earns anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from portal.catalogue import products_by_id
from portal.commissions import merchant_configs
from portal.programme import (
    PaidSale,
    ReferralLine,
    decide_reward,
    get_percent_policy,
    get_programme_at,
    resolve_referral_commission_percent,
)
from portal.settings import Settings


class SoldLine(Protocol):
    """A line of a cart or an order of the built-in shop; its subtotal is in minor units."""

    @property
    def product_id(self) -> int | None: ...
    @property
    def vendor_id(self) -> int: ...
    @property
    def subtotal_minor(self) -> int: ...


def cart_lines(items: Sequence[SoldLine], settings: Settings) -> list[ReferralLine]:
    """Return lines with their resolved referral percents."""
    policy = get_percent_policy(settings)
    configs = merchant_configs([item.vendor_id for item in items])
    products = products_by_id(item.product_id for item in items if item.product_id is not None)
    lines = []
    for item in items:
        product = products.get(item.product_id) if item.product_id is not None else None
        resolved = resolve_referral_commission_percent(product, configs.get(item.vendor_id), policy)
        lines.append(
            ReferralLine(
                item.product_id, item.vendor_id, item.subtotal_minor, resolved.percent, resolved.source
            )
        )
    return lines


def earns_reward(lines: Sequence[ReferralLine], paid_at: datetime, settings: Settings) -> bool:
    """Return whether a sale of these lines earns its referrer anything. See docs/rules/rewards.md."""
    if not any(line.subtotal_minor for line in lines):
        return False
    try:
        decision = decide_reward(
            PaidSale(paid_at, "fiat", tuple(lines)), get_percent_policy(settings), get_programme_at(paid_at)
        )
    except LookupError:  # no version of the programme is in force, which must not stop a purchase
        return False
    return decision.percent > 0
