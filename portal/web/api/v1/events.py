"""The log of what a store sent, and another attempt at an event."""

from __future__ import annotations

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from portal.flows.stores.receive_snapshot import replay_store_event
from portal.lib.errors import InputInvalid, PortalError
from portal.runtime import current_portal
from portal.stores import ORDERS_READ, ORDERS_WRITE, get_replayable_event, list_store_events
from portal.web.api.v1.answers import applied_answer, event_answer, order_answer
from portal.web.api.v1.blueprint import blueprint
from portal.web.api.v1.keys import Caller, store_key
from portal.web.core.access import public
from portal.web.core.requests import FieldInvalid

_ID_MAX = 2**63 - 1


class LiveKeyRequired(PortalError):
    """A test key may not apply what was reported with a live one."""

    code = "live_key_required"


@blueprint.get("/events")
@public(csrf=False)
@store_key(ORDERS_READ)
def list_events(caller: Caller) -> ResponseReturnValue:
    """List a page of the store's events, oldest first; `after` is the id of the last one that was read."""
    after = _event_id(request.args.get("after", "0"))
    page = list_store_events(caller.store.id, after)
    return jsonify(
        {
            "events": [event_answer(event) for event in page.rows],
            "after": page.rows[-1].id if page.rows else after,
            "hasMore": page.next_cursor is not None,
        }
    )


@blueprint.post("/events/<int:event_id>/replay")
@public(csrf=False)
@store_key(ORDERS_WRITE)
def replay(caller: Caller, event_id: int) -> ResponseReturnValue:
    """Apply what a store reported earlier once more; a test is only tried again."""
    event = get_replayable_event(caller.store.id, event_id)
    if event.live and not caller.live:
        raise LiveKeyRequired
    running = current_portal()
    applied = replay_store_event(
        caller.store,
        event,
        running.chain,
        running.settings,
        describe=order_answer,
    )
    return jsonify(applied_answer(applied, live=event.live))


def _event_id(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 19 or int(text) > _ID_MAX:
        raise InputInvalid({"after": FieldInvalid(field="after", expected="0–9223372036854775807")})
    return int(text)
