"""What every test may ask for: a fresh migrated database, a local chain, a running portal, a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models import database as models_database
from portal.db.connection import bind_database, connection
from tests.support.chains import LocalChain, deployed_chain, unchanged
from tests.support.chromium import ARGUMENTS, chromium_program
from tests.support.databases import fresh_database, server_url, system_binaries
from tests.support.portals import RunningPortal, start_portal
from tests.support.run import close_run, open_run, run_folder

_BROWSER_TESTS = Path(__file__).parent / "browser"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--system-postgres", action="store_true", help="use the system's PostgreSQL everywhere")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "system_postgres: also run on the system's PostgreSQL where there is one"
    )
    if not hasattr(config, "workerinput"):
        open_run(in_memory=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        close_run()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # One portal and one browser serve them all, so they stay in one worker.
        if _BROWSER_TESTS in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "postgres_kind" in metafunc.fixturenames and metafunc.definition.get_closest_marker("system_postgres"):
        chosen = metafunc.config.getoption("--system-postgres")
        both = ["embedded", "system"] if system_binaries() else ["embedded"]
        metafunc.parametrize("postgres_kind", ["system"] if chosen else both, indirect=True)


@pytest.fixture
def postgres_kind(request: pytest.FixtureRequest) -> str:
    """Which server this test runs on: "embedded" or "system"."""
    if hasattr(request, "param"):
        return str(request.param)
    return "system" if request.config.getoption("--system-postgres") else "embedded"


@pytest.fixture
def database_url(postgres_kind: str) -> Iterator[str]:
    """Yield the URL of a migrated database that only this test uses."""
    with fresh_database(server_url(postgres_kind)) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[str]:
    """Bind the models to a fresh database and hold a connection; yield its URL."""
    bind_database(database_url)
    try:
        with connection():
            yield database_url
    finally:
        models_database.close_all()


@pytest.fixture(scope="session")
def worker_chain(worker_id: str) -> Iterator[LocalChain]:
    """Yield the chain of this worker, with the contracts deployed once."""
    with deployed_chain(run_folder() / f"chain-{worker_id}") as chain:
        yield chain


@pytest.fixture
def chain(worker_chain: LocalChain) -> Iterator[LocalChain]:
    """Yield the chain as it was right after the deployment."""
    with unchanged(worker_chain):
        yield worker_chain


@pytest.fixture(scope="session")
def portal(worker_id: str) -> Iterator[RunningPortal]:
    """Yield a whole running portal with demo data, shared by the tests of this worker."""
    running = start_portal(run_folder() / f"portal-{worker_id}")
    try:
        yield running
        running.stop()
    finally:
        running.clear()


@pytest.fixture(scope="session")
def base_url(portal: RunningPortal) -> str:
    """Lead the browser's relative addresses to the running portal."""
    return portal.url


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the found Chromium with what works in a container without a network."""
    program = chromium_program()
    chosen = {"executable_path": program} if program else {}
    return {
        **browser_type_launch_args,
        **chosen,
        "args": [*browser_type_launch_args.get("args", []), *ARGUMENTS],
    }
