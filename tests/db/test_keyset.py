"""Cursors of pages: what one page hands out, the next accepts; anything else is refused."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from models import Order, OrderItem, StoreRate
from portal.db import (
    CursorInvalid,
    Keyset,
    cut_page,
    make_cursor,
    page_of_list,
    parse_cursor,
    query,
    transaction,
)

KEY = (datetime(2026, 11, 28, 9, 30, 0, 123456, tzinfo=UTC), "T5mRz8kQw2LxVd")
FIELDS = (Order.created_at, Order.id)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def test_cursor_returns_the_key_it_was_made_of() -> None:
    assert parse_cursor(make_cursor(*KEY), *FIELDS) == KEY
    assert parse_cursor(make_cursor(42), Order.total_minor) == (42,)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "\u0664",
        encoded("2026-11-28T09:30:00+00:00"),
        encoded("2026-11-28T09:30:00|no time zone"),
        encoded("yesterday|T5"),
        encoded("2026-11-28T09:30:00+00:00|\x00"),
        base64.urlsafe_b64encode(b"2026-11-28T09:30:00+00:00|\xff").decode(),
    ],
)
def test_other_texts_are_refused(cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        parse_cursor(cursor, *FIELDS)


@pytest.mark.parametrize("number", ["", "1.5", str(2**63), "9" * 5000])
def test_ids_beyond_the_column_are_refused(number: str) -> None:
    with pytest.raises(CursorInvalid):
        parse_cursor(encoded(number), Order.total_minor)


@pytest.mark.parametrize("text", ["MUG|1", "|", "a||b|"])
def test_texts_of_others_may_have_any_sign(text: str) -> None:
    assert parse_cursor(make_cursor(text), StoreRate.sku) == (text,)
    assert parse_cursor(make_cursor(7, text), Order.total_minor, StoreRate.sku) == (7, text)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_of_a_list_have_each_row_once(size: int) -> None:
    rows = [(number % 3, f"{number}|x") for number in range(10)]
    seen, cursor = [], None
    while True:
        page = page_of_list(rows, cursor, size, lambda row: row)
        assert len(page.rows) <= size
        seen += page.rows
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == sorted(rows)
    assert page_of_list([], make_cursor(1, "x"), size, lambda row: row).rows == []
    with pytest.raises(CursorInvalid):
        page_of_list(rows, "x", size, lambda row: row)


def test_last_page_has_no_cursor_even_when_it_is_full() -> None:
    def cut(rows: list[int]) -> str | None:
        return cut_page(rows, 2, lambda row: (row,)).next_cursor

    assert cut([]) is None
    assert cut([1, 2]) is None
    assert cut([1, 2, 3]) == make_cursor(2)


@pytest.mark.parametrize(("ascending", "condition"), [(False, "<="), (True, ">=")])
def test_page_of_two_tables_begins_at_its_key(database: str, ascending: bool, condition: str) -> None:
    """Otherwise, each page of a long file would read again all that came before."""
    rows = OrderItem.select().join(Order)
    keyset: Keyset[OrderItem] = Keyset(rows, Order.created_at, OrderItem.id, ascending=ascending)
    sql, parameters = keyset._select((KEY[0], 7), 10).sql()
    with transaction():
        query("SET LOCAL enable_seqscan = off")
        plan = query(f"EXPLAIN {sql}", parameters)
    assert any(f"Index Cond: (created_at {condition} " in line for (line,) in plan)
