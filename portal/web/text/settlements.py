"""Settlements as pages show them: amounts and breakdown as rows, reasons as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from portal.lib.money import InvalidAmount, parse_major
from portal.orders import list_item_names
from portal.web.text.format import money, percent
from portal.web.text.messages import percent_source
from portal.web.text.rewards import explorer_url
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _
from portal.web.text.translate import per_language

if TYPE_CHECKING:
    from models import Settlement


# The product and name of each line that a vendor sold in an order.
ItemNames = Sequence[tuple[int | None, str]]


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
    status_text: str
    is_store_collected: bool
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


def settlement_rows(
    settlements: Sequence[Settlement], *, shows_recipients: bool = False
) -> list[SettlementRow]:
    """Return settlements as pages show them; the names of their products are read at once.

    Only admins see who receives a split without a description.
    """
    names = list_item_names([row.order_id for row in settlements if row.order_id])
    return [
        _settlement_row(
            row, names.get((row.order_id or "", row.vendor_id), []), shows_recipients=shows_recipients
        )
        for row in settlements
    ]


def stop_reason(reason: str | None) -> str:
    """Return why a settlement or payout is held, failed or cancelled: a known code in words, else the text itself."""
    return _stop_reasons().get(reason or "", reason or "")


@per_language
def _stop_reasons() -> dict[str, str]:
    return {
        "commission_exceeds_subtotal": _(
            "The commissions exceed the sale. Nothing is paid until an admin resolves it."
        ),
        "imported_while_processing": _(
            "The other system was paying this when it was imported. Check there, then release it or leave it on hold."
        ),
        "refunded": _("The order was refunded before the payout, so nothing is paid."),
        "payout_wallet_missing": _("The vendor has no payout wallet. Enter one, then retry."),
        "payout_wallet_refused": _(
            "The payout wallet belongs to the portal itself, or nobody can control it. Enter another one, then retry."
        ),
        "payout_rate_missing": _("There is no exchange rate for this currency."),
        "payout_amount_too_small": _("The amount is less than the smallest unit of the payout token."),
        "payout_reverted": _("The transaction failed on chain. Nothing was paid."),
        "payout_superseded": _(
            "Another transaction of the treasury used the same nonce. Check its history before retrying."
        ),
        "payout_paid_differently": _(
            "The payout contract paid another wallet or amount under this payout’s reference. Compare both on the"
            " explorer before retrying."
        ),
        "payout_reference_used": _(
            "The payout contract paid this reference before, and the payment was adopted for something else."
        ),
        "payout_withdrawn": _("The payout was withdrawn before it was sent."),
        "payout_not_proven": _(
            "The transaction is final, but the token shows no transfer. Check it before retrying."
        ),
    }


def _settlement_row(settlement: Settlement, names: ItemNames, *, shows_recipients: bool) -> SettlementRow:
    is_store_collected = settlement.collected_by == "store"
    is_stopped = settlement.status in ("held", "failed", "cancelled")
    return SettlementRow(
        id=settlement.id,
        order_reference=settlement.order_reference,
        vendor=settlement.vendor.name,
        status=settlement.status,
        status_text=status_words("collected" if is_store_collected else "settlement", settlement.status),
        is_store_collected=is_store_collected,
        is_refund=settlement.kind == "refund",
        is_simulated=bool(settlement.metadata.get("simulated")),
        amount=money(settlement.amount_minor, settlement.currency),
        commission=money(settlement.commission_minor, settlement.currency),
        net=money(settlement.net_payout_minor, settlement.currency),
        breakdown=_breakdown(settlement, names, shows_recipients=shows_recipients),
        stop_reason=stop_reason(settlement.failure_reason) if is_stopped else "",
        refund_note=_refund_note(settlement),
        transaction_id=settlement.transaction_id,
        tx_url=_explorer_url(settlement.transaction_id),
        batch_id=settlement.payout_batch_id,
        scheduled_for=settlement.scheduled_for,
    )


def _explorer_url(transaction_id: str | None) -> str | None:
    return explorer_url("tx", transaction_id) if transaction_id and transaction_id.startswith("0x") else None


def _breakdown(
    settlement: Settlement, names: ItemNames, *, shows_recipients: bool
) -> tuple[BreakdownLine, ...]:
    """Return the sale, the platform's commission, the referral by item, the splits and the net payout."""
    stored, currency = settlement.metadata["commissionBreakdown"], settlement.currency
    items, splits = stored.get("referralByItem") or (), stored.get("customSplits") or ()
    sale = _("Refund") if settlement.kind == "refund" else _("Sale")
    effective = _stored_percent(stored.get("referralEffectivePercent")) if items else None
    return (
        BreakdownLine(sale, money(settlement.amount_minor, currency), "subtotal"),
        BreakdownLine(
            _("Platform commission"), money(-settlement.platform_commission_minor, currency), "minus"
        ),
        BreakdownLine(
            _("Referral commission"),
            money(-settlement.referral_commission_minor, currency),
            "minus",
            effective,
        ),
        *(
            BreakdownLine(
                _item_label(item, _name_of(index, item, names)),
                _stored_money(item.get("amount"), currency, -1),
                "note",
            )
            for index, item in enumerate(items)
        ),
        *(
            BreakdownLine(
                _split_label(split, shows_recipients=shows_recipients),
                _stored_money(split.get("amount"), currency, -1),
                "minus",
                _stored_percent(split.get("percent")),
            )
            for split in splits
        ),
        BreakdownLine(_("Net payout"), money(settlement.net_payout_minor, settlement.currency), "total"),
    )


def _stored_money(value: object, currency: str, sign: int = 1) -> str:
    """Return an amount of a breakdown; history of other programs may hold any text, which is shown as it is."""
    try:
        return money(sign * parse_major(str(value), currency), currency)
    except InvalidAmount:
        return _as_stored(value)


def _stored_percent(value: object) -> str:
    try:
        return percent(str(value))
    except ArithmeticError:
        return _as_stored(value)


def _as_stored(value: object) -> str:
    return "—" if value is None else str(value)


def _split_label(split: Mapping[str, Any], *, shows_recipients: bool) -> str:
    recipient = split.get("recipientId") if shows_recipients else None
    return str(split.get("description") or recipient or _("Custom split"))


def _name_of(index: int, item: Mapping[str, Any], names: ItemNames) -> str:
    """Return the name of a line: of its product, or by its place, which lines of connected stores have instead."""
    product_id = item.get("productId")
    if product_id is not None:
        return dict(names).get(product_id) or _("Product %(id)s", id=product_id)
    # Imported settlements come without their order's lines.
    in_place = names[index] if index < len(names) else (None, "")
    return in_place[1] if in_place[0] is None and in_place[1] else _("Product no longer listed")


def _item_label(item: Mapping[str, Any], name: str) -> str:
    return _(
        "%(product)s: %(percent)s. Source: %(source)s",
        product=name,
        percent=_stored_percent(item.get("percent")),
        source=percent_source(str(item.get("source"))),
    )


def _refund_note(settlement: Settlement) -> str:
    """Return what a refund did to a settlement, for its vendor and the admin."""
    if settlement.kind == "refund" and settlement.collected_by == "store":
        return _("The order was refunded after the statement. This lowers the next statement.")
    if settlement.kind == "refund":
        return _("The order was refunded after the payout. This is deducted from the next payout.")
    original = settlement.metadata.get("original")
    if not original:
        return ""
    before = _stored_money(original.get("amount"), settlement.currency)
    return _("Reduced from %(amount)s: part of the order was refunded.", amount=before)
