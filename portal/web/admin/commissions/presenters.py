"""What admin pages show of vendors, rates and batches: frozen values, no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.commissions import merchant_configs
from portal.lib.money import decimal_text
from portal.programme import PercentPolicy, resolve_referral_commission_percent
from portal.web.text.format import money, percent
from portal.web.text.messages import percent_source

if TYPE_CHECKING:
    from models import PayoutItem, Product

PERCENT_PLACES = 6


@dataclass(frozen=True, slots=True)
class FieldError:
    """What was typed into a field and what is wrong with it."""

    text: str
    typed: str


@dataclass(frozen=True, slots=True)
class RateRow:
    """A product with the referral percent in effect; `typed` is its own percent as the form shows it."""

    id: int
    name: str
    vendor_id: int
    vendor: str
    percent: str
    source: str
    typed: str
    error: str | None


@dataclass(frozen=True, slots=True)
class SplitLine:
    """One custom split as the form shows it."""

    recipient: str = ""
    percent: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class BatchItem:
    """A settlement of a payout; `status` is its status now."""

    order_reference: str
    status: str
    is_refund: bool
    net: str


def rate_rows(
    products: Sequence[Product], policy: PercentPolicy, errors: Mapping[str, FieldError]
) -> list[RateRow]:
    """Return products with the percent in effect and where it comes from."""
    configs = merchant_configs([product.vendor_id for product in products])
    rows = []
    for product in products:
        resolved = resolve_referral_commission_percent(product, configs.get(product.vendor_id), policy)
        error = errors.get(f"percent-{product.id}")
        rows.append(
            RateRow(
                id=product.id,
                name=product.name,
                vendor_id=product.vendor_id,
                vendor=product.vendor.name,
                percent=percent(resolved.percent),
                source=percent_source(resolved.source),
                typed=error.typed if error else percent_field(product.referral_percent),
                error=error.text if error else None,
            )
        )
    return rows


def batch_items(items: Sequence[PayoutItem], currency: str) -> tuple[BatchItem, ...]:
    """Return the settlements of a payout."""
    return tuple(
        BatchItem(
            item.settlement.order_reference,
            item.settlement.status,
            item.settlement.kind == "refund",
            money(item.net_minor, currency),
        )
        for item in items
    )


def percent_field(value: Decimal | None) -> str:
    """Return a percent as a form field shows it, empty where none is set."""
    return "" if value is None else decimal_text(value, PERCENT_PLACES)
