"""Monitoring endpoints: /healthz, /readyz and /metrics."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import SimpleNamespace
from typing import ClassVar

import psycopg2
import pytest
from flask import Flask

from models import User
from portal.chain.state import remember
from portal.db import bind_database, connection
from portal.lib.probe import Probe
from portal.web.health.probe import new_probe
from tests.factories import make_reward
from tests.support.chains import LocalChain
from tests.support.databases import close_database, execute
from tests.support.hanging import hanging_server
from tests.web.conftest import MakeApp, lose_database, visitor
from tests.web.visitor import Visitor


def test_healthz_returns_ok(client: Visitor) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.get_json()) == (200, {"status": "ok"})


def test_readyz_fails_before_a_stop(app: Flask, client: Visitor) -> None:
    app.extensions["portal"].is_draining = True
    response = client.get("/readyz")
    assert (response.status_code, response.get_json()) == (503, {"status": "stopping"})


def test_readyz_reports_every_component(app: Flask, client: Visitor) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.get_json() == {
        "status": "ok",
        "database": "ok",
        "migrations": "ok",
        "chain": "not_configured",
        "scheduler": "off",
    }
    app.extensions["portal"].scheduler_running = lambda: True
    assert client.get("/readyz").get_json()["scheduler"] == "ok"


def test_pending_migration_is_not_ready(app: Flask, client: Visitor, database: str) -> None:
    (row,) = execute(
        database, "DELETE FROM _yoyo_migration WHERE migration_id LIKE '008%' RETURNING migration_hash"
    )
    try:
        response = client.get("/readyz")
        assert response.status_code == 503
        assert (response.get_json()["status"], response.get_json()["migrations"]) == ("unready", "pending")
    finally:
        execute(
            database,
            "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc)"
            f" VALUES ('{row[0]}', '008_notices', now())",
        )
    assert client.get("/readyz").status_code == 503, "the reading is kept for some seconds"
    app.extensions["health"].forget()
    assert client.get("/readyz").status_code == 200


def test_lost_database_is_alive_but_not_ready(app: Flask) -> None:
    lose_database()
    client = visitor(app)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.get_json()["database"] == "away"
    assert client.get("/healthz").status_code == 200
    assert client.get("/metrics").status_code == 503


def test_unreachable_chain_does_not_affect_readiness(make_app: MakeApp) -> None:
    client = make_app(
        polygon_rpc_url="http://127.0.0.1:1", referral_rewards_address=f"0x{'1' * 40}"
    ).test_client()
    response = client.get("/readyz")
    assert (response.status_code, response.get_json()["chain"]) == (200, "away")


def test_the_reason_why_minting_waits_is_named(make_app: MakeApp, chain: LocalChain) -> None:
    app = make_app(
        polygon_rpc_url=chain.rpc_url,
        referral_chain_id=chain.chain_id,
        referral_rewards_address=chain.rewards_address,
    )

    def named() -> str:
        app.extensions["health"].forget()
        answer = app.test_client().get("/readyz")
        assert answer.status_code == 200, "only minting waits"
        return str(answer.get_json()["chain"])

    assert named() == "ok"
    with connection():
        remember(f"chain_watch:{chain.chain_id}", {"code": "role_missing,mode_differs"})
        assert named() == "role_missing"
        remember(f"mint_waiting:{chain.chain_id}", {"code": "chain_node_refused"})
        assert named() == "chain_node_refused"
        remember(f"mint_waiting:{chain.chain_id}", {"code": None})
        remember(f"chain_watch:{chain.chain_id}", {"code": "low_gas"})
    assert named() == "ok"


def test_metrics_are_prometheus_text(client: Visitor, other: User) -> None:
    make_reward(other)
    make_reward(other)
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert 'portal_rows{ledger="rewards",status="pending_approval"} 2.0' in answer.text
    assert 'portal_rows_estimate{table="orders"}' in answer.text
    assert 'portal_queue_rows{queue="letters"} 0.0' in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_monitoring_endpoints_refuse_post(client: Visitor, path: str) -> None:
    assert client.post(path).status_code == 405
    assert client.head(path).status_code == 200


def hang_database(port: int) -> None:
    close_database()
    bind_database(f"postgresql://portal@127.0.0.1:{port}/portal")


class Waits(threading.Event):
    """An event that notes how long each thread may wait for it, by `seconds`."""

    seconds: ClassVar[dict[int, list[float]]] = {}

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None, "a wait without an end"
        self.seconds.setdefault(threading.get_ident(), []).append(timeout)
        return super().wait(timeout)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> dict[int, list[float]]:
    """Note every wait for a reading; its length does not depend on how busy the machine is."""
    monkeypatch.setattr("portal.lib.probe.threading", SimpleNamespace(**{**vars(threading), "Event": Waits}))
    Waits.seconds.clear()
    return Waits.seconds


def read_at_once(app: Flask, path: str, count: int) -> list[int]:
    """Return the statuses of `count` simultaneous requests, each on a thread of its own."""
    with ThreadPoolExecutor(count) as pool:
        together = threading.Barrier(count)

        def read(_: int) -> int:
            together.wait(60)
            return app.test_client().get(path).status_code

        return list(pool.map(read, range(count)))


def assert_bounded(waits: dict[int, list[float]], requests: int) -> None:
    """Check that each request waited at most twice, for the database and the node, and less than a second for each.

    Both readings begin before the first wait, so the second wait ends where the first one does.
    """
    assert len(waits) == requests
    for seconds in waits.values():
        assert len(seconds) <= 2
        assert all(0 <= each <= 0.75 for each in seconds)


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_a_hanging_database_is_reported_within_a_second_over_one_connection(
    app: Flask, waits: dict[int, list[float]], path: str
) -> None:
    with hanging_server() as server:
        hang_database(server.port)
        app.extensions["health"].forget()
        assert set(read_at_once(app, path, 12)) == {503}
        assert_bounded(waits, 12)
        assert len(server.connections) == 1
        assert app.test_client().get("/healthz").status_code == 200
        assert len(server.connections) == 1


def test_a_hanging_node_is_reported_within_a_second_over_one_connection(
    make_app: MakeApp, waits: dict[int, list[float]]
) -> None:
    with hanging_server() as server:
        url = f"http://127.0.0.1:{server.port}"
        app = make_app(polygon_rpc_url=url, referral_rewards_address=f"0x{'1' * 40}")
        app.extensions["health"].forget()
        assert set(read_at_once(app, "/readyz", 12)) <= {200, 503}
        assert_bounded(waits, 12)
        answer = app.test_client().get("/readyz")
        assert (answer.status_code, answer.get_json()["chain"]) == (200, "away")
        assert len(server.connections) == 1


def test_a_locked_table_is_reported_within_a_second(
    app: Flask, waits: dict[int, list[float]], database: str
) -> None:
    app.extensions["health"].forget()
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE _yoyo_migration IN ACCESS EXCLUSIVE MODE")
        statuses = read_at_once(app, "/readyz", 1)
        connection.rollback()
    assert statuses == [503]
    assert_bounded(waits, 1)


def test_the_deadline_of_a_reading_is_real() -> None:
    """Nobody waits longer for a reading that never ends than for what is left of its time."""
    ends, waiting = threading.Event(), []
    probe = Probe(ends.wait, overdue="overdue", fresh_seconds=5, wait_seconds=0.05)
    try:
        assert [probe.value() for _ in range(3)] == ["overdue"] * 3
        waiting += Waits.seconds[threading.get_ident()]
        assert waiting[0] <= 0.05
        assert waiting[1:] == [0, 0]
    finally:
        ends.set()


def test_metrics_require_the_token_that_is_set(make_app: MakeApp) -> None:
    client = make_app(metrics_token="token of the scraper").test_client()
    refused = client.get("/metrics")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    for wrong in ("Bearer token", "token of the scraper", "Bearer ключ", "Basic dG9rZW4="):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 401
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} token of the scraper"}
        assert client.get("/metrics", headers=headers).status_code == 200


PRODUCTION = {
    "portal_env": "production",
    "app_url": "https://shop.example",
    "secret_key": "a secret key of thirty-two characters",
    "wayforpay_merchant_account": "shop_example",
    "wayforpay_secret_key": "the merchant's own secret",
}


def test_production_without_a_token_has_no_metrics_and_says_only_whether_it_is_ready(
    make_app: MakeApp,
) -> None:
    client = make_app(**PRODUCTION).test_client()
    at_home = {"base_url": "https://shop.example", "headers": {"Authorization": "Bearer "}}
    assert client.get("/metrics", **at_home).status_code == 404
    answer = client.get("/readyz", **at_home)
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_readyz_shows_the_parts_to_readers_with_the_token_and_to_doctor(make_app: MakeApp) -> None:
    token = "the scraper of this test, long enough"
    app = make_app(**PRODUCTION, metrics_token=token)
    client = app.test_client()

    def parts(**headers: str) -> set[str]:
        answer = client.get("/readyz", base_url="https://shop.example", headers=headers)
        assert answer.status_code == 200
        return set(answer.get_json())

    assert parts() == parts(Authorization="Bearer wrong") == {"status"}
    everything = {"status", "database", "migrations", "chain", "scheduler"}
    assert parts(Authorization=f"Bearer {token}") == everything
    probe = {"X-Portal-Probe": new_probe(PRODUCTION["secret_key"])}
    assert parts(**probe) == everything
    assert parts(**{"X-Portal-Probe": new_probe("a secret key of another portal")}) == {"status"}
