"""Settlements as pages show them: the breakdown as rows, reasons as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portal.commissions import LEDGER_PAGE
from portal.lib.money import parse_major
from portal.web.text.format import money, percent
from portal.web.text.messages import percent_source
from portal.web.text.rewards import explorer_url
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Settlement


def settlement_row(settlement: Settlement) -> dict[str, Any]:
    """Return the values that a page shows of a settlement."""
    return {
        "settlement": settlement,
        "amount": money(settlement.amount_minor, settlement.currency),
        "commission": money(settlement.commission_minor, settlement.currency),
        "net": money(settlement.net_payout_minor, settlement.currency),
        "breakdown": breakdown_rows(settlement),
        "held_reason": held_reason(settlement)
        if settlement.status in ("held", "failed", "cancelled")
        else "",
        "can_hold": settlement.status in ("pending", "failed"),
        "tx_url": _explorer(settlement.transaction_id),
        "is_refund": settlement.kind == "refund",
        "refund_note": refund_note(settlement),
        "is_simulated": bool(settlement.metadata.get("simulated")),
    }


def _explorer(transaction_id: str | None) -> str | None:
    return explorer_url("tx", transaction_id) if transaction_id and transaction_id.startswith("0x") else None


def breakdown_rows(settlement: Settlement) -> list[dict[str, Any]]:
    """Return the commission breakdown as rows: sale, platform, referral by item, splits, net."""
    breakdown = settlement.metadata["commissionBreakdown"]

    def amount(text: str) -> str:
        return money(-parse_major(text, settlement.currency), settlement.currency)

    rows: list[dict[str, Any]] = [
        {
            "label": _("Refund") if settlement.kind == "refund" else _("Sale"),
            "value": money(settlement.amount_minor, settlement.currency),
            "kind": "subtotal",
        },
        {
            "label": _("Platform commission"),
            "value": amount(breakdown["platformCommission"]),
            "kind": "minus",
        },
        {
            "label": _("Referral commission"),
            "value": amount(breakdown["referralCommission"]),
            "kind": "minus",
            "tag": percent(Decimal(breakdown["referralEffectivePercent"]))
            if breakdown["referralByItem"]
            else None,
        },
    ]
    rows += [_item_row(item, amount(item["amount"])) for item in breakdown["referralByItem"]]
    for split in breakdown["customSplits"]:
        label = split["description"] or split["recipientId"]
        rows.append(
            {
                "label": label,
                "value": amount(split["amount"]),
                "kind": "minus",
                "tag": percent(split["percent"]),
            }
        )
    net = money(settlement.net_payout_minor, settlement.currency)
    return [*rows, {"label": _("Net payout"), "value": net, "kind": "total"}]


def refund_note(settlement: Settlement) -> str:
    """Return a sentence about what a refund changed in a settlement, or an empty text."""
    if settlement.kind == "refund":
        return _("The order was refunded after the payout. This is taken off the next payout.")
    original = settlement.metadata.get("original")
    if not original:
        return ""
    before = money(parse_major(original["amount"], settlement.currency), settlement.currency)
    return _("Reduced from %(amount)s: part of the order was refunded.", amount=before)


def held_reason(settlement: Settlement) -> str:
    """Return a sentence about why a settlement is held, failed or cancelled."""
    return stop_reason(settlement.failure_reason)


def stop_reason(reason: str | None) -> str:
    """Return the sentence of a reason code, or the text that an admin entered."""
    return {
        "commission_exceeds_subtotal": _(
            "The commissions together exceed the sale, so nothing is paid until an admin looks at it."
        ),
        "imported_while_processing": _(
            "The other system was paying this when it was imported. Look there, then release it or leave it."
        ),
        "refunded": _("The order was refunded before the payout, so nothing is paid."),
        "payout_wallet_missing": _("The vendor has no payout wallet. Enter one, then retry."),
        "payout_rate_missing": _("There is no exchange rate for this currency, and none is guessed."),
        "payout_amount_too_small": _("The amount is less than the smallest unit of the payout token."),
        "payout_reverted": _("The transaction was refused on chain; nothing was paid."),
        "payout_superseded": _(
            "Another transaction of the treasury used the same number. Check its history before retrying."
        ),
        "payout_not_proven": _(
            "The transaction is final, but the token shows no transfer. Check it before retrying."
        ),
    }.get(reason or "", reason or "")


def next_settlement_cursor(settlements: Sequence[Settlement]) -> int | None:
    """Return the id below which the next page starts, None on the last page."""
    return settlements[-1].id if len(settlements) == LEDGER_PAGE else None


def _item_row(item: dict[str, Any], value: str) -> dict[str, Any]:
    source = percent_source(item["source"])
    name = _(
        "Product %(id)s: %(percent)s. Source: %(source)s",
        id=item["productId"],
        percent=percent(item["percent"]),
        source=source,
    )
    return {"label": name, "value": value, "kind": "note"}
