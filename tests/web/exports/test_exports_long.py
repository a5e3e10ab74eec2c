"""Exports of long ledgers: one query per page, constant memory, the row limit of a sheet."""

from __future__ import annotations

import csv
import gc
import logging
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from openpyxl import load_workbook
from werkzeug.test import TestResponse

from models import Export, User
from portal.db import Actor
from portal.db.keyset import KEYSET_PAGE
from portal.web.exports import xlsx_file
from tests.factories import make_reward
from tests.support.databases import execute
from tests.web.visitor import Visitor

pytestmark = pytest.mark.slow

ROW_COUNT = 20_500
CREDIT = "/admin/ledgers/credit-entries"
_MB = 2**20


@pytest.fixture
def long_ledger(database: str, owner: User) -> None:
    execute(
        database,
        "INSERT INTO credit_entries (user_id, amount_minor, currency, reason)"
        f" SELECT {owner.id}, n, 'UAH', 'top-up ' || n FROM generate_series(1, {ROW_COUNT}) n",
    )


class StatementCounter(logging.Handler):
    """Count the statements on one table without storing them."""

    def __init__(self, table: str) -> None:
        super().__init__(logging.DEBUG)
        self.table, self.count = table, 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += f'"{self.table}"' in str(record.msg)


@contextmanager
def count_statements(table: str) -> Iterator[StatementCounter]:
    handler, logger = StatementCounter(table), logging.getLogger("peewee")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def peak_memory(read: Callable[[], None]) -> int:
    """Return the peak memory allocated by `read`, in bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def save(response: TestResponse, path: Path) -> None:
    with path.open("wb") as target:
        for chunk in response.iter_encoded():
            target.write(chunk)
    response.close()


@pytest.mark.usefixtures("long_ledger")
def test_memory_is_constant_and_every_row_is_exported(as_admin: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "credit.csv"
    as_admin.get(f"{CREDIT}.csv?since=2999-01-01").close()  # warm up imports, templates and caches

    def read() -> None:
        response = as_admin.get(f"{CREDIT}.csv", buffered=False)
        assert response.status_code == 200
        save(response, path)

    with count_statements("credit_entries") as statements:
        peak = peak_memory(read)
    assert statements.count == ROW_COUNT / KEYSET_PAGE
    assert peak < 4 * _MB, f"{peak / _MB:.1f} MB"
    assert [int(row[3]) for row in rows_of(path)] == list(range(ROW_COUNT, 0, -1))


@pytest.mark.usefixtures("long_ledger")
def test_workbook_is_prepared_and_sent_in_constant_memory(as_admin: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "credit.xlsx"
    as_admin.submit("/exports/new/credit-entries.xlsx")
    portal = as_admin.application.extensions["portal"]
    export = Export.get()
    assert peak_memory(lambda: portal.prepare_exports(Actor.job("test"), lambda: False)) < 12 * _MB
    assert (
        peak_memory(lambda: save(as_admin.get(f"/exports/{export.id}/file", buffered=False), path)) < 2 * _MB
    )
    assert [int(row[3]) for row in rows_of(path)] == list(range(ROW_COUNT, 0, -1))


def rows_of(path: Path) -> Iterator[tuple[object, ...]]:
    if path.suffix == ".csv":
        with path.open(newline="") as source:
            yield from map(tuple, list(csv.reader(source))[1:])
        return
    book = load_workbook(path, read_only=True)
    yield from book.active.iter_rows(min_row=2, values_only=True)
    book.close()


def test_paging_repeats_no_row_with_equal_timestamps(as_admin: Visitor, other: User, database: str) -> None:
    for _ in range(3):
        make_reward(other)
    execute(
        database,
        "INSERT INTO referral_rewards (order_reference, ref_code, referrer_user_id, referrer_wallet, order_total_minor,"
        " currency, reward_percent, reward_amount_wei, rail, status) SELECT 'r' || n, 'c', referrer_user_id,"
        f" referrer_wallet, 1, 'UAH', 5, 1, 'fiat', 'pending_approval' FROM generate_series(1, {KEYSET_PAGE * 2}) n,"
        " (SELECT * FROM referral_rewards LIMIT 1) one",
    )
    lines = as_admin.get("/admin/refcodes.csv").text.splitlines()[1:]
    assert len(lines) == len({line.partition(",")[0] for line in lines}) == KEYSET_PAGE * 2 + 3


def test_row_limit_is_that_of_a_sheet() -> None:
    assert xlsx_file.SHEET_ROWS == 2**20 - 1
