"""Orders of a store: report one as it stands now, and read what the portal decided."""

from __future__ import annotations

import hashlib

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from portal.flows.stores.order_answer import read_order, read_order_by_external_id
from portal.flows.stores.receive_snapshot import API_ORDER, receive_snapshot
from portal.lib.errors import InputInvalid
from portal.runtime import current_portal
from portal.stores import ORDERS_READ, ORDERS_WRITE, OrderSnapshot
from portal.web.api.v1.answers import applied_answer, order_answer, order_state, with_ignored
from portal.web.api.v1.blueprint import blueprint
from portal.web.api.v1.bodies import read_body
from portal.web.api.v1.field_errors import MemberInvalid
from portal.web.api.v1.keys import Caller, store_key
from portal.web.core.access import public

EXTERNAL_ID_MAX = 200


@blueprint.post("/orders")
@public(csrf=False)
@store_key(ORDERS_WRITE)
def receive_order(caller: Caller) -> ResponseReturnValue:
    """Take the whole present state of an order; an equal one changes nothing."""
    received = read_body(OrderSnapshot)
    running = current_portal()
    applied = receive_snapshot(
        caller.store,
        received.content,
        kind=API_ORDER,
        live=caller.live,
        body_sha256=hashlib.sha256(request.get_data(cache=True)).hexdigest(),
        chain=running.chain,
        settings=running.settings,
        describe=order_answer,
    )
    answer = applied_answer(applied, live=caller.live)
    status = 201 if applied.result == "created" else 200
    return jsonify(with_ignored(answer, received.ignored_fields)), status


@blueprint.get("/orders/<string(maxlength=64):order_id>")
@public(csrf=False)
@store_key(ORDERS_READ)
def get_order(caller: Caller, order_id: str) -> ResponseReturnValue:
    """Return what the portal decided about an order of the store, by the portal's id."""
    return jsonify(order_state(read_order(caller.store.id, order_id)))


@blueprint.get("/orders")
@public(csrf=False)
@store_key(ORDERS_READ)
def find_order(caller: Caller) -> ResponseReturnValue:
    """Return what the portal decided about an order of the store, by the store's id."""
    external_id = request.args.get("externalId", "")
    if not 1 <= len(external_id) <= EXTERNAL_ID_MAX:
        kind = "long" if external_id else "missing"
        error = MemberInvalid(field="externalId", kind=kind, at_most=EXTERNAL_ID_MAX)
        raise InputInvalid({"externalId": error})
    return jsonify(order_state(read_order_by_external_id(caller.store.id, external_id)))
