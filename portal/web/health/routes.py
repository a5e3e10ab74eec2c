"""Health checks and metrics for operators."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from portal.db import connection
from portal.flows.minting.watch_chain import last_watch
from portal.flows.overviews.read_health import count_by_status, read_health
from portal.runtime import current_portal
from portal.web.core.access import public

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public(csrf=False)
def process() -> ResponseReturnValue:
    """Report that this process responds, without checking anything else."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public(csrf=False)
def readiness() -> ResponseReturnValue:
    """Report the state of the database, its migrations, the chain and the scheduler."""
    health = read_health(current_portal().chain, scheduler_running=current_portal().scheduler_running())
    return jsonify(health.as_json()), 200 if health.is_ready else 503


def _measure_minter(registry: CollectorRegistry) -> None:
    watch = last_watch(current_portal().chain)
    if watch is None or watch.operator_balance_wei is None:
        return
    Gauge("portal_minter_balance_wei", "The minter's balance", registry=registry).set(
        int(watch.operator_balance_wei)
    )
    if watch.days_of_gas is not None:
        Gauge("portal_minter_gas_days", "Days the minter's gas lasts", registry=registry).set(
            watch.days_of_gas
        )


@blueprint.get("/metrics")
@public(csrf=False)
def metrics() -> ResponseReturnValue:
    """Return row counts of the ledgers and the minter balance for Prometheus."""
    registry = CollectorRegistry()
    gauge = Gauge("portal_rows", "Rows by ledger and status", ["ledger", "status"], registry=registry)
    with connection():
        for ledger, status, count in count_by_status():
            gauge.labels(ledger, status).set(count)
        _measure_minter(registry)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
