"""Health checks and metrics for operators."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, current_app, jsonify, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from werkzeug.exceptions import NotFound

from portal.flows.overviews.read_health import HealthMonitor
from portal.flows.overviews.read_metrics import Metrics
from portal.runtime import current_portal
from portal.web.core.access import public

blueprint = Blueprint("health", __name__)


@blueprint.record_once
def _install_monitor(state: BlueprintSetupState) -> None:
    extensions = state.app.extensions
    extensions["health"] = HealthMonitor(lambda: extensions["portal"].chain)


def _monitor() -> HealthMonitor:
    monitor: HealthMonitor = current_app.extensions["health"]
    return monitor


@blueprint.get("/healthz")
@public(csrf=False)
def process() -> ResponseReturnValue:
    """Report that this process responds, without checking anything else."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public(csrf=False)
def readiness() -> ResponseReturnValue:
    """Report the state of the database, its migrations, the chain and the scheduler."""
    health = _monitor().health(scheduler_running=current_portal().scheduler_running())
    return jsonify(health.as_json()), 200 if health.is_ready else 503


@blueprint.get("/metrics")
@public(csrf=False)
def metrics() -> ResponseReturnValue:
    """Return the sizes of ledgers and queues and the minter's balance for Prometheus."""
    refusal = _refuse_reader()
    if refusal:
        return refusal
    text = generate_latest(_gauges(_monitor().metrics()))
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def _refuse_reader() -> Response | None:
    """Return the response to a request without the token; production has no metrics where none is set."""
    settings = current_portal().settings
    token = settings.metrics_token.get_secret_value()
    if not token and settings.is_production:
        raise NotFound
    given = request.headers.get("Authorization", "")
    if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return Response("", 401, {"WWW-Authenticate": "Bearer"})
    return None


def _gauges(metrics: Metrics) -> CollectorRegistry:
    registry = CollectorRegistry()
    rows = Gauge("portal_rows", "Rows by ledger and status", ["ledger", "status"], registry=registry)
    for status, count in metrics.rewards.items():
        rows.labels("rewards", status).set(count)
    estimates = Gauge("portal_rows_estimate", "Estimated rows by table", ["table"], registry=registry)
    for table, count in metrics.estimates.items():
        estimates.labels(table).set(count)
    queues = Gauge("portal_queue_rows", "Open rows by queue, at most 10,000", ["queue"], registry=registry)
    for queue, count in metrics.queues.items():
        queues.labels(queue).set(count)
    _add_minter(registry, metrics)
    return registry


def _add_minter(registry: CollectorRegistry, metrics: Metrics) -> None:
    if metrics.minter_balance_wei is None:
        return
    Gauge("portal_minter_balance_wei", "The minter's balance", registry=registry).set(
        metrics.minter_balance_wei
    )
    if metrics.minter_gas_days is not None:
        Gauge("portal_minter_gas_days", "Days the minter's gas lasts", registry=registry).set(
            metrics.minter_gas_days
        )
