"""Share codes of all referrers for admins, each with its results. See docs/rules/codes.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import JOIN, fn

from models import CodeAlias, CodeOrderDelta, CodeOrderTotal, CodeResult, CodeResultDelta, Refcode, User
from portal.accounts import find_user_by_email
from portal.codes import resolve_code
from portal.db import Keyset, Page
from portal.flows.overviews.risk_hints import HIGH_REFUND_PERCENT, LEAST_REFUNDS
from portal.lib.addresses import InvalidAddress, canonical_address

REFERRERS_PAGE = 50
STATES = ("active", "inactive")
NEWEST, MOST_PAID, REFUNDED = "newest", "paid", "refunds"
ORDERS = (NEWEST, MOST_PAID, REFUNDED)


@dataclass(frozen=True)
class ReferrerFilter:
    """What narrows and orders the list: "" leaves out a filter.

    `search` is a whole code, alias, wallet or e-mail. `order` is newest, paid (most paid orders first) or refunds
    (codes with the risk hint of refunds only, most refunded orders first).
    """

    search: str = ""
    state: str = ""
    order: str = NEWEST


def list_referrers(filters: ReferrerFilter, cursor: str | None = None) -> Page[Refcode]:
    """Return a page of share codes; raise CursorInvalid."""
    return list_referrer_ledger(filters).page(cursor, REFERRERS_PAGE)


def list_referrer_ledger(filters: ReferrerFilter) -> Keyset[Refcode]:
    """Return all share codes that a filter matches, each with its owner and its results.

    A row carries `alias`, `orders`, `paid_orders`, `refunded_orders`, `earned_wei` and `minted_wei`, exact at any time.
    The orders by results have codes with an order, and follow the totals that a job folds.
    """
    rows = _with_results()
    if filters.search:
        rows = rows.where(_matches(filters.search))
    if filters.state in STATES:
        rows = rows.where(Refcode.active if filters.state == "active" else ~Refcode.active)
    if filters.order == NEWEST:
        return Keyset(rows, Refcode.created_at, Refcode.code)
    rows = rows.join_from(Refcode, CodeOrderTotal, on=(CodeOrderTotal.code == Refcode.code))
    key = CodeOrderTotal.paid if filters.order == MOST_PAID else CodeOrderTotal.refunded
    rows = rows.select_extend(fn.COALESCE(key, 0).alias(key.column_name))
    if filters.order == REFUNDED:
        rows = rows.where(
            (CodeOrderTotal.refunded >= LEAST_REFUNDS)
            & (CodeOrderTotal.refunded * 100 > CodeOrderTotal.paid * HIGH_REFUND_PERCENT)
        )
    return Keyset(rows, key, CodeOrderTotal.code)


def _with_results() -> Any:
    alias = CodeAlias.select(CodeAlias.name).where(
        (CodeAlias.code == Refcode.code) & CodeAlias.retired_at.is_null()
    )
    rows = Refcode.select(
        Refcode,
        User,
        fn.COALESCE(alias, "").alias("alias"),
        _sum_of_orders("orders").alias("orders"),
        _sum_of_orders("paid").alias("paid_orders"),
        _sum_of_orders("refunded").alias("refunded_orders"),
        _sum_of_results("earned_wei").alias("earned_wei"),
        _sum_of_results("minted_wei").alias("minted_wei"),
    )
    return rows.join(User, JOIN.INNER)


def _sum_of_orders(column: str) -> Any:
    return _sum_of(CodeOrderTotal, column) + _sum_of(CodeOrderDelta, column)


def _sum_of_results(column: str) -> Any:
    return _sum_of(CodeResult, column) + _sum_of(CodeResultDelta, column)


def _sum_of(model: Any, column: str) -> Any:
    part = model.alias()
    return fn.COALESCE(part.select(fn.SUM(getattr(part, column))).where(part.code == Refcode.code), 0)


def _matches(search: str) -> Any:
    if "@" in search:
        owner = find_user_by_email(search)
        return Refcode.owner == (owner.id if owner else None)
    try:
        return Refcode.wallet_address == canonical_address(search)
    except InvalidAddress:
        row = resolve_code(search)
        return Refcode.code == (row.code if row else "")
