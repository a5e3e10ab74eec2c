"""A portal with production settings: its own secrets and database, the documented server, a TLS proxy in front."""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.dev.processes import pick_port
from tests.support.portals import PROJECT, clean_environment
from tests.support.tls_proxy import tls_proxy

MERCHANT_ACCOUNT = "shop_example_production"
MERCHANT_SECRET = "a merchant secret of the production tests"
SECRET_KEY = "production tests sign their sessions with this key"
_READY_SECONDS = 60


@dataclass(frozen=True)
class ProductionPortal:
    """A running portal in production, reached over HTTPS."""

    url: str
    database_url: str
    tls: ssl.SSLContext
    log: Path
    process: subprocess.Popen[bytes]
    port: int


@contextmanager
def production_portal(folder: Path, database_url: str, **environment: str) -> Iterator[ProductionPortal]:
    """Run a portal with production settings on a migrated database; `environment` adds or replaces settings."""
    port = pick_port()
    folder.mkdir(parents=True, exist_ok=True)
    with tls_proxy(port) as (https_port, tls):
        url = f"https://localhost:{https_port}"
        log = folder / "production.output"
        process = _start(port, log, {**production_settings(url, database_url), **environment})
        try:
            _wait_until_ready(url, tls, process, log)
            yield ProductionPortal(url, database_url, tls, log, process, port)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def production_settings(url: str, database_url: str) -> dict[str, str]:
    """Return the environment of a portal in production at an address, on a database."""
    return {
        "PORTAL_ENV": "production",
        "APP_URL": url,
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": database_url,
        "CRON_SECRET": "production tests call cron with this",
        "TRUSTED_PROXIES": "1",
        "WAYFORPAY_MERCHANT_ACCOUNT": MERCHANT_ACCOUNT,
        "WAYFORPAY_SECRET_KEY": MERCHANT_SECRET,
        "WAYFORPAY_DOMAIN": "localhost",
        "REFERRAL_TOKEN_USD_PRICE": "0.1",
    }


def _start(port: int, log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # The command of docs/operations.md, in another folder than the source tree, as that of `clone init` is.
    options = ["--workers", environment.pop("WORKERS", "1"), "--port", str(port)]
    options += ["--role", environment.pop("ROLE", "all")]
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", str(PROJECT / "wsgi.py"), "serve", *options],
            cwd=log.parent,
            env={**clean_environment(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _wait_until_ready(url: str, tls: ssl.SSLContext, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/healthz", timeout=10, context=tls).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"The production portal did not start:\n{log.read_text()}")
