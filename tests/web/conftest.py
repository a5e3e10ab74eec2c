"""The portal over HTTP without a server: an application on a fresh database, and the people who visit it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from models import Refcode, User
from models import database as models_database
from portal.app import create_app
from portal.db import bind_database
from portal.settings import Settings
from tests.factories import make_admin, make_code, make_user, make_vendor
from tests.support.databases import execute, fresh_database, server_url
from tests.support.presenters import watch_templates
from tests.support.run import run_folder
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
    "rate_limit_sign_up": "10000 per minute",
    "rate_limit_sign_in": "10000 per minute",
}


# One database for all the web tests of a worker, emptied before each: much quicker than a clone for each.
# One statement deletes from every table, so foreign keys are checked when all is gone already; no trigger of ours
# refuses it or keeps books of it.
_EMPTY = """
DO $$
DECLARE
    tables text[] := ARRAY(SELECT tablename FROM pg_tables WHERE schemaname = 'public'
        AND tablename NOT LIKE '%yoyo%' AND tablename <> 'platform_config');
    guarded text[] := ARRAY(SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger
        WHERE NOT tgisinternal);
    name text;
BEGIN
    FOREACH name IN ARRAY guarded LOOP EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', name); END LOOP;
    EXECUTE 'WITH ' || (SELECT string_agg(format('d_%s AS (DELETE FROM %I)', t, t), ', ') FROM unnest(tables) t)
        || ' SELECT 1';
    FOREACH name IN ARRAY guarded LOOP EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', name); END LOOP;
    UPDATE platform_config SET referral_percent = 5;
END $$
"""


@pytest.fixture(scope="session")
def web_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the URL of this worker's database."""
    kind = "system" if request.config.getoption("--system-postgres") else "embedded"
    with fresh_database(server_url(kind)) as url:
        yield url


@pytest.fixture
def database(web_database: str) -> Iterator[str]:
    """Bind the models to an empty database and yield its URL."""
    execute(web_database, _EMPTY)
    bind_database(web_database)
    try:
        yield web_database
    finally:
        close_database()


def close_database() -> None:
    """Close every connection of the bound database, if one was ever opened."""
    if not models_database.obj.deferred:
        models_database.close_all()


def lose_database() -> None:
    """Bind the models to a server that is not there."""
    close_database()
    bind_database("postgresql://nobody:x@127.0.0.1:1/none")


@pytest.fixture(scope="session")
def template_cache() -> FileSystemBytecodeCache:
    """Keep compiled templates for the whole run: every test has an application of its own."""
    folder = Path(run_folder(), "templates")
    folder.mkdir(exist_ok=True)
    return FileSystemBytecodeCache(str(folder))


@pytest.fixture
def make_app(database: str, template_cache: FileSystemBytecodeCache) -> MakeApp:
    """Make an application with the given settings instead of the tests' own."""

    def make(**settings: Any) -> Flask:
        values = {**_SETTINGS, "database_url": database, **settings}
        app = create_app(Settings(_env_file=None, **values))
        app.testing = True
        app.jinja_env.bytecode_cache = template_cache
        app.test_client_class = Visitor
        watch_templates(app)
        return app

    return make


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """The portal in development, no chain, a fixed token price."""
    return make_app()


@pytest.fixture
def client(app: Flask) -> Visitor:
    """Somebody who is not signed in."""
    return visitor(app)


@pytest.fixture
def owner(database: str) -> User:
    """The person whose orders, codes and rewards a test is about."""
    return make_user("Olena Owner")


@pytest.fixture
def other(database: str) -> User:
    """Another person with an account of the same kind."""
    return make_user("Taras Other")


@pytest.fixture
def admin(database: str) -> User:
    return make_admin()


@pytest.fixture
def seller(database: str) -> User:
    """A person of the vendor role who sells as one vendor."""
    person = make_user("Vira Vendor", role="vendor")
    make_vendor(person, name="Vira's shop")
    return person


@pytest.fixture
def code(other: User) -> Refcode:
    """The other person's share code."""
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
    """Return a fresh browser, signed in when a person is given."""
    browser = app.test_client()
    assert isinstance(browser, Visitor)
    return browser.sign_in_as(user) if user else browser
