"""Read merchant terms, settlements and sales assists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from models import MerchantConfig, Order, SalesAssist, Settlement, Store, Vendor
from portal.commissions.terms import CustomSplit, parse_custom_splits, platform_percent
from portal.db import Keyset, Page, distinct_values, within

LEDGER_PAGE = 25


@dataclass(frozen=True)
class VendorTerms:
    """The terms that one vendor's settlements are computed and scheduled with."""

    vendor_id: int
    platform_percent: Decimal
    custom_splits: list[CustomSplit]
    hold_days: int
    payout_frequency: str


def merchant_configs(vendor_ids: Sequence[int]) -> dict[int, MerchantConfig]:
    """Return the merchant configurations of vendors by vendor id; a vendor without one is absent."""
    rows = MerchantConfig.select().where(MerchantConfig.vendor.in_(list(vendor_ids)))
    return {row.vendor_id: row for row in rows}


def vendor_terms(vendor: Vendor, config: MerchantConfig | None) -> VendorTerms:
    """Return a vendor's terms; without a configuration the store tier and the defaults apply."""
    if config is None:
        return terms_of(vendor.id, vendor.store_tier)
    return terms_of(
        vendor.id,
        vendor.store_tier,
        config.platform_percent,
        config.custom_splits,
        config.hold_days,
        config.payout_frequency,
    )


def terms_of(
    vendor_id: int,
    store_tier: str | None,
    own_percent: Decimal | None = None,
    custom_splits: object = None,
    hold_days: int | None = None,
    payout_frequency: str | None = None,
) -> VendorTerms:
    """Return a vendor's terms from the tier and what the configuration sets.

    Raises CustomSplitInvalid or InvalidPercent for splits that nobody could have saved.
    """
    return VendorTerms(
        vendor_id=vendor_id,
        platform_percent=platform_percent(own_percent, store_tier),
        custom_splits=parse_custom_splits(custom_splits),
        hold_days=3 if hold_days is None else hold_days,
        payout_frequency=payout_frequency or "WEEKLY",
    )


@dataclass(frozen=True)
class SettlementFilter:
    """Which settlements to list; an empty field restricts nothing. `until` is exclusive."""

    status: str = ""
    vendor_id: int | None = None
    reference: str = ""
    currency: str = ""
    since: datetime | None = None
    until: datetime | None = None


def list_settlements(
    filters: SettlementFilter, cursor: str | None = None, vendor_ids: Sequence[int] | None = None
) -> Page[Settlement]:
    """Return a page of settlements with their vendors, newest first; raise CursorInvalid."""
    return list_settlement_ledger(filters, vendor_ids).page(cursor, LEDGER_PAGE)


def list_settlements_of_reference(order_reference: str) -> list[Settlement]:
    """Return every settlement of an order reference with its vendor, newest first."""
    return list(list_settlement_ledger(SettlementFilter(reference=order_reference)))


def list_settlement_ledger(
    filters: SettlementFilter, vendor_ids: Sequence[int] | None = None
) -> Keyset[Settlement]:
    """Return every matching settlement with its vendor, store and number there, newest first.

    Of `vendor_ids` only where given.
    """
    order = Order.select().where(Order.order_reference == Settlement.order_reference)
    rows = Settlement.select(
        Settlement,
        Vendor,
        order.select(Store.name).join(Store).alias("store"),
        order.select(Order.external_id).alias("external_id"),
    ).join(Vendor)
    if vendor_ids is not None:
        rows = rows.where(Settlement.vendor.in_(list(vendor_ids)))
    for condition in _conditions(filters):
        rows = rows.where(condition)
    return Keyset(rows, Settlement.id)


def list_assist_ledger(since: datetime | None, until: datetime | None) -> Keyset[SalesAssist]:
    """Return every sales assist of a period with its vendor, newest first."""
    rows = SalesAssist.select(SalesAssist, Vendor).join(Vendor)
    return Keyset(within(rows, SalesAssist.created_at, since, until), SalesAssist.id)


def list_currencies() -> list[str]:
    """Return the currencies that have settlements, by a jump from each to the next in the index."""
    return distinct_values("settlements", "currency")


def list_assists(order_reference: str) -> list[SalesAssist]:
    """Return the sales assists of an order reference."""
    return list(
        SalesAssist.select().where(SalesAssist.order_reference == order_reference).order_by(SalesAssist.id)
    )


def _conditions(filters: SettlementFilter) -> list[Any]:
    conditions: list[Any] = []
    if filters.status:
        conditions.append(Settlement.status == filters.status)
    if filters.vendor_id is not None:
        conditions.append(Settlement.vendor == filters.vendor_id)
    if filters.reference:
        conditions.append(Settlement.order_reference == filters.reference)
    if filters.currency:
        conditions.append(Settlement.currency == filters.currency)
    if filters.since is not None:
        conditions.append(Settlement.created_at >= filters.since)
    if filters.until is not None:
        conditions.append(Settlement.created_at < filters.until)
    return conditions
