"""A django-oscar shop that runs from an environment of its own, with the sample of docs/stores/django-oscar."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from portal.dev.processes import pick_port

PROJECT = Path(__file__).resolve().parents[2]
PYTHON = PROJECT / ".venv/oscar/bin/python"
INSTALLED = PROJECT / ".venv/oscar/shop.sqlite3"  # made by the Makefile
MANAGE = PROJECT / "tests/stores/oscar/manage.py"
PASSWORD = "a long pass phrase"  # of the account that stock_shop creates
PRODUCTS = {"MUG-1": 1, "POSTER-2": 2}
_ADDRESS = {
    "first_name": "Olena",
    "last_name": "Test",
    "line1": "Main 1",
    "line4": "Kyiv",
    "postcode": "01001",
    "country": "UA",
}


@dataclass(frozen=True)
class OscarShop:
    """A running shop, its data folder, and the portal that it reports to."""

    url: str
    folder: Path

    def visitor(self, code: str = "") -> Buyer:
        """Return a visitor, with the cookie that a referral link leaves."""
        session = requests.Session()
        if code:
            session.cookies.set("ring_ref", code, domain="127.0.0.1")
        return Buyer(self.url, session)

    def manage(self, *command: str, **environment: str) -> str:
        """Run a command of the shop and return what it printed; raise CalledProcessError."""
        return _run(self.folder, *command, **environment)

    def report(self, portal_url: str, key: str, *options: str) -> str:
        """Send what waits to a portal, as the shop's schedule does."""
        return self.manage("ring_send", *options, RING_PORTAL_URL=portal_url, RING_KEY=key)

    def figures(self) -> list[dict[str, Any]]:
        """Return the shop's own figures, one entry per order."""
        return list(json.loads(self.manage("figures")))


@dataclass(frozen=True)
class Buyer:
    """A browser without scripts in front of the shop."""

    url: str
    session: requests.Session

    def buy(self, goods: dict[str, int], *, guest: str = "", account: str = "", voucher: str = "") -> str:
        """Place an order through the shop's own pages and return its number."""
        if account:
            self._post(
                "/accounts/login/",
                {"login-username": account, "login-password": PASSWORD, "login_submit": "1"},
            )
        for sku, quantity in goods.items():
            self._post(f"/basket/add/{PRODUCTS[sku]}/", {"quantity": quantity})
        if voucher:
            self._post("/basket/vouchers/add/", {"code": voucher})
        if guest:
            self._post("/checkout/", {"username": guest, "options": "anonymous"})
        else:
            self._get("/checkout/")
        self._post("/checkout/shipping-address/", _ADDRESS)
        self._get("/checkout/payment-details/")
        page = self._post("/checkout/preview/", {"action": "place_order"})
        number = re.search(r"Order (\d+): confirmation", page.text)
        assert number, page.text
        return number[1]

    def _get(self, path: str) -> requests.Response:
        answer = self.session.get(self.url + path, timeout=30)
        answer.raise_for_status()
        return answer

    def _post(self, path: str, form: dict[str, Any]) -> requests.Response:
        if "csrftoken" not in self.session.cookies:
            self._get("/accounts/login/")
        headers = {"X-CSRFToken": self.session.cookies["csrftoken"], "Referer": self.url + "/basket/"}
        answer = self.session.post(self.url + path, data=form, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer


@contextmanager
def open_oscar_shop(folder: Path) -> Iterator[OscarShop]:
    """Add the sample to an installed shop, fill the shop, and serve it on loopback until the block ends."""
    shutil.copy(INSTALLED, folder)
    _run(folder, "migrate", "-v0")
    _run(folder, "stock_shop")
    port = pick_port()
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [PYTHON, MANAGE, "runserver", "--noreload", f"127.0.0.1:{port}"],
            env=_environment(folder),
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, server, folder)
        yield OscarShop(url, folder)
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(url: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            requests.get(url + "/accounts/login/", timeout=10).raise_for_status()
        except requests.ConnectionError:
            running = server.poll() is None and time.monotonic() < deadline
            assert running, (folder / "server.log").read_text()
            time.sleep(0.1)
        else:
            return


def _run(folder: Path, *command: str, **environment: str) -> str:
    done = subprocess.run(
        [PYTHON, MANAGE, *command],
        env={**_environment(folder), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SHOP_FOLDER": str(folder),
        "PYTHONWARNINGS": "ignore",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
