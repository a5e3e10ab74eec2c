"""What the platforms of connected stores send by themselves."""

from __future__ import annotations

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from portal.counters import counters
from portal.flows.stores.receive_delivery import count_large_delivery, receive_delivery
from portal.runtime import current_portal
from portal.stores.adapters.protocol import Delivery, DeliveryRefused
from portal.web.core.access import public
from portal.web.core.security import limit_deliveries
from portal.web.hooks.routes import blueprint

# An order of 500 lines with everything that a platform says of each.
BODY_MAX = 4 * 1024 * 1024


@blueprint.post("/hooks/<store_key>/<platform>")
@public(csrf=False)
@limit_deliveries
def store_delivery(store_key: str, platform: str) -> ResponseReturnValue:
    """Take a delivery; the raw body is read before anything can parse it, because signatures are over it."""
    request.max_content_length = BODY_MAX
    try:
        body = request.get_data(cache=True, parse_form_data=False)
    except RequestEntityTooLarge:
        count_large_delivery(store_key, platform.lower())
        counters().deliveries.labels("refused").inc()
        raise
    delivery = Delivery({name.lower(): value for name, value in request.headers.items()}, body)
    portal = current_portal()
    try:
        result = receive_delivery(store_key, platform.lower(), delivery, portal.chain, portal.settings)
    except DeliveryRefused:
        counters().deliveries.labels("refused").inc()
        raise
    counters().deliveries.labels(result).inc()
    if result == "waiting":
        portal.wake("ask_stores")
    return jsonify({"result": result})
