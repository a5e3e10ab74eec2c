"""Whether a code would apply to a buyer; nothing is stored."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from portal.attribution import trace_as_json
from portal.flows.stores.attribute import preview_store_attribution
from portal.lib.money import InvalidAmount, check_currency, parse_exact
from portal.runtime import current_portal
from portal.stores import ATTRIBUTION_READ
from portal.web.api.v1.answers import decision_answer, with_ignored
from portal.web.api.v1.blueprint import blueprint
from portal.web.api.v1.bodies import read_body
from portal.web.api.v1.field_errors import MemberInvalid
from portal.web.api.v1.keys import Caller, store_key
from portal.web.api.v1.models import AttributionBody
from portal.web.core.access import public


@blueprint.post("/attribution")
@public(csrf=False)
@store_key(ATTRIBUTION_READ)
def preview(caller: Caller) -> ResponseReturnValue:
    """Return whether a code would apply to a buyer now, with each guard in words."""
    received = read_body(AttributionBody)
    body = received.content
    _check_amount(body)
    attribution = preview_store_attribution(
        caller.store, body.referral_code, None, body.customer, current_portal().settings
    )
    decision = attribution.decision
    code = attribution.code.code if attribution.code else None
    answer = decision_answer(code, decision.reason, trace_as_json(decision))
    return jsonify(with_ignored(answer, received.ignored_fields))


def _check_amount(body: AttributionBody) -> None:
    """Raise for an amount that no order could have, so that an integration fails here and not at its first order."""
    if body.amount is not None and body.currency is None:
        raise MemberInvalid(field="currency", kind="missing")
    if body.currency is not None and parse_exact(body.amount or "0", check_currency(body.currency)) < 0:
        raise InvalidAmount(field="amount", is_sent=True)
