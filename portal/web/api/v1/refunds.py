"""One refund of an order, for a store that reports refunds by themselves."""

from __future__ import annotations

import hashlib
import re

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from portal.flows.stores.receive_refund import receive_refund
from portal.flows.stores.receive_snapshot import Applied
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.stores import ORDERS_WRITE
from portal.stores.snapshots import SnapshotRefund
from portal.web.api.v1.answers import applied_answer, order_answer, with_ignored
from portal.web.api.v1.blueprint import blueprint
from portal.web.api.v1.bodies import read_body
from portal.web.api.v1.keys import Caller, store_key
from portal.web.api.v1.models import RefundBody
from portal.web.core.access import public

# The flow names the fields of a whole snapshot.
_IN_SNAPSHOT = re.compile(r"^refunds\[[0-9]+\]\.")


@blueprint.post("/refunds")
@public(csrf=False)
@store_key(ORDERS_WRITE)
def report_refund(caller: Caller) -> ResponseReturnValue:
    """Book one refund by its id; the same again changes nothing."""
    received = read_body(RefundBody)
    try:
        applied = _receive(caller, received.content)
    except PortalError as error:
        error.field = error.field and _IN_SNAPSHOT.sub("", error.field)
        raise
    return jsonify(with_ignored(applied_answer(applied, live=caller.live), received.ignored_fields))


def _receive(caller: Caller, body: RefundBody) -> Applied:
    refund = SnapshotRefund(id=body.id, amount=body.amount, at=body.at, reason=body.reason, lines=body.lines)
    return receive_refund(
        caller.store,
        body.external_id,
        refund,
        settings=current_portal().settings,
        live=caller.live,
        body_sha256=hashlib.sha256(request.get_data(cache=True)).hexdigest(),
        describe=order_answer,
    )
