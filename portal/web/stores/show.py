"""The page of a store: how it is connected, and whether it works."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from flask import flash, render_template, request, send_file
from flask.typing import ResponseReturnValue

from portal.flows.stores.check_connection import is_waiting
from portal.flows.stores.send_test_order import send_test_order
from portal.lib.currencies import list_currencies
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.stores import PLUGIN_NAME, count_unassigned_vendors, get_store_event, read_plugin
from portal.web.core.errors import status_of
from portal.web.core.requests import is_htmx
from portal.web.stores.access_data import access_of
from portal.web.stores.area import Area, area_view
from portal.web.stores.instructions import guide_path, steps_of
from portal.web.stores.presenters import check_views, event_views
from portal.web.text.messages import error_text

if TYPE_CHECKING:
    from models import Store

# As at checkout: the start of what is longer than any code is unknown, too.
_CODE_TEXT_MAX = 64
# The checks are read again after these seconds, the longer the page is open.
_SECONDS = (3, 5, 8, 13, 21, 34, 55, 60)


@area_view("/stores/<int:store_id>")
def show(area: Area, store: Store) -> ResponseReturnValue:
    """Show the checks, the instructions and the test order; htmx reads the checks alone."""
    return _page(area, store, {})


@area_view("/stores/<int:store_id>/test-order", "POST")
def test_order(area: Area, store: Store) -> ResponseReturnValue:
    """Apply a sample order as a test and say what would have become of it."""
    running, code = current_portal(), request.form.get("share_code", "").strip()[:_CODE_TEXT_MAX]
    try:
        applied = send_test_order(
            store, code or None, request.form.get("currency", ""), running.chain, running.settings
        )
    except PortalError as error:
        return _page(area, store, {"test": error_text(error)}), status_of(error)
    (event,) = event_views(store.id, [get_store_event(store.id, applied.event_id)])
    flash(event.sentence, "success")
    return area.back("show", store, _anchor="flash")


@area_view("/stores/<int:store_id>/plugin.zip")
def plugin(area: Area, store: Store) -> ResponseReturnValue:
    """Download the plugin for WooCommerce as the file that WordPress takes."""
    return send_file(
        io.BytesIO(read_plugin()), "application/zip", as_attachment=True, download_name=f"{PLUGIN_NAME}.zip"
    )


def _page(area: Area, store: Store, errors: dict[str, str]) -> str:
    views, checks = check_views(store)
    turn = request.args.get("turn", 0, type=int)
    poll = {
        "checks": views,
        "is_waiting": store.active and is_waiting(checks),
        "turn": turn + 1,
        "seconds": _SECONDS[min(max(turn, 0), len(_SECONDS) - 1)],
    }
    if is_htmx():
        return render_template("stores/_checks.html", area=area, store_id=store.id, **poll)
    return area.page(
        "stores/show.html",
        store,
        **poll,
        store_id=store.id,
        steps=steps_of(store, area, access_of(store)),
        guide=guide_path(store.platform),
        unassigned=count_unassigned_vendors(store.id),
        currencies=[(code, code) for code in list_currencies()],
        typed={
            "share_code": request.form.get("share_code", ""),
            "currency": request.form.get("currency", "UAH"),
        },
        errors=errors,
        form_errors=list(errors.items()),
    )
