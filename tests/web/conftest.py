"""Fixtures for HTTP tests without a server: an application on an empty database and its visitors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from models import Refcode, User
from portal.db import bind_database
from tests.factories import make_admin, make_code, make_user, make_vendor
from tests.support.apps import SharedApps
from tests.support.databases import WorkerDatabase, close_database
from tests.support.presenters import watch_templates
from tests.support.run import run_folder
from tests.support.settings import read_settings
from tests.web.visitor import Visitor

MakeApp = Callable[..., Flask]
CRON_SECRET = "cron-secret-of-the-tests"

_SETTINGS: dict[str, Any] = {
    "portal_env": "development",
    "app_url": "http://localhost",
    "secret_key": "secret key of the tests",
    "redis_url": "",
    "cron_secret": CRON_SECRET,
    "trusted_proxies": 0,
    "referral_minter_private_key": "",
    "referral_rewards_address": "",
    "polygon_rpc_url": "",
    "referral_token_usd_price": Decimal("0.1"),
    "referral_price_feed_address": "",
    "wayforpay_pay_url": "",
    "rate_limit_beacon": "10000 per minute",
    "rate_limit_requests": "10000 per minute",
    "rate_limit_sign_up": "10000 per minute",
    "rate_limit_sign_in": "10000 per minute",
    "rate_limit_proof": "10000 per minute",
    "rate_limit_orders": "10000 per minute",
    "rate_limit_payments": "10000 per minute",
    "rate_limit_account": "10000 per minute",
    "rate_limit_exports": "10000 per minute",
    "rate_limit_store_key": "10000 per minute",
    "rate_limit_hooks": "10000 per minute",
}


@pytest.fixture
def database(bound_database: WorkerDatabase) -> str:
    """Bind the models to an empty database and return its URL; no connection is open."""
    return bound_database.url


def lose_database() -> None:
    """Bind the models to a server that does not exist."""
    close_database()
    bind_database("postgresql://nobody:x@127.0.0.1:1/none")


@pytest.fixture(scope="session")
def shared_apps() -> SharedApps:
    """Return the applications that the tests of this worker share."""
    folder = Path(run_folder(), "templates")
    folder.mkdir(exist_ok=True)
    templates = FileSystemBytecodeCache(str(folder))

    def prepare(app: Flask) -> None:
        app.testing = True
        app.jinja_env.bytecode_cache = templates
        app.test_client_class = Visitor
        watch_templates(app)

    return SharedApps(prepare)


@pytest.fixture
def make_app(bound_database: WorkerDatabase, shared_apps: SharedApps) -> Iterator[MakeApp]:
    """Return a function that returns an application with some settings changed."""

    def make(**settings: Any) -> Flask:
        values = {**_SETTINGS, "database_url": bound_database.url, **settings}
        app = shared_apps.take(read_settings(**values))
        if values["database_url"] == bound_database.url:
            bound_database.rebind()
        return app

    yield make
    shared_apps.give_back()


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """Return the portal in development, without a chain and with a fixed token price."""
    return make_app()


@pytest.fixture
def client(app: Flask) -> Visitor:
    """Return a browser that is not signed in."""
    return visitor(app)


@pytest.fixture
def owner(database: str) -> User:
    """Return the user whose orders, codes and rewards a test is about."""
    return make_user("Olena Owner")


@pytest.fixture
def other(database: str) -> User:
    """Return another user with the same role."""
    return make_user("Taras Other")


@pytest.fixture
def admin(database: str) -> User:
    return make_admin()


@pytest.fixture
def seller(database: str) -> User:
    """Return a user with the vendor role who sells as one vendor."""
    user = make_user("Vira Vendor", role="vendor")
    make_vendor(user, name="Vira's shop")
    return user


@pytest.fixture
def code(other: User) -> Refcode:
    """Return the share code of `other`."""
    return make_code(other)


@pytest.fixture
def as_owner(app: Flask, owner: User) -> Visitor:
    return visitor(app, owner)


@pytest.fixture
def as_other(app: Flask, other: User) -> Visitor:
    return visitor(app, other)


@pytest.fixture
def as_admin(app: Flask, admin: User) -> Visitor:
    return visitor(app, admin)


@pytest.fixture
def as_seller(app: Flask, seller: User) -> Visitor:
    return visitor(app, seller)


def visitor(app: Flask, user: User | None = None) -> Visitor:
    """Return a new browser, signed in if a user is given."""
    browser = app.test_client()
    assert isinstance(browser, Visitor)
    return browser.sign_in_as(user) if user else browser
