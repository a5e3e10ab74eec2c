"""Read commission terms and the settlement ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from models import MerchantConfig, PlatformConfig, Product, SalesAssist, Settlement, Vendor
from portal.commissions.rules import (
    CustomSplit,
    ResolvedPercent,
    parse_custom_splits,
    platform_percent,
    resolve_percent,
)
from portal.db import Keyset, within
from portal.settings import Settings

LEDGER_PAGE = 50


@dataclass(frozen=True)
class PercentPolicy:
    """The two lowest tiers of the percent hierarchy and its ceiling (SPEC section 4)."""

    platform_default: Decimal | None
    env_percent: Decimal
    max_percent: Decimal


@dataclass(frozen=True)
class VendorTerms:
    """What one vendor's settlements are computed and scheduled by."""

    vendor_id: int
    platform_percent: Decimal
    custom_splits: list[CustomSplit]
    hold_days: int
    payout_frequency: str


def get_percent_policy(settings: Settings) -> PercentPolicy:
    """Return the platform default as stored now, beside the environment's percent and ceiling."""
    stored = PlatformConfig.get_or_none(PlatformConfig.id == 1)
    return PercentPolicy(
        platform_default=stored.referral_percent if stored else None,
        env_percent=settings.referral_reward_percent,
        max_percent=settings.referral_commission_max_percent,
    )


def resolve_referral_commission_percent(
    product: Product | None, merchant: MerchantConfig | None, policy: PercentPolicy
) -> ResolvedPercent:
    """Return a product's referral percent with its source tag: the one rule of both rails (SPEC section 4)."""
    structure = product.commission_structure if product else None
    return resolve_percent(
        product_percent=product.referral_percent if product else None,
        structure_percent=structure.referral_percent if structure else None,
        merchant_percent=merchant.referral_percent if merchant else None,
        platform_default=policy.platform_default,
        env_percent=policy.env_percent,
        max_percent=policy.max_percent,
    )


def merchant_configs(vendor_ids: Sequence[int]) -> dict[int, MerchantConfig]:
    """Return the merchant configurations of several vendors; a vendor without one is absent."""
    rows = MerchantConfig.select().where(MerchantConfig.vendor.in_(list(vendor_ids)))
    return {row.vendor_id: row for row in rows}


def vendor_terms(vendor: Vendor, config: MerchantConfig | None) -> VendorTerms:
    """Return a vendor's terms; without a configuration the store tier and the defaults decide."""
    return VendorTerms(
        vendor_id=vendor.id,
        platform_percent=platform_percent(config.platform_percent if config else None, vendor.store_tier),
        custom_splits=parse_custom_splits(config.custom_splits if config else []),
        hold_days=config.hold_days if config else 3,
        payout_frequency=config.payout_frequency if config else "WEEKLY",
    )


@dataclass(frozen=True)
class SettlementFilter:
    """What a reader wants to see of the ledger; an empty field wants everything. `until` is exclusive."""

    status: str = ""
    vendor_id: int | None = None
    reference: str = ""
    currency: str = ""
    since: datetime | None = None
    until: datetime | None = None


def list_settlements(
    *,
    vendor_ids: Sequence[int] | None = None,
    order_reference: str | None = None,
    before_id: int | None = None,
    wanted: SettlementFilter | None = None,
    limit: int = LEDGER_PAGE,
) -> list[Settlement]:
    """Return settlements with their vendors, newest first, at most a page, older than `before_id`."""
    rows = Settlement.select(Settlement, Vendor).join(Vendor)
    if vendor_ids is not None:
        rows = rows.where(Settlement.vendor.in_(list(vendor_ids)))
    if order_reference:
        rows = rows.where(Settlement.order_reference == order_reference)
    if before_id is not None:
        rows = rows.where(Settlement.id < before_id)
    for condition in _conditions(wanted or SettlementFilter()):
        rows = rows.where(condition)
    return list(rows.order_by(Settlement.id.desc()).limit(limit))


def list_settlement_ledger(
    wanted: SettlementFilter, vendor_ids: Sequence[int] | None = None
) -> Keyset[Settlement]:
    """Return every matching settlement with its vendor, newest first, of some vendors only where given."""
    rows = Settlement.select(Settlement, Vendor).join(Vendor)
    if vendor_ids is not None:
        rows = rows.where(Settlement.vendor.in_(list(vendor_ids)))
    for condition in _conditions(wanted):
        rows = rows.where(condition)
    return Keyset(rows, Settlement.id)


def list_assist_ledger(since: datetime | None, until: datetime | None) -> Keyset[SalesAssist]:
    """Return every sales assist of a period with its vendor, newest first."""
    rows = SalesAssist.select(SalesAssist, Vendor).join(Vendor)
    return Keyset(within(rows, SalesAssist.created_at, since, until), SalesAssist.id)


def list_currencies() -> list[str]:
    """Return the currencies of the ledger."""
    rows = Settlement.select(Settlement.currency).distinct().order_by(Settlement.currency)
    return [row.currency for row in rows]


def _conditions(wanted: SettlementFilter) -> list[Any]:
    conditions: list[Any] = []
    if wanted.status:
        conditions.append(Settlement.status == wanted.status)
    if wanted.vendor_id is not None:
        conditions.append(Settlement.vendor == wanted.vendor_id)
    if wanted.reference:
        conditions.append(Settlement.order_reference == wanted.reference)
    if wanted.currency:
        conditions.append(Settlement.currency == wanted.currency)
    if wanted.since is not None:
        conditions.append(Settlement.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(Settlement.created_at < wanted.until)
    return conditions


def list_assists(order_reference: str) -> list[SalesAssist]:
    """Return the sales assists of a reference."""
    return list(
        SalesAssist.select().where(SalesAssist.order_reference == order_reference).order_by(SalesAssist.id)
    )
