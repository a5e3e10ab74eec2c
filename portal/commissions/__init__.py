"""The ERP rail: the percent hierarchy, commissions, settlements and when they fall due."""

from portal.commissions.operations import PaidOrder, write_settlement
from portal.commissions.queries import (
    LEDGER_PAGE,
    get_percent_policy,
    list_assists,
    list_settlements,
    merchant_configs,
    resolve_referral_commission_percent,
    settlement_totals,
    vendor_terms,
)
from portal.commissions.rules import CartLine, slice_by_vendor, weighted_percent

__all__ = [
    "LEDGER_PAGE",
    "CartLine",
    "PaidOrder",
    "get_percent_policy",
    "list_assists",
    "list_settlements",
    "merchant_configs",
    "resolve_referral_commission_percent",
    "settlement_totals",
    "slice_by_vendor",
    "vendor_terms",
    "weighted_percent",
    "write_settlement",
]
