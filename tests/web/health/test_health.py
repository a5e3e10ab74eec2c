"""Monitoring endpoints: /healthz, /readyz and /metrics."""

from __future__ import annotations

import pytest
from flask import Flask

from models import User
from tests.factories import make_order, make_reward
from tests.support.databases import execute
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


def test_pending_migration_is_not_ready(client: Visitor, database: str) -> None:
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


def test_metrics_are_prometheus_text(client: Visitor, owner: User, other: User) -> None:
    make_reward(other)
    make_reward(other)
    make_order(owner)
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.mimetype == "text/plain"
    assert 'portal_rows{ledger="rewards",status="pending_approval"} 2.0' in response.text
    assert 'portal_rows{ledger="orders",status="created"} 1.0' in response.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_monitoring_endpoints_refuse_post(client: Visitor, path: str) -> None:
    assert client.post(path).status_code == 405
    assert client.head(path).status_code == 200
