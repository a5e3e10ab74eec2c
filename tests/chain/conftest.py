"""Give each test a clean database and a chain whose finality is four blocks behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.chain.sending import failpoints
from portal.db import bind_database
from tests.support.chain_world import Anvil, World, close_pool, deploy


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Yield a clean database with its own chain, since a snapshot cannot be restored after a reorganization."""
    anvil = Anvil()
    bind_database(database_url)
    try:
        deployment = deploy(anvil)
        anvil.mine(20)
        yield World(database_url, anvil, deployment)
    finally:
        failpoints.listen(None)
        close_pool()
        anvil.stop()
