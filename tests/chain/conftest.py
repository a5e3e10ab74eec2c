"""A world for every test: a clean database and a chain whose finality lags four blocks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.chain.sending import failpoints as labels
from portal.db import bind_database
from tests.support.chain_world import Anvil, World, close_pool, deploy


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """One clean database and a chain of its own: reorganisations leave nothing that a snapshot could restore."""
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
