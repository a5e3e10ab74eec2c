"""Fixtures for commands: an empty database, with and without a chain or a running server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from werkzeug.serving import make_server

import models
from portal.app import create_app
from portal.db import bind_database
from portal.settings import Settings
from tests.support.chains import LocalChain
from tests.support.databases import WorkerDatabase, close_database

MakePortal = Callable[..., Flask]


@pytest.fixture
def database(bound_database: WorkerDatabase) -> str:
    """Bind the models to the empty database of this worker and return its URL; an application binds them again."""
    return bound_database.url


@pytest.fixture
def own_database(database_url: str) -> Iterator[str]:
    """Bind the models to a database that only this test uses, for changes to the schema, and yield its URL."""
    bind_database(database_url)
    try:
        yield database_url
    finally:
        close_database()


@pytest.fixture
def make_portal(database: str) -> Iterator[MakePortal]:
    """Return a function that builds an application on the database of this test."""
    pools = []

    def make(**values: Any) -> Flask:
        defaults = {
            "database_url": database,
            "referral_token_usd_price": Decimal("0.1"),
            "cron_secret": "c" * 32,
        }
        app = create_app(Settings(_env_file=None, **{**defaults, **values}))
        pools.append(models.database.obj)
        return app

    yield make
    for pool in pools:
        if not pool.deferred:
            pool.close_all()


@pytest.fixture
def on_chain(chain: LocalChain) -> Iterator[dict[str, Any]]:
    """Yield the settings of a chain that mines a block every 0.2 seconds."""
    stop = threading.Event()
    # The last final block is as old as the deployment, which may be too old for a test that runs late.
    chain.mine(3)

    def mine() -> None:
        while not stop.wait(0.2):
            chain.mine()

    miner = threading.Thread(target=mine)
    miner.start()
    yield {
        "polygon_rpc_url": chain.rpc_url,
        "referral_chain_id": chain.chain_id,
        "referral_rewards_address": chain.rewards_address,
        "referral_reward_token_address": chain.token_address,
        "referral_minter_private_key": chain.operator_key,
        "referral_tip_gwei": 1,
    }
    stop.set()
    miner.join()


@pytest.fixture
def serve() -> Iterator[Callable[[Flask], str]]:
    """Yield a function that serves an application on loopback and returns its address."""
    servers = []

    def start(app: Flask) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def invoke(app: Flask, *arguments: str, typed: str | None = None) -> Result:
    """Run one command as `flask --app wsgi` would; `typed` is its standard input."""
    with app.app_context():
        return app.test_cli_runner().invoke(args=list(arguments), input=typed)
