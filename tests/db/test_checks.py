"""Invariants of a ledger that is broken as a whole are reported without reading it into memory."""

from __future__ import annotations

import pytest

from portal.db import query
from portal.db.checks import MOST_BAD_ROWS, run_checks, run_checks_on
from portal.db.connection import current_url


@pytest.mark.usefixtures("database")
def test_most_bad_rows_of_a_check_are_bounded() -> None:
    query(
        "INSERT INTO journal_kind_balances (kind, currency, accounts, balance)"
        " SELECT 'kind ' || n, 'UAH', 1, 0 FROM generate_series(1, %s) AS n RETURNING 1",
        [MOST_BAD_ROWS + 50],
    )
    for broken in (run_checks(), run_checks_on(current_url())):
        assert {name: len(rows) for name, rows in broken.items()} == {
            "journal_kinds_match_the_accounts": MOST_BAD_ROWS
        }
