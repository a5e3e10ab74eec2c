"""Saved filters: an admin names the filter of a page, comes back to it, renames and removes it; plain forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.accounts import get_saved_filter, remove_filter, rename_filter, save_filter
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.admin.commissions.filters import read_ledger_view
from portal.web.admin.commissions.settlements import ledger_page
from portal.web.admin.rewards.filters import read_view
from portal.web.admin.rewards.queue import queue_page
from portal.web.admin.saved_filters.blueprint import blueprint
from portal.web.admin.saved_filters.view import SavedForm, filter_url
from portal.web.core.access import for_role
from portal.web.core.errors import status_of
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _


@dataclass(frozen=True)
class _Page:
    """A page whose filter can be kept: reading what a URL asks for, and the page with what is wrong with a form."""

    read: Callable[[dict[str, str]], Any]
    render: Callable[..., str]


_PAGES = {
    "rewards": _Page(lambda typed: read_view(typed, current_portal().settings), queue_page),
    "settlements": _Page(lambda typed: read_ledger_view(typed, current_portal().settings), ledger_page),
}


@blueprint.post("/filters/<page>")
@for_role("admin")
def save(page: str) -> ResponseReturnValue:
    """Keep the filter a page shows under a name; only the fields the page knows are kept."""
    if page not in _PAGES:
        abort(404)
    view = _PAGES[page].read(dict(parse_qsl(request.form.get("query", ""))))
    if view.errors:
        return _PAGES[page].render(view), 400
    query = urlencode(view.query)
    name = request.form.get("name", "")
    try:
        save_filter(current_user.id, page, name, query)
    except PortalError as error:
        return _PAGES[page].render(view, form=SavedForm(name, error_text(error))), status_of(error)
    flash(_("The filter is saved."), "success")
    return redirect(filter_url(page, query), 303)


@blueprint.post("/filters/<int:filter_id>/name")
@for_role("admin")
def rename(filter_id: int) -> ResponseReturnValue:
    """Give one's own saved filter another name."""
    found = get_saved_filter(current_user.id, filter_id)
    name = request.form.get("name", "")
    try:
        rename_filter(current_user.id, filter_id, name)
    except PortalError as error:
        form = SavedForm(name, error_text(error), filter_id)
        shown = _PAGES[found.page]
        return shown.render(shown.read(dict(parse_qsl(found.query))), form=form), status_of(error)
    flash(_("The filter is renamed."), "success")
    return redirect(filter_url(found.page, found.query), 303)


@blueprint.post("/filters/<int:filter_id>/remove")
@for_role("admin")
def remove(filter_id: int) -> ResponseReturnValue:
    """Forget one's own saved filter; what it shows stays as it is."""
    found = get_saved_filter(current_user.id, filter_id)
    remove_filter(current_user.id, filter_id)
    flash(_("The filter is removed."), "success")
    return redirect(filter_url(found.page, found.query), 303)
