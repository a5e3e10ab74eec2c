"""Monitoring endpoints: /healthz, /readyz and /metrics."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest
from flask import Flask

from models import User
from portal.db import bind_database
from tests.factories import make_reward
from tests.support.databases import close_database, execute
from tests.support.hanging import hanging_server
from tests.web.conftest import MakeApp, lose_database, visitor
from tests.web.visitor import Visitor


def test_healthz_returns_ok(client: Visitor) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.get_json()) == (200, {"status": "ok"})


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


def read_at_once(app: Flask, path: str, count: int) -> list[tuple[float, int]]:
    """Return the seconds and the status of `count` simultaneous requests."""

    def read(_: int) -> tuple[float, int]:
        began = time.monotonic()
        status = app.test_client().get(path).status_code
        return time.monotonic() - began, status

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(read, range(count)))


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_a_hanging_database_is_reported_within_a_second_over_one_connection(app: Flask, path: str) -> None:
    with hanging_server() as server:
        hang_database(server.port)
        for seconds, status in read_at_once(app, path, 12):
            assert status == 503
            assert seconds < 1
        assert len(server.connections) == 1
        assert app.test_client().get("/healthz").status_code == 200
        assert len(server.connections) == 1


def test_a_hanging_node_is_reported_within_a_second_over_one_connection(make_app: MakeApp) -> None:
    with hanging_server() as server:
        url = f"http://127.0.0.1:{server.port}"
        app = make_app(polygon_rpc_url=url, referral_rewards_address=f"0x{'1' * 40}")
        assert max(seconds for seconds, _ in read_at_once(app, "/readyz", 12)) < 1
        answer = app.test_client().get("/readyz")
        assert (answer.status_code, answer.get_json()["chain"]) == (200, "away")
        assert len(server.connections) == 1


def test_a_locked_table_is_reported_within_a_second(app: Flask, database: str) -> None:
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE _yoyo_migration IN ACCESS EXCLUSIVE MODE")
        ((seconds, status),) = read_at_once(app, "/readyz", 1)
        connection.rollback()
    assert status == 503
    assert seconds < 1


def test_metrics_require_the_token_that_is_set(make_app: MakeApp) -> None:
    client = make_app(metrics_token="token of the scraper").test_client()
    refused = client.get("/metrics")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    for wrong in ("Bearer token", "token of the scraper", "Bearer ключ", "Basic dG9rZW4="):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 401
    headers = {"Authorization": "Bearer token of the scraper"}
    assert client.get("/metrics", headers=headers).status_code == 200


def test_production_without_a_token_has_no_metrics(make_app: MakeApp) -> None:
    client = make_app(
        portal_env="production",
        app_url="https://shop.example",
        secret_key="a secret key of thirty-two characters",
        wayforpay_merchant_account="shop_example",
        wayforpay_secret_key="the merchant's own secret",
    ).test_client()
    answer = client.get("/metrics", base_url="https://shop.example", headers={"Authorization": "Bearer "})
    assert answer.status_code == 404
