"""The commission ledgers: settlements, payouts, sales assists."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from portal.commissions import (
    SettlementFilter,
    list_assist_ledger,
    list_batch_ledger,
    list_payout_ledger,
    list_settlement_ledger,
    list_statement_item_ledger,
    list_statement_ledger,
)
from portal.lib.money import major_text
from portal.web.exports.arguments import period, settlement_filter
from portal.web.exports.columns import Cell, Column, Digits, address, at, columns, money
from portal.web.exports.ledger import Ledger
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Payout, Settlement

_VENDOR = at("vendor", "vendor.name")


def _breakdown(name: str, key: str) -> Column:
    """Return a column of the commission breakdown, whose amounts are decimal texts."""
    return Column(name, lambda row: _exact(row.metadata["commissionBreakdown"].get(key)))


def _exact(value: Any) -> Cell:
    """Return a decimal text as a number; imported history may hold any text."""
    try:
        return None if value is None else Digits(f"{Decimal(str(value)):f}")
    except InvalidOperation:
        return str(value)


def _splits(row: Settlement) -> Cell:
    splits = row.metadata["commissionBreakdown"].get("customSplits") or []
    try:
        return Digits(f"{sum((Decimal(str(split['amount'])) for split in splits), Decimal(0)):f}")
    except (InvalidOperation, KeyError):
        return None


def _of_period(since: datetime | None, until: datetime | None) -> SettlementFilter:
    return SettlementFilter(since=since, until=until)


def _sent(payout: Payout) -> Cell:
    """Return what was sent in whole payout tokens, by the token's own decimals."""
    if payout.amount_wei is None or payout.token_decimals is None:
        return None
    return Digits(f"{Decimal(f'{payout.amount_wei}E-{payout.token_decimals}'):f}")


_SETTLEMENT = columns(
    "id", "order_reference", "order_id", "vendor_id", _VENDOR, "kind", "status", "collected_by", "currency",
    money("amount"),
    money("commission"), money("net_payout"), _breakdown("platform_commission", "platformCommission"),
    _breakdown("referral_commission", "referralCommission"), Column("custom_splits", _splits),
    _breakdown("referral_effective_percent", "referralEffectivePercent"), "scheduled_for", "processed_at",
    "transaction_id", Column("simulated", lambda row: bool(row.metadata.get("simulated"))), "payout_batch_id",
    "refund_id", "failure_reason", "created_at", "updated_at", "store", "external_id",
)  # fmt: skip
_PAYOUT = columns(
    "id", "batch_id", at("mode", "batch.mode"), "vendor_id", _VENDOR, "status", "currency",
    money("net"), "reserve_percent", money("reserve"), money("released"), money("amount"), "transaction_id",
    address("payout_wallet"), "chain_id", address("token_address"), "token_decimals", "amount_wei",
    Column("token_amount", _sent),
    "units_per_usd", "rate_source", "rate_at", "failure_reason", "created_at", "processed_at",
)  # fmt: skip
_BATCH_ROW = columns(
    at("batch_id", "payout.batch_id"), "payout_id", at("payout_status", "payout.status"), "settlement_id",
    at("vendor_id", "settlement.vendor_id"), at("vendor", "settlement.vendor.name"),
    at("order_reference", "settlement.order_reference"), at("kind", "settlement.kind"),
    at("currency", "payout.currency"), "net_minor",
    Column("net", lambda row: Digits(major_text(row.net_minor, row.payout.currency))),
    at("settlement_status", "settlement.status"), at("stands", "live"),
    at("transaction_id", "payout.transaction_id"),
)  # fmt: skip
_ASSIST = columns(
    "id", "order_reference", "order_id", "vendor_id", _VENDOR, "referral_code", "referrer_user_id", "currency",
    money("subtotal"), "created_at",
)  # fmt: skip

_STATEMENT = columns(
    "id", "vendor_id", _VENDOR, "status", "currency", money("amount"), "period_start", "period_end",
    "paid_reference", "paid_at", "void_reason", "created_at",
)  # fmt: skip
_STATEMENT_ROW = columns(
    "statement_id", "settlement_id", at("vendor_id", "settlement.vendor_id"),
    at("vendor", "settlement.vendor.name"), at("order_reference", "settlement.order_reference"),
    at("kind", "settlement.kind"), at("currency", "settlement.currency"),
    at("amount_minor", "settlement.amount_minor"),
    Column("amount", lambda row: Digits(major_text(row.settlement.amount_minor, row.settlement.currency))),
    "commission_minor",
    Column("commission", lambda row: Digits(major_text(row.commission_minor, row.settlement.currency))),
    at("settlement_status", "settlement.status"), at("stands", "live"), at("created_at", "settlement.created_at"),
)  # fmt: skip

LEDGERS = (
    Ledger(
        "settlements",
        "/admin/store/commissions",
        "admin",
        _SETTLEMENT,
        lambda arguments: list_settlement_ledger(settlement_filter(arguments)),
        lambda: (
            _("Settlements"),
            _("Amounts owed to vendors for each paid order. Refunds are negative."),
        ),
    ),
    Ledger(
        "my-settlements",
        "/vendor/earnings",
        "vendor",
        _SETTLEMENT,
        lambda arguments: list_settlement_ledger(_of_period(*period(arguments)), arguments.vendors()),
    ),
    Ledger(
        "payouts",
        "/admin/store/commissions/batches",
        "admin",
        _PAYOUT,
        lambda arguments: list_payout_ledger(*period(arguments)),
        lambda: (_("Payouts"), _("Payouts to vendors, with reserve, rate and transaction.")),
    ),
    Ledger(
        "payout-batch",
        "/admin/store/commissions/batches/<int:batch_id>",
        "admin",
        _BATCH_ROW,
        lambda arguments: list_batch_ledger(arguments["batch_id"]),
    ),
    Ledger(
        "my-payouts",
        "/vendor/earnings/payouts",
        "vendor",
        _PAYOUT,
        lambda arguments: list_payout_ledger(*period(arguments), arguments.vendors()),
    ),
    Ledger(
        "commission-statements",
        "/admin/statements",
        "admin",
        _STATEMENT,
        lambda arguments: list_statement_ledger(*period(arguments)),
        lambda: (
            _("Statements"),
            _("What vendors owe for sales where their store collected the payment."),
        ),
    ),
    Ledger(
        "commission-statement",
        "/admin/statements/<int:statement_id>",
        "admin",
        _STATEMENT_ROW,
        lambda arguments: list_statement_item_ledger(arguments["statement_id"]),
    ),
    Ledger(
        "my-commission-statements",
        "/vendor/statements",
        "vendor",
        _STATEMENT,
        lambda arguments: list_statement_ledger(*period(arguments), arguments.vendors()),
    ),
    Ledger(
        "my-commission-statement",
        "/vendor/statements/<int:statement_id>",
        "vendor",
        _STATEMENT_ROW,
        lambda arguments: list_statement_item_ledger(arguments["statement_id"], arguments.vendors()),
    ),
    Ledger(
        "sales-assists",
        "/admin/ledgers/sales-assists",
        "admin",
        _ASSIST,
        lambda arguments: list_assist_ledger(*period(arguments)),
        lambda: (_("Sales assists"), _("Sales credited to a code: one row per order and vendor.")),
    ),
)
