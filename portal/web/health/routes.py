"""Health checks and metrics for operators."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import NotFound

from portal.flows.overviews.read_health import HealthMonitor
from portal.runtime import current_portal
from portal.web.core.access import public
from portal.web.core.bearer import has_bearer
from portal.web.health.exposition import metrics_text
from portal.web.health.probe import HEADER, answer_probe

blueprint = Blueprint("health", __name__)


@blueprint.record_once
def _install_monitor(state: BlueprintSetupState) -> None:
    extensions = state.app.extensions
    extensions["health"] = HealthMonitor(lambda: extensions["portal"].chain)


def health_monitor() -> HealthMonitor:
    """Return the probes of the application."""
    monitor: HealthMonitor = current_app.extensions["health"]
    return monitor


@blueprint.get("/healthz")
@public(csrf=False)
def process() -> ResponseReturnValue:
    """Report that this process responds, without checking anything else."""
    response = jsonify(status="ok")
    seen = answer_probe(request, current_portal().settings.secret_key.get_secret_value())
    if seen:
        response.headers[HEADER] = seen
    return response


@blueprint.get("/readyz")
@public(csrf=False)
def readiness() -> ResponseReturnValue:
    """Report whether requests can be served, and to readers with the token the state of each part."""
    if current_portal().is_draining:
        return jsonify(status="stopping"), 503
    health = health_monitor().health(scheduler_running=current_portal().scheduler_running())
    state = health.as_json() if _may_read_details() else {"status": health.status}
    return jsonify(state), 200 if health.is_ready else 503


@blueprint.get("/metrics")
@public(csrf=False)
def metrics() -> ResponseReturnValue:
    """Return the numbers of the database and what the processes of this server counted, for Prometheus."""
    refusal = _refuse_reader()
    if refusal:
        return refusal
    return Response(metrics_text(health_monitor().metrics()), content_type=CONTENT_TYPE_LATEST)


def _refuse_reader() -> Response | None:
    """Return the response to a request without the token; production has no metrics where none is set."""
    settings = current_portal().settings
    if settings.is_production and not settings.metrics_token.get_secret_value():
        raise NotFound
    return None if _has_token() else Response("", 401, {"WWW-Authenticate": "Bearer"})


def _has_token() -> bool:
    """Return whether a request has the token, or none is set."""
    token = current_portal().settings.metrics_token
    return not token.get_secret_value() or has_bearer(token)


def _may_read_details() -> bool:
    """Return whether the parts are shown: to readers with the token, in production also to `doctor`."""
    settings = current_portal().settings
    if answer_probe(request, settings.secret_key.get_secret_value()):
        return True
    return _has_token() and not (settings.is_production and not settings.metrics_token.get_secret_value())
