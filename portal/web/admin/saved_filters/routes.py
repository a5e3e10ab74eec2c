"""Save, rename and remove the named filters of a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue

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
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _


@dataclass(frozen=True)
class _Page:
    """A page with saved filters: how to read its filter, and how to render it with a refused form."""

    read: Callable[[dict[str, str]], Any]
    render: Callable[..., str]


_PAGES = {
    "rewards": _Page(lambda typed: read_view(typed, current_portal().settings), queue_page),
    "settlements": _Page(lambda typed: read_ledger_view(typed, current_portal().settings), ledger_page),
}


@blueprint.post("/filters/<page>")
@for_role("admin")
def save(page: str) -> ResponseReturnValue:
    """Save the filter of a page under a name; unknown fields are dropped."""
    if page not in _PAGES:
        abort(404)
    view = _PAGES[page].read(dict(parse_qsl(request.form.get("query", ""))))
    if view.errors:
        return _PAGES[page].render(view), 400
    query = urlencode(view.query)
    name = request.form.get("name", "")
    try:
        save_filter(current_user().id, page, name, query)
    except PortalError as error:
        return _PAGES[page].render(view, form=SavedForm(name, error_text(error))), status_of(error)
    flash(_("The filter is saved."), "success")
    return redirect(filter_url(page, query), 303)


@blueprint.post("/filters/<int:filter_id>/name")
@for_role("admin")
def rename(filter_id: int) -> ResponseReturnValue:
    """Rename a filter of the signed-in admin."""
    saved = get_saved_filter(current_user().id, filter_id)
    name = request.form.get("name", "")
    try:
        rename_filter(current_user().id, filter_id, name)
    except PortalError as error:
        form = SavedForm(name, error_text(error), filter_id)
        page = _PAGES[saved.page]
        return page.render(page.read(dict(parse_qsl(saved.query))), form=form), status_of(error)
    flash(_("The filter is renamed."), "success")
    return redirect(filter_url(saved.page, saved.query), 303)


@blueprint.post("/filters/<int:filter_id>/remove")
@for_role("admin")
def remove(filter_id: int) -> ResponseReturnValue:
    """Remove a filter of the signed-in admin."""
    saved = get_saved_filter(current_user().id, filter_id)
    remove_filter(current_user().id, filter_id)
    flash(_("The filter is removed."), "success")
    return redirect(filter_url(saved.page, saved.query), 303)
