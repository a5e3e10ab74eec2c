"""Each test gets a clean database and a chain whose finality lags four blocks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.chain.sending import failpoints as labels
from portal.db import bind_database
from tests.support.chain_world import Anvil, World, close_pool, deploy


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Yield a clean database and a new chain: a snapshot cannot undo reorganisations."""
    anvil = Anvil()
    bind_database(database_url)
    try:
        deployment = deploy(anvil)
        anvil.mine(20)
        yield World(database_url, anvil, deployment)
    finally:
        labels.listen(None)
        close_pool()
        anvil.stop()
