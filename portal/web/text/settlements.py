"""Settlements as pages show them: amounts and breakdown as rows, reasons as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portal.commissions import LEDGER_PAGE
from portal.lib.money import parse_major
from portal.orders import list_item_names
from portal.web.text.format import money, percent
from portal.web.text.messages import percent_source
from portal.web.text.rewards import explorer_url
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Settlement


@dataclass(frozen=True, slots=True)
class BreakdownLine:
    """One line of a breakdown; kinds: line, minus, subtotal, total, note."""

    label: str
    value: str
    kind: str = "line"
    tag: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """A settlement as pages show it; amounts are formatted."""

    id: int
    order_reference: str
    vendor: str
    status: str
    is_refund: bool
    is_simulated: bool
    amount: str
    commission: str
    net: str
    breakdown: tuple[BreakdownLine, ...]
    stop_reason: str
    refund_note: str
    transaction_id: str | None
    tx_url: str | None
    batch_id: int | None
    scheduled_for: datetime

    @property
    def can_hold(self) -> bool:
        """Whether an admin can keep it out of payouts."""
        return self.status in ("pending", "failed")


def settlement_rows(settlements: Sequence[Settlement]) -> list[SettlementRow]:
    """Return settlements as pages show them; the names of their products are read at once."""
    names = list_item_names([row.order_id for row in settlements if row.order_id])
    return [_settlement_row(row, names.get(row.order_id or "", {})) for row in settlements]


def stop_reason(reason: str | None) -> str:
    """Return why a settlement or payout is held, failed or cancelled: a known code in words, else the text itself."""
    return {
        "commission_exceeds_subtotal": _(
            "The commissions exceed the sale. Nothing is paid until an admin resolves it."
        ),
        "imported_while_processing": _(
            "The other system was paying this when it was imported. Check there, then release it or leave it on hold."
        ),
        "refunded": _("The order was refunded before the payout, so nothing is paid."),
        "payout_wallet_missing": _("The vendor has no payout wallet. Enter one, then retry."),
        "payout_rate_missing": _("There is no exchange rate for this currency."),
        "payout_amount_too_small": _("The amount is less than the smallest unit of the payout token."),
        "payout_reverted": _("The transaction failed on chain. Nothing was paid."),
        "payout_superseded": _(
            "Another transaction of the treasury used the same nonce. Check its history before retrying."
        ),
        "payout_not_proven": _(
            "The transaction is final, but the token shows no transfer. Check it before retrying."
        ),
    }.get(reason or "", reason or "")


def next_settlement_cursor(settlements: Sequence[Settlement]) -> int | None:
    """Return the id below which the next page starts, None on the last page."""
    return settlements[-1].id if len(settlements) == LEDGER_PAGE else None


def _settlement_row(settlement: Settlement, names: Mapping[int, str]) -> SettlementRow:
    is_stopped = settlement.status in ("held", "failed", "cancelled")
    return SettlementRow(
        id=settlement.id,
        order_reference=settlement.order_reference,
        vendor=settlement.vendor.name,
        status=settlement.status,
        is_refund=settlement.kind == "refund",
        is_simulated=bool(settlement.metadata.get("simulated")),
        amount=money(settlement.amount_minor, settlement.currency),
        commission=money(settlement.commission_minor, settlement.currency),
        net=money(settlement.net_payout_minor, settlement.currency),
        breakdown=_breakdown(settlement, names),
        stop_reason=stop_reason(settlement.failure_reason) if is_stopped else "",
        refund_note=_refund_note(settlement),
        transaction_id=settlement.transaction_id,
        tx_url=_explorer_url(settlement.transaction_id),
        batch_id=settlement.payout_batch_id,
        scheduled_for=settlement.scheduled_for,
    )


def _explorer_url(transaction_id: str | None) -> str | None:
    return explorer_url("tx", transaction_id) if transaction_id and transaction_id.startswith("0x") else None


def _breakdown(settlement: Settlement, names: Mapping[int, str]) -> tuple[BreakdownLine, ...]:
    """Return the sale, the platform's commission, the referral by item, the splits and the net payout."""
    stored = settlement.metadata["commissionBreakdown"]

    def deduction(text: str) -> str:
        return money(-parse_major(text, settlement.currency), settlement.currency)

    sale = _("Refund") if settlement.kind == "refund" else _("Sale")
    effective = percent(Decimal(stored["referralEffectivePercent"])) if stored["referralByItem"] else None
    return (
        BreakdownLine(sale, money(settlement.amount_minor, settlement.currency), "subtotal"),
        BreakdownLine(_("Platform commission"), deduction(stored["platformCommission"]), "minus"),
        BreakdownLine(_("Referral commission"), deduction(stored["referralCommission"]), "minus", effective),
        *(
            BreakdownLine(_item_label(item, names), deduction(item["amount"]), "note")
            for item in stored["referralByItem"]
        ),
        *(
            BreakdownLine(
                split["description"] or split["recipientId"],
                deduction(split["amount"]),
                "minus",
                percent(split["percent"]),
            )
            for split in stored["customSplits"]
        ),
        BreakdownLine(_("Net payout"), money(settlement.net_payout_minor, settlement.currency), "total"),
    )


def _item_label(item: Mapping[str, Any], names: Mapping[int, str]) -> str:
    # Imported settlements come without their order's lines.
    name = names.get(item["productId"]) or _("Product %(id)s", id=item["productId"])
    return _(
        "%(product)s: %(percent)s. Source: %(source)s",
        product=name,
        percent=percent(item["percent"]),
        source=percent_source(item["source"]),
    )


def _refund_note(settlement: Settlement) -> str:
    """Return what a refund did to a settlement, for its vendor and the admin."""
    if settlement.kind == "refund":
        return _("The order was refunded after the payout. This is deducted from the next payout.")
    original = settlement.metadata.get("original")
    if not original:
        return ""
    before = money(parse_major(original["amount"], settlement.currency), settlement.currency)
    return _("Reduced from %(amount)s: part of the order was refunded.", amount=before)
