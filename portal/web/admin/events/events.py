"""The event log: who changed what and when; read-only."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.db import list_event_ledger
from portal.flows.overviews.event_names import event_names
from portal.runtime import current_portal
from portal.web.admin.audit.section import audit_nav
from portal.web.admin.events.blueprint import blueprint
from portal.web.admin.events.filters import read_events_view
from portal.web.admin.events.presenters import event_rows
from portal.web.core.access import for_role
from portal.web.text.events import ENTITIES, entity_words, event_options
from portal.web.text.translate import gettext as _

EVENTS_PAGE = 50


@blueprint.get("/events", endpoint="list")
@for_role("admin")
def list_all() -> ResponseReturnValue:
    """Show a page of the event log, newest first, filtered by who, what, event, reference and day."""
    view = read_events_view(request.args, current_portal().settings)
    page = list_event_ledger(view.filter).page(request.args.get("cursor"), EVENTS_PAGE)
    return render_template(
        "admin/events/list.html",
        rows=event_rows(page.rows, event_names(page.rows)),
        view=view,
        entities=[("", _("All")), *((entity, entity_words(entity)) for entity in ENTITIES)],
        events=event_options(view.typed["event"]),
        form_errors=list(view.errors.items()),
        next_cursor=page.next_cursor,
        section_nav=audit_nav(),
    )
