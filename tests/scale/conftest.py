"""A portal whose ledgers have many rows, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scale.ledgers import fill_every_ledger
from tests.support.databases import fresh_database, server_url


@pytest.fixture(scope="session")
def large_database() -> Iterator[str]:
    """Yield the URL of a database with thousands of rows in every ledger, analysed."""
    with fresh_database(server_url("embedded")) as url:
        fill_every_ledger(url)
        yield url
