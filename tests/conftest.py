"""Fixtures for all tests: an empty migrated database, a local chain, a running portal, a browser."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from argon2 import PasswordHasher

from portal.accounts import passwords
from portal.db.connection import connection
from tests.support.chains import LocalChain, deployed_chain, unchanged
from tests.support.chromium import ARGUMENTS, chromium_program
from tests.support.databases import (
    WorkerDatabase,
    fresh_database,
    server_url,
    system_binaries,
    worker_database,
)
from tests.support.order import arrange
from tests.support.run import close_run, open_run, run_folder
from tests.support.shop_pages import RESOLVER
from tests.support.url_builders import share_url_builders

_TESTS = Path(__file__).parent
# Nearly every test of these folders starts servers or processes of its own, or builds an application.
_SLOW_FOLDERS = ("chain", "cli", "dev", "scale")
# They wait for blocks, copy a database of 700 files, or migrate an empty one.
_SLOW_FIXTURES = {"chain", "database_url", "empty_database"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--system-postgres", action="store_true", help="run every test on the PostgreSQL of the system"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "system_postgres: also runs on the PostgreSQL of the system if there is one"
    )
    # Compiled modules halve the start of each worker and of the servers that tests start.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not hasattr(config, "workerinput"):
        open_run(in_memory=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        close_run()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    for item in items:
        folder = item.path.relative_to(_TESTS).parts[0]
        if folder == "browser":
            item.add_marker(pytest.mark.browser)
        elif folder in _SLOW_FOLDERS or not _SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    yield
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        items[:] = arrange(items, workers)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    # Modules and test items live until the end: walking them in every collection takes a tenth of the run.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 10, 100)
        gc.enable()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "postgres_kind" in metafunc.fixturenames and metafunc.definition.get_closest_marker("system_postgres"):
        kinds = ["embedded"]
        if metafunc.config.getoption("--system-postgres"):
            kinds = ["system"]
        elif system_binaries():
            kinds = ["embedded", pytest.param("system", marks=pytest.mark.slow)]
        metafunc.parametrize("postgres_kind", kinds, indirect=True)


@pytest.fixture
def postgres_kind(request: pytest.FixtureRequest) -> str:
    """Return the server this test runs on: "embedded" or "system"."""
    if hasattr(request, "param"):
        return str(request.param)
    return "system" if request.config.getoption("--system-postgres") else "embedded"


@pytest.fixture
def database_url(postgres_kind: str) -> Iterator[str]:
    """Yield the URL of a migrated database that only this test uses, for changes to the schema or lost servers."""
    with fresh_database(server_url(postgres_kind)) as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def portal_hasher() -> Iterator[PasswordHasher]:
    """Let a hash of a password cost next to nothing, as a test makes up to four; yield the hasher of the portal."""
    own, cheapest = passwords._hasher, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with patch.multiple(passwords, _hasher=cheapest, _UNUSABLE_HASH=cheapest.hash("unusable")):
        yield own


@pytest.fixture(scope="session", autouse=True)
def url_builders() -> Iterator[None]:
    """Let the applications of this worker share their compiled URL rules."""
    with share_url_builders():
        yield


@pytest.fixture(scope="session")
def worker_databases() -> Iterator[Callable[[str], WorkerDatabase]]:
    """Return a function that returns the database of this worker on the "embedded" or "system" server."""
    with ExitStack() as stack:
        yield cache(lambda kind: stack.enter_context(worker_database(server_url(kind))))


@pytest.fixture
def bound_database(
    worker_databases: Callable[[str], WorkerDatabase], postgres_kind: str
) -> Iterator[WorkerDatabase]:
    """Bind the models to the empty database of this worker."""
    shared = worker_databases(postgres_kind)
    shared.bind()
    try:
        yield shared
    finally:
        shared.release()


@pytest.fixture
def database(bound_database: WorkerDatabase) -> Iterator[str]:
    """Bind the models to an empty database and hold a connection; yield its URL."""
    with connection():
        yield bound_database.url


@pytest.fixture(scope="session")
def worker_chain(worker_id: str) -> Iterator[LocalChain]:
    """Yield the chain of this worker, on which the contracts were deployed once."""
    with deployed_chain(run_folder() / f"chain-{worker_id}") as chain:
        yield chain


@pytest.fixture
def chain(worker_chain: LocalChain) -> Iterator[LocalChain]:
    """Yield the chain in its state after the deployment."""
    with unchanged(worker_chain):
        yield worker_chain


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start Chromium with arguments that work in a container without a network."""
    program = chromium_program()
    chosen = {"executable_path": program} if program else {}
    return {
        **browser_type_launch_args,
        **chosen,
        "args": [*browser_type_launch_args.get("args", []), *ARGUMENTS, RESOLVER],
    }
