"""Read commission statements and what no statement has yet. See docs/rules/statements.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models import CommissionStatement, CommissionStatementItem, Settlement, Vendor
from portal.commissions.status_rules import NOT_PAID_OUT, SettlementStatus, StatementStatus
from portal.commissions.totals import OF_STORES
from portal.commissions.vendor_pages import AFTER, ORDER, page_by_vendor
from portal.db import Keyset, Page, query, within
from portal.lib.errors import PortalError

STATEMENTS_PAGE = 25
ITEMS_PAGE = 50

# What the vendor has received and owes the commission of.
_COLLECTED_BY_STORE = Settlement.collected_by == "store"


class StatementUnknown(PortalError):
    """There is no statement with this id, or it is another vendor's."""

    code = "statement_unknown"


@dataclass(frozen=True)
class OwedCommission:
    """The commission that a vendor owes in one currency, in minor units.

    `free_minor` is on no statement yet, `held_minor` on hold, `stated_minor` on open statements.
    """

    vendor_id: int
    vendor_name: str
    currency: str
    free_minor: int
    held_minor: int
    stated_minor: int


def get_statement(statement_id: int, vendor_ids: Sequence[int] | None = None) -> CommissionStatement:
    """Return a statement with its vendor, of `vendor_ids` only where given; raise StatementUnknown."""
    rows = _with_vendor(vendor_ids).where(CommissionStatement.id == statement_id)
    statement: CommissionStatement | None = rows.first() if 0 < statement_id < 2**63 else None
    if statement is None:
        raise StatementUnknown
    return statement


def lock_open_statement(statement_id: int) -> bool:
    """Lock a statement until the transaction ends and return whether it is open."""
    rows = CommissionStatement.select().where(
        (CommissionStatement.id == statement_id) & (CommissionStatement.status == StatementStatus.OPEN)
    )
    return rows.for_update().first() is not None


def list_statements(
    cursor: str | None = None, vendor_ids: Sequence[int] | None = None
) -> Page[CommissionStatement]:
    """Return a page of statements with their vendors, newest first; raise CursorInvalid."""
    newest_first: Keyset[CommissionStatement] = Keyset(_with_vendor(vendor_ids), CommissionStatement.id)
    return newest_first.page(cursor, STATEMENTS_PAGE)


def list_statement_ledger(
    since: datetime | None, until: datetime | None, vendor_ids: Sequence[int] | None = None
) -> Keyset[CommissionStatement]:
    """Return every statement opened in a period with its vendor, newest first; of `vendor_ids` only where given."""
    rows = within(_with_vendor(vendor_ids), CommissionStatement.created_at, since, until)
    return Keyset(rows, CommissionStatement.id)


def list_statement_item_ledger(
    statement_id: int, vendor_ids: Sequence[int] | None = None
) -> Keyset[CommissionStatementItem]:
    """Return the items of a statement with their settlements; raise StatementUnknown."""
    get_statement(statement_id, vendor_ids)
    rows = CommissionStatementItem.select(CommissionStatementItem, Settlement, Vendor).join(Settlement)
    rows = rows.join(Vendor).where(CommissionStatementItem.statement == statement_id)
    return Keyset(rows, CommissionStatementItem.settlement, ascending=True)


def list_statement_items(statement_id: int, cursor: str | None = None) -> Page[CommissionStatementItem]:
    """Return a page of the items of a statement with their settlements; raise CursorInvalid."""
    return list_statement_item_ledger(statement_id).page(cursor, ITEMS_PAGE)


_OWED = f"""
SELECT v.id, v.name, currency, free::bigint, held::bigint, stated::bigint FROM (
    SELECT vendor_id, currency, coalesce(sum(commission_sum) FILTER (WHERE status = 'pending'), 0) AS free,
        coalesce(sum(commission_sum) FILTER (WHERE status = 'held'), 0) AS held,
        coalesce(sum(commission_sum) FILTER (WHERE status = 'processing'), 0) AS stated
    FROM ({OF_STORES}) AS parts
    WHERE %(vendors)s::bigint[] IS NULL OR vendor_id = ANY(%(vendors)s::bigint[]) GROUP BY 1, 2
) AS sums JOIN vendors v ON v.id = vendor_id
WHERE (free <> 0 OR held <> 0 OR stated <> 0) AND {AFTER}
{ORDER}
"""  # noqa: S608 - constants


def page_of_owed_commissions(
    language: str = "en", vendor_ids: Sequence[int] | None = None, cursor: str | None = None
) -> Page[OwedCommission]:
    """Return a page of what vendors owe for sales whose money their store collected, by vendor and currency.

    Vendors come in the alphabet of a language. Raises CursorInvalid.
    """
    vendors = {"vendors": None if vendor_ids is None else list(vendor_ids)}
    page = page_by_vendor(_OWED, language, cursor, vendors)
    return Page([OwedCommission(*row) for row in page.rows], page.next_cursor)


def list_balances_to_state(until: datetime) -> list[tuple[int, str]]:
    """Return the (vendor, currency) pairs that owe commission for settlements written before `until`."""
    return query(
        "SELECT vendor_id, currency FROM settlements"
        " WHERE collected_by = 'store' AND status = 'pending' AND created_at < %s"
        " GROUP BY vendor_id, currency HAVING sum(commission_minor) > 0 ORDER BY vendor_id, currency",
        [until],
    )


def free_settlements(vendor_id: int, currency: str, until: datetime) -> Any:
    """Return the query of a vendor's settlements before `until` that a statement can take."""
    return Settlement.select().where(
        _COLLECTED_BY_STORE
        & (Settlement.status == SettlementStatus.PENDING)
        & (Settlement.vendor == vendor_id)
        & (Settlement.currency == currency)
        & (Settlement.created_at < until)
    )


def has_statement_since(vendor_id: int, currency: str, until: datetime) -> bool:
    """Return whether a vendor has a statement, void or not, that ends at `until` or later."""
    rows = CommissionStatement.select().where(
        (CommissionStatement.vendor == vendor_id)
        & (CommissionStatement.currency == currency)
        & (CommissionStatement.period_end >= until)
    )
    return bool(rows.exists())


def owes_commission(order_reference: str) -> bool:
    """Return whether a vendor still owes commission for a sale of an order, or its settlements are not written."""
    sales = list(
        Settlement.select().where(
            (Settlement.order_reference == order_reference) & (Settlement.kind == "sale")
        )
    )
    unpaid = {*NOT_PAID_OUT, SettlementStatus.PROCESSING}
    return not sales or any(
        sale.collected_by == "store" and sale.status in unpaid and sale.commission_minor > 0 for sale in sales
    )


def _with_vendor(vendor_ids: Sequence[int] | None) -> Any:
    rows = CommissionStatement.select(CommissionStatement, Vendor).join(Vendor)
    return rows if vendor_ids is None else rows.where(CommissionStatement.vendor.in_(list(vendor_ids)))
