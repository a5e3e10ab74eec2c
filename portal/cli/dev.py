"""`flask dev`: a complete portal on this computer, from one data folder."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any

import click

from models import database
from portal.chain import open_chain
from portal.chain.deployment import deploy_development
from portal.cli.common import FilePath, PortalCommand
from portal.cli.running_portal import save_environment
from portal.db.connection import bind_database, connection
from portal.db.migrations import migrate
from portal.dev.anvil import (
    ADMIN_KEY,
    OPERATOR_KEY,
    FinalityPacer,
    chain_is_running,
    has_code,
    start_chain,
    stop_chain,
)
from portal.dev.catalogues import compile_catalogues
from portal.dev.early import DEFAULT_FOLDER, DEFAULT_PORT, EarlyServers
from portal.dev.folder import lock_folder, prepare_folder, read_json, write_json
from portal.dev.postgres import postgres_is_running, start_postgres, stop_postgres
from portal.dev.processes import LOOPBACK, LocalRuntimeError, is_port_free, last_lines
from portal.flows.demo.seed_demo import DemoData, seed_admin, seed_demo
from portal.flows.demo.seed_history import seed_history
from portal.lib.errors import PortalError
from portal.lib.folders import TRANSLATIONS
from portal.logs import quiet
from portal.payments import list_providers
from portal.serving.forked import WebServer
from portal.settings import DEVELOPMENT_CHAIN_ID, Settings, SettingsInvalid, load_settings

_APPLICATION = "portal.app:prepare_requests"
_TOKEN_USD_PRICE = "0.1"  # noqa: S105
_FOLDER = FilePath(path_type=Path)
_PORT_GRACE_SECONDS = 1.5
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """A signal to stop the command: Ctrl-C, SIGTERM or the end of its terminal."""


@click.command("dev", cls=PortalCommand)
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(1, 65535), help="Loopback port."
)
@click.option(
    "--data-dir",
    default=DEFAULT_FOLDER,
    show_default=True,
    type=_FOLDER,
    help="Folder of database and chain.",
)
@click.option("--empty", is_flag=True, help="No demo data, only the admin's account.")
@click.option(
    "--history/--no-history",
    default=True,
    help="Whether to create four weeks of demo sales.",
)
def dev(port: int, data_dir: Path, *, empty: bool, history: bool) -> None:
    """Start a complete portal on this computer: database, chain, demo data, web server and scheduler."""
    _listen_for_stop()
    # The messages of yoyo would bury the steps shown here.
    logging.getLogger("yoyo").setLevel(logging.WARNING)
    try:
        with ExitStack() as cleanup:
            try:
                DevelopmentPortal(port, data_dir, cleanup, empty=empty, history=history).run()
            finally:
                _ignore_stop()
    except StopRequested:
        say("Stopped. The data stays in the data folder.")
    except (PortalError, SettingsInvalid) as error:
        raise click.ClickException(str(error)) from None


class DevelopmentPortal:
    """One run of the command: each step shows its duration, and all are undone in reverse order at the end."""

    def __init__(self, port: int, data_dir: Path, cleanup: ExitStack, *, empty: bool, history: bool) -> None:
        self.port = port
        self.url = f"http://{LOOPBACK}:{port}"
        self.folder = data_dir
        self.environment: dict[str, str] = {}
        self._cleanup = cleanup
        self._is_empty = empty
        self._has_history = history
        self._owns_database = False
        self._owns_chain = False

    def run(self) -> None:
        started = time.monotonic()
        lock = self._lock_folder()
        self._start_services()
        if self._owns_chain:
            self._provide(**self._deployment(load_settings()))
        web = self._load_web(lock)
        self._prepare_tables()
        settings = load_settings()
        demo = self._seed(settings)
        self._serve(web)
        self._pace_chain()
        self._announce(settings, demo, time.monotonic() - started)
        self._watch(web)

    def _lock_folder(self) -> IO[str]:
        self.folder = prepare_folder(self.folder)
        early = click.get_current_context().find_object(EarlyServers)
        lock = early.lock if early else None
        lock = lock or self._cleanup.enter_context(lock_folder(self.folder))
        _check_port(self.port)
        # A killed run leaves a description of servers that may have ended.
        self._description.unlink(missing_ok=True)
        return lock

    def _start_services(self) -> None:
        """Start the database and the chain unless the environment names them."""
        # Load tests and scripted visitors share one address.
        self._provide(RATE_LIMIT_BEACON="600000 per minute", RATE_LIMIT_SIGN_IN="600 per minute")
        self._provide(RATE_LIMIT_ORDERS="6000 per minute", RATE_LIMIT_PAYMENTS="6000 per minute")
        self._provide(RATE_LIMIT_ACCOUNT="6000 per minute", RATE_LIMIT_EXPORTS="600 per minute")
        self._provide(RATE_LIMIT_PROOF="600 per minute")
        self._provide(SIGN_IN_FAILURES_PER_ADDRESS="600", SIGN_IN_FAILURES_PER_ACCOUNT="6000")
        self._provide(PORTAL_ENV="development", APP_URL=self.url, SCHEDULER_ENABLED="true", **self._secrets())
        if load_settings().is_production:
            raise LocalRuntimeError(
                "PORTAL_ENV is production, and `flask dev` runs development portals only."
            )
        self._owns_database = not os.environ.get("DATABASE_URL")
        self._owns_chain = not os.environ.get("POLYGON_RPC_URL")
        if self._owns_database:
            self._start_database()
        if self._owns_chain:
            self._start_chain()

    def _start_database(self) -> None:
        with step("Starting PostgreSQL"):
            self._cleanup.callback(self._stop_postgres)
            self._provide(DATABASE_URL=start_postgres(self.folder))

    def _start_chain(self) -> None:
        with step("Starting the local chain"):
            self._cleanup.callback(self._stop_chain)
            self._provide(POLYGON_RPC_URL=start_chain(self.folder))
        self._provide(REFERRAL_CHAIN_ID=str(DEVELOPMENT_CHAIN_ID))
        self._provide(REFERRAL_MINTER_PRIVATE_KEY=OPERATOR_KEY, REFERRAL_TOKEN_USD_PRICE=_TOKEN_USD_PRICE)

    def _prepare_tables(self) -> None:
        """Bring tables and message catalogues up to date."""
        settings = load_settings()
        with step("Checking the database's tables") as note:
            applied = migrate(settings.database_direct_url or settings.database_url)
            note(f"{len(applied)} applied" if applied else "")
        with step("Checking the translations") as note:
            note(", ".join(compile_catalogues(TRANSLATIONS)))

    def _deployment(self, settings: Settings) -> dict[str, str]:
        """Return the addresses of the contracts, deploying them if the chain has none."""
        saved = _read(self.folder / "deployment.json")
        if saved and all(has_code(settings.polygon_rpc_url, address) for address in saved.values()):
            return saved
        with step("Deploying the contracts"):
            deployment = deploy_development(
                settings.polygon_rpc_url,
                settings.referral_chain_id,
                ADMIN_KEY,
                settings.referral_minter_private_key.get_secret_value(),
            )
        addresses = {
            "REFERRAL_REWARDS_ADDRESS": deployment.rewards_address,
            "REFERRAL_REWARD_TOKEN_ADDRESS": deployment.token_address,
        }
        write_json(self.folder / "deployment.json", addresses)
        return addresses

    def _seed(self, settings: Settings) -> DemoData:
        """Write missing demo data; an empty portal has its admin only."""
        bind_database(settings.database_url)
        try:
            with step("Checking the demo data") as note, quiet("portal"), connection():
                if self._is_empty:
                    return seed_admin(settings)
                demo = seed_demo(settings)
                orders = seed_history(demo, open_chain(settings), settings) if self._has_history else 0
                note(f"{orders} orders of the last four weeks" if orders else "")
                return demo
        finally:
            database.close_all()

    def _load_web(self, lock: IO[str]) -> WebServer:
        """Let the web server build its application while tables and demo data are checked."""
        web = WebServer(_APPLICATION, self.port, self.folder / "logs" / "web.log", self.environment, lock)
        self._cleanup.callback(self._stop_web, web)
        web.load()
        return web

    def _serve(self, web: WebServer) -> None:
        with step("Starting the web server"):
            web.serve()
            if not web.wait_until_ready():
                raise LocalRuntimeError(f"The web server did not start (log: {web.log}):\n{_tail(web.log)}")

    def _pace_chain(self) -> None:
        if self._owns_chain:
            pacer = FinalityPacer(self.folder, self.environment["POLYGON_RPC_URL"])
            self._cleanup.callback(pacer.stop)
            pacer.start()

    def _announce(self, settings: Settings, demo: DemoData, seconds: float) -> None:
        link = f"{self.url}/?ref={demo.referral_code}" if demo.referral_code else None
        self._cleanup.callback(self._description.unlink, missing_ok=True)
        if self._owns_database:
            save_environment(self.folder, self.environment)
        write_json(self._description, self._describe(settings, demo, link))
        say(f"\nReady in {seconds:.1f} s: {self.url}")
        if link:
            say(f"\nReferral link: {link}")
        say("\nDemo sign-ins:")
        for name, login in demo.logins.items():
            say(f"  {name:<9} {login['email']:<28} {login['password']}")
        say(f"\nLogs: {self.folder / 'logs'}   Stop: Ctrl-C")

    def _describe(self, settings: Settings, demo: DemoData, link: str | None) -> dict[str, Any]:
        """Return the content of dev.json, which tools and tests read. See docs/operations.md."""
        return {
            "url": self.url,
            "databaseUrl": settings.database_url,
            "rpcUrl": settings.polygon_rpc_url,
            "chainId": settings.referral_chain_id,
            "rewardsAddress": settings.referral_rewards_address,
            "tokenAddress": settings.referral_reward_token_address,
            "cronSecret": settings.cron_secret.get_secret_value(),
            **{provider.name: dict(provider.dev_description()) for provider in list_providers(settings)},
            "referralLink": link,
            "logins": {
                name: {"email": login["email"], "password": login["password"]}
                for name, login in demo.logins.items()
            },
        }

    def _watch(self, web: WebServer) -> None:
        """Wait until the web server ends, which is an error; restart the database or the chain if they end."""
        while web.is_alive():
            web.wait(1)
            if self._owns_database and not postgres_is_running(self.folder):
                with step("PostgreSQL has ended; restarting it"):
                    start_postgres(self.folder)
            if self._owns_chain and not chain_is_running(self.folder):
                with step("The local chain has ended; restarting it"):
                    start_chain(self.folder)
        raise LocalRuntimeError(f"The web server ended by itself (log: {web.log}):\n{_tail(web.log)}")

    def _secrets(self) -> dict[str, str]:
        path = self.folder / "secrets.json"
        saved = _read(path)
        values = {
            name: saved.get(name) or secrets.token_urlsafe(32) for name in ("SECRET_KEY", "CRON_SECRET")
        }
        if values != saved:
            write_json(path, {**saved, **values})
        return values

    def _provide(self, **values: str) -> None:
        """Set environment variables for this run unless they are already set."""
        for name, value in values.items():
            if not os.environ.get(name):
                os.environ[name] = value
            self.environment[name] = os.environ[name]

    def _stop_web(self, web: WebServer) -> None:
        with step("Stopping the web server"):
            web.stop()

    def _stop_chain(self) -> None:
        with step("Stopping the local chain"):
            stop_chain(self.folder)

    def _stop_postgres(self) -> None:
        with step("Stopping PostgreSQL"):
            stop_postgres(self.folder)

    @property
    def _description(self) -> Path:
        return self.folder / "dev.json"


@contextmanager
def step(text: str) -> Iterator[Callable[[str], None]]:
    """Show a step while it runs and its duration at the end; the yielded function adds a remark."""
    remarks: list[str] = []
    started = time.monotonic()
    say(f"{text} ...", newline=False)
    try:
        yield remarks.append
    except BaseException:
        say("")
        raise
    remark = f"  ({remarks[-1]})" if remarks and remarks[-1] else ""
    say(f" {time.monotonic() - started:.2f} s{remark}")


def say(text: str, *, newline: bool = True) -> None:
    """Print a line; a closed terminal must not stop the clean-up."""
    with suppress(OSError, ValueError):
        click.echo(text, nl=newline)


def _check_port(port: int) -> None:
    """Wait briefly for a portal that is stopping. Raises LocalRuntimeError if the port stays in use."""
    deadline = time.monotonic() + _PORT_GRACE_SECONDS
    while not is_port_free(port):
        if time.monotonic() > deadline:
            raise LocalRuntimeError(
                f"Port {port} is in use: choose another with --port, or `make run PORT=...`."
            )
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return last_lines(log, 15)


def _read(path: Path) -> dict[str, str]:
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _listen_for_stop() -> None:
    for number in _STOP_SIGNALS:
        signal.signal(number, _request_stop)


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    _ignore_stop()
    raise StopRequested


def _ignore_stop() -> None:
    """Ignore further signals so that the clean-up can finish."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
