"""A connected store, its keys, and a client that sends them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from models import Store
from portal.db import SYSTEM
from portal.stores import create_key
from tests.factories import make_store
from tests.web.conftest import visitor

Call = Callable[..., TestResponse]


@pytest.fixture
def store(database: str) -> Store:
    """Return a connected store."""
    return make_store()


@pytest.fixture
def key(store: Store) -> str:
    """Return a live key of the store."""
    return create_key(store.id, "live", SYSTEM).text


@pytest.fixture
def test_key(store: Store) -> str:
    """Return a test key of the store."""
    return create_key(store.id, "test", SYSTEM).text


@pytest.fixture
def call(app: Flask, key: str) -> Call:
    """Return a function that calls the API: POST if there is a body, with the store's live key unless one is given."""
    return caller_of(app, key)


def caller_of(app: Flask, default_key: str) -> Call:
    """Return a function that calls the API of an application with a key."""

    def send(
        path: str, body: Any = None, *, key: str = default_key, raw: bytes | None = None, **headers: str
    ) -> TestResponse:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            fields = {"Authorization": f"Bearer {key}", **fields}
        method = "GET" if body is None and raw is None else "POST"
        url = f"/api/v1{path}"
        return visitor(app).open(url, method=method, data=raw, json=body, headers=fields)

    return send
