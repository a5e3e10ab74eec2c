"""A settlement in words: its breakdown as rows, its totals by currency."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portal.commissions import LEDGER_PAGE
from portal.lib.money import parse_major
from portal.web.format import money, percent
from portal.web.sentences import percent_source
from portal.web.translate import gettext as _

if TYPE_CHECKING:
    from models import Settlement


def settlement_row(settlement: Settlement) -> dict[str, Any]:
    """Return what a page shows of a settlement."""
    return {
        "settlement": settlement,
        "amount": money(settlement.amount_minor, settlement.currency),
        "commission": money(settlement.commission_minor, settlement.currency),
        "net": money(settlement.net_payout_minor, settlement.currency),
        "breakdown": breakdown_rows(settlement),
        "held_reason": held_reason(settlement),
        "is_simulated": bool(settlement.metadata.get("simulated")),
    }


def breakdown_rows(settlement: Settlement) -> list[dict[str, Any]]:
    """Return the commission breakdown as rows: sale, platform, referral by item, splits, net."""
    told = settlement.metadata["commissionBreakdown"]

    def amount(text: str) -> str:
        return money(-parse_major(text, settlement.currency), settlement.currency)

    rows: list[dict[str, Any]] = [
        {
            "label": _("Sale"),
            "value": money(settlement.amount_minor, settlement.currency),
            "kind": "subtotal",
        },
        {"label": _("Platform commission"), "value": amount(told["platformCommission"]), "kind": "minus"},
        {
            "label": _("Referral commission"),
            "value": amount(told["referralCommission"]),
            "kind": "minus",
            "tag": percent(Decimal(told["referralEffectivePercent"])) if told["referralByItem"] else None,
        },
    ]
    rows += [_item_row(item, amount(item["amount"])) for item in told["referralByItem"]]
    for split in told["customSplits"]:
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


def held_reason(settlement: Settlement) -> str:
    """Return why a settlement is held or failed, in words."""
    if settlement.failure_reason == "commission_exceeds_subtotal":
        return _("The commissions together exceed the sale, so nothing is paid until an admin looks at it.")
    return settlement.failure_reason or ""


def totals_by_currency(totals: Sequence[tuple[str, str, int, int]]) -> dict[str, dict[str, tuple[int, str]]]:
    """Return {currency: {status: (count, net payout)}}, every status present."""
    result: dict[str, dict[str, tuple[int, str]]] = {}
    for currency, status, count, net in totals:
        statuses = ("pending", "processing", "completed", "failed", "held", "cancelled")
        row = result.setdefault(currency, {name: (0, money(0, currency)) for name in statuses})
        row[status] = (count, money(net, currency))
    return result


def next_settlement_cursor(settlements: Sequence[Settlement]) -> int | None:
    """Return the id the next page starts below, None on the last page."""
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
