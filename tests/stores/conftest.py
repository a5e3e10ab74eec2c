"""Fixtures for tests that connect a foreign shop to a portal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest
from werkzeug.serving import make_server

from portal.app import create_app
from portal.settings import Settings
from tests.support.databases import WorkerDatabase
from tests.support.store_books import SECRET_KEY


@pytest.fixture
def portal_settings(bound_database: WorkerDatabase) -> Settings:
    return Settings(
        _env_file=None,
        portal_env="development",
        database_url=bound_database.url,
        secret_key=SECRET_KEY,
        referral_token_usd_price=Decimal("0.1"),
    )


@pytest.fixture
def portal_url(bound_database: WorkerDatabase, portal_settings: Settings) -> Iterator[str]:
    """Serve the portal on the database of this test and yield its address."""
    app = create_app(portal_settings)
    bound_database.rebind()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
