"""Run every example of docs/api.md and docs/stores/api.md in a shell against a real server."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from models import Order, PaymentTransaction, Refcode, ReferralReward, User
from portal.db import SYSTEM
from portal.stores import create_key, rotate_signing_secret
from tests.factories import PASSWORD, give_credit, make_product, make_reward, make_store
from tests.web.conftest import CRON_SECRET

_BLOCK = re.compile(r"^```sh( admin)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TEXT = Path("docs/api.md").read_text()
_OF_STORES = [
    code
    for _, code in re.findall(
        r"^```sh( signed)?\n(.*?)^```$", Path("docs/stores/api.md").read_text(), re.M | re.S
    )
]
_FOR_ALL = [code for admin, code in _BLOCK.findall(_TEXT) if not admin]
_FOR_ADMINS = [code for admin, code in _BLOCK.findall(_TEXT) if admin]


@pytest.fixture
def server_url(app: Flask) -> Iterator[str]:
    """Serve the application and yield its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run_shell(url: str, user: User, code: str, *blocks: str) -> str:
    """Run blocks in one shell with the user's credentials and return the output; fail on any failing command."""
    credentials = {"EMAIL": user.email, "PASSWORD": PASSWORD, "CRON_SECRET": CRON_SECRET}
    return run_blocks({"PORTAL": url, "CODE": code, **credentials}, *blocks)


def run_blocks(variables: dict[str, str], *blocks: str) -> str:
    """Run blocks in one shell with these variables and return the output; fail on any failing command."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **variables}
    process = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_buyer_examples_run(server_url: str, owner: User, code: Refcode) -> None:
    make_product(price_minor=24_000)
    give_credit(owner, 1_000_000)
    output = run_shell(server_url, owner, code.code, *_FOR_ALL)
    assert '"referralApplied":false' in output.replace(" ", "")
    order = Order.get()
    assert (order.buyer_user_id, order.status, order.total_minor) == (owner.id, "paid", 48_000)
    assert {row.purpose for row in PaymentTransaction.select()} == {"store_order", "membership_upgrade"}
    assert Refcode.get_by_id(code.code).visits_total == 1


def test_admin_examples_run(server_url: str, admin: User, code: Refcode) -> None:
    reward = make_reward(code)
    session = next(block for block in _FOR_ALL if "JAR=" in block)
    output = run_shell(server_url, admin, code.code, session, *_FOR_ADMINS)
    approved, minting, applications = (json.loads(line) for line in output.splitlines() if line)
    assert (approved["id"], approved["status"]) == (reward.id, "approved")
    assert minting["waitingReason"] == "not_configured"
    assert applications == {"applications": [], "nextCursor": None}
    assert ReferralReward.get_by_id(reward.id).approved_by == admin.id


def test_examples_of_stores_run(server_url: str, app: Flask, code: Refcode) -> None:
    store = make_store()
    key = app.extensions["portal"].settings.stored_key
    variables = {
        "PORTAL": server_url,
        "KEY": create_key(store.id, "live", SYSTEM).text,
        "TEST_KEY": create_key(store.id, "test", SYSTEM).text,
        "CODE": code.code,
        "SECRET": rotate_signing_secret(store.id, key, SYSTEM),
    }
    output = run_blocks(variables, *_OF_STORES)
    answers = [json.loads(line) for line in output.splitlines() if line]
    results = [answer["result"] for answer in answers if "result" in answer]
    assert results == ["test", "created", "updated", "booked", "stale"]
    order = Order.get()
    assert (order.external_id, order.referral_code, order.refunded_minor) == ("14", code.code, 8_333 + 1_528)


def test_page_has_examples_for_buyers_and_admins() -> None:
    assert len(_FOR_ALL) >= 6
    assert len(_FOR_ADMINS) == 2
    assert len(_OF_STORES) >= 7
