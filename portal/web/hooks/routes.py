"""Callbacks of payment providers, and the calls of an external scheduler."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from portal.db import Actor
from portal.flows.checkout.receive_callback import receive_callback
from portal.flows.minting.mint_rewards import run_mint
from portal.lib.errors import PortalError
from portal.payments import RawCallback
from portal.runtime import current_portal
from portal.web.core.access import public
from portal.web.core.bearer import has_bearer
from portal.web.core.node_limits import minting_limits
from portal.web.core.security import limit_deliveries

blueprint = Blueprint("hooks", __name__)

CRON_LIMIT = 20


class CronSecretWrong(PortalError):
    code = "cron_secret_wrong"


@blueprint.post("/api/payments/<provider>/webhook")
@public(csrf=False)
@limit_deliveries
def payment_callback(provider: str) -> ResponseReturnValue:
    """Take a provider's callback; the raw body is read before anything can parse it as a form."""
    body = request.get_data(cache=True, parse_form_data=False)
    raw = RawCallback(provider.lower(), body, dict(request.headers))
    portal = current_portal()
    return jsonify(receive_callback(raw, portal.chain, portal.settings, wake=portal.wake))


# GET stays for schedulers that cannot send anything else.
@blueprint.route("/api/cron/refcodes-mint", methods=["GET", "POST"])
@public(csrf=False)
def mint_rewards() -> ResponseReturnValue:
    """Run one round over the approved queue; the cron secret is required."""
    _require_cron_secret()
    with minting_limits():
        report = run_mint(
            current_portal().chain, current_portal().settings, CRON_LIMIT, Actor.job("mint_rewards")
        )
    return jsonify(report.as_json())


def _require_cron_secret() -> None:
    if not has_bearer(current_portal().settings.cron_secret):
        raise CronSecretWrong
