"""A neighbour that accepts and never answers delays its own job or page only. See docs/operations.md, "Time-outs"."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs import JOBS
from models import PaymentRefund, Refcode, User
from portal.chain.contract import oracle
from portal.chain.contract.oracle import read_price_quickly
from portal.chain.errors import PriceUnavailable
from portal.db import release_connection
from portal.mail import queue_letter
from portal.schedule import run_job
from tests.factories import make_order, make_payment
from tests.support.hanging import HangingServer, hanging_server, watched_timeouts
from tests.web.conftest import MakeApp, visitor

PAGES = ("/", "/login", "/healthz", "/readyz", "/api/store/products", "/openapi.json")


def node(port: int) -> dict[str, Any]:
    return {"polygon_rpc_url": f"http://127.0.0.1:{port}", "referral_rewards_address": f"0x{'1' * 40}"}


NEIGHBOURS: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
    "node": ("watch_minter", node),
    "mail server": (
        "send_letters",
        lambda port: {"smtp_url": f"smtp+plain://127.0.0.1:{port}", "mail_from": "portal@shop.example"},
    ),
    "payment provider": (
        "reconcile_payments",
        lambda port: {
            "wayforpay_api_url": f"http://127.0.0.1:{port}",
            "wayforpay_pay_url": "https://pay.example",
        },
    ),
}


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_pages_and_jobs_go_on_while_a_job_waits(make_app: MakeApp, owner: User, neighbour: str) -> None:
    name, settings = NEIGHBOURS[neighbour]
    make_payment(make_order(owner), created_at=datetime.now(UTC) - timedelta(hours=1))
    queue_letter("reset_password", "olena@shop.example", "en", timedelta(hours=1), {"key": "x"})
    release_connection()
    with hanging_server() as server:
        app = make_app(**settings(server.port))
        waiting = threading.Thread(target=run_job, args=[job_named(name), app.extensions["portal"]])
        waiting.start()
        wait_for_connection(server)
        for path in PAGES:
            assert visitor(app).get(path).status_code == 200, path
        assert visitor(app, owner).get("/orders").status_code == 200
        for other in ("fold_totals", "settle_waiting_callbacks", "retry_failed_ledgers"):
            run_job(job_named(other), app.extensions["portal"])
        assert waiting.is_alive(), "nothing above waited for the neighbour"
    waiting.join(60)


@pytest.mark.slow
def test_pages_go_on_while_a_refund_waits_for_the_provider(
    make_app: MakeApp, owner: User, admin: User
) -> None:
    payment = make_payment(make_order(owner, status="paid"), "paid", processor="wayforpay")
    release_connection()
    with hanging_server() as server:
        app = make_app(**NEIGHBOURS["payment provider"][1](server.port))
        form = {"orderReference": payment.order_reference, "reason": "Returned", "refundKey": "k" * 24}
        as_admin = visitor(app, admin)
        as_admin.get("/admin/audit")
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(as_admin.submit, "/admin/audit/refund", form)
            wait_for_connection(server)
            for path in PAGES:
                assert visitor(app).get(path).status_code == 200, path
            assert visitor(app, owner).get("/orders").status_code == 200
            assert not answer.done(), "nothing above waited for the provider"
            assert answer.result(timeout=60).status_code == 303
        page = as_admin.get(f"/admin/audit?orderReference={payment.order_reference}")
    assert "The provider has not confirmed the refund yet" in page.get_data(as_text=True)
    # The same form again requests nothing more, and nothing is refunded before a clear answer.
    assert PaymentRefund.get().status == "requested"
    assert len(server.connections) == 1


def test_limits_go_on_while_redis_hangs(make_app: MakeApp, code: Refcode) -> None:
    with hanging_server() as server:
        app = make_app(redis_url=f"redis://127.0.0.1:{server.port}/0")
        for _ in range(5):
            assert visitor(app).post("/api/refcodes/track", json={"code": code.code}).status_code == 200
            assert visitor(app).get("/login").status_code == 200
        # One look for the beacon and a few for the pages, instead of one per request.
        assert len(server.connections) < 10


def test_a_price_feed_behind_a_hanging_node_delays_nobody_for_long(make_app: MakeApp) -> None:
    with hanging_server() as server, watched_timeouts() as waits:
        portal = make_app(**node(server.port), referral_price_feed_address=f"0x{'2' * 40}").extensions[
            "portal"
        ]

        def read(_: int) -> str:
            try:
                read_price_quickly(portal.settings, portal.chain)
            except PriceUnavailable as error:
                return error.code
            finally:
                release_connection()
            return "read"

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(read, range(8))) == ["price_unavailable"] * 8
        assert read(0) == "price_unavailable"
        # One of nine readers waited, and no longer than a page may.
        assert waits == [oracle._QUICK_SECONDS]
        assert len(server.connections) == 1


def job_named(name: str) -> Any:
    return next(job for job in JOBS if job.name == name)


def wait_for_connection(server: HangingServer) -> None:
    deadline = time.monotonic() + 20
    while not server.connections and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.connections
