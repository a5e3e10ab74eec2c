"""Give each test a clean database and a chain whose finality is four blocks behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.chain import Deployment
from portal.chain.sending import failpoints
from portal.db import bind_database
from tests.support.chain_world import Anvil, World, close_pool, deploy


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, Path]:
    """Return a deployment and the file with the state of its chain, which each chain of this worker starts with."""
    file = tmp_path_factory.mktemp("chain") / "state.json"
    anvil = Anvil()
    try:
        deployment = deploy(anvil)
        anvil.mine(15)
        anvil.save(file)
    finally:
        anvil.stop()
    return deployment, file


@pytest.fixture
def world(database_url: str, deployed: tuple[Deployment, Path]) -> Iterator[World]:
    """Yield a clean database with its own chain, since a snapshot cannot be restored after a reorganization."""
    deployment, state = deployed
    anvil = Anvil("--slots-in-an-epoch", "2", "--load-state", str(state))
    # The ages of the newest block and of the final one matter.
    anvil.mine(5)
    bind_database(database_url)
    try:
        yield World(database_url, anvil, deployment)
    finally:
        failpoints.listen(None)
        close_pool()
        anvil.stop()
