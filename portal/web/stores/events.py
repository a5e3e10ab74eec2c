"""The events of a store: what arrived, how it was verified, and what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.flows.stores.receive_snapshot import replay_store_event
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.stores import OUTCOMES, get_replayable_event, get_store_event, list_recent_events
from portal.web.stores.area import Area, area_view
from portal.web.stores.presenters import event_views
from portal.web.text.messages import error_text
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Store


@area_view("/stores/<int:store_id>/events")
def events(area: Area, store: Store) -> ResponseReturnValue:
    """List the events of the last 30 days, newest first, all or those with one outcome."""
    asked = request.args.get("outcome", "")
    outcome = asked if asked in OUTCOMES else None
    page = list_recent_events(store.id, outcome, request.args.get("cursor"))
    return area.page(
        "stores/events.html",
        store,
        rows=event_views(store.id, page.rows),
        outcome=outcome or "",
        choices=[("", _("All events")), *((each, status_words("store_event", each)) for each in OUTCOMES)],
        query={"outcome": outcome} if outcome else {},
        next_cursor=page.next_cursor,
        has_cursor="cursor" in request.args,
    )


@area_view("/stores/<int:store_id>/events/<int:event_id>/replay", "POST")
def replay(area: Area, store: Store, event_id: int) -> ResponseReturnValue:
    """Apply what a store reported once more; what changed nothing then changes nothing now."""
    event, running = get_replayable_event(store.id, event_id), current_portal()
    try:
        applied = replay_store_event(store, event, running.chain, running.settings)
    except PortalError as error:
        flash(error_text(error), "warning")
    else:
        (view,) = event_views(store.id, [get_store_event(store.id, applied.event_id)])
        flash(view.sentence, "success")
    return area.back("events", store)
