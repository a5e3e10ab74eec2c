"""Buyers from before a store was connected."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from portal.flows.stores.import_customers import KnownBy, import_customers
from portal.runtime import current_portal
from portal.stores import ORDERS_WRITE
from portal.web.api.v1.answers import with_ignored
from portal.web.api.v1.blueprint import blueprint
from portal.web.api.v1.bodies import read_body
from portal.web.api.v1.keys import Caller, store_key
from portal.web.api.v1.models import CustomersBody, EarlierBuyer
from portal.web.core.access import public


@blueprint.post("/customers")
@public(csrf=False)
@store_key(ORDERS_WRITE)
def import_earlier_buyers(caller: Caller) -> ResponseReturnValue:
    """Take over earlier buyers by hash or id; the same ones again change nothing."""
    received = read_body(CustomersBody)
    buyers = [_known_by(buyer) for buyer in received.content.customers]
    result = import_customers(caller.store.id, buyers, current_portal().settings, live=caller.live)
    answer = {"imported": result.imported, "known": result.known, "live": caller.live}
    return jsonify(with_ignored(answer, received.ignored_fields))


def _known_by(buyer: EarlierBuyer) -> KnownBy:
    return KnownBy(buyer.email_hash and buyer.email_hash.lower(), buyer.external_id)
