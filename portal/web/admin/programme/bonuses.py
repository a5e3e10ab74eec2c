"""Percent points of single referrers."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.codes import CodeUnknown, find_code
from portal.lib.errors import PortalError
from portal.programme import get_percent_policy, list_bonus_ledger
from portal.programme.bonus_operations import add_referrer_bonus, end_referrer_bonus
from portal.programme.form_rules import parse_points
from portal.runtime import current_portal
from portal.web.admin.programme.blueprint import blueprint
from portal.web.admin.programme.presenters import bonus_rows
from portal.web.admin.programme.section import (
    PROGRAMME_PAGE,
    DatedForm,
    acting_admin,
    note_error,
    programme_nav,
)
from portal.web.core.access import for_role
from portal.web.core.urls import url_for
from portal.web.text.format import percent
from portal.web.text.messages.errors import UNPROCESSABLE
from portal.web.text.translate import gettext as _

_FIELDS = ("code", "percent", "starts_at", "ends_at")


@blueprint.get("/programme/referrers", endpoint="bonuses")
@for_role("admin")
def list_all() -> ResponseReturnValue:
    """Show a page of bonuses, the latest start first, with the form that adds one."""
    return _page({"code": request.args.get("code", "")[:20]})


@blueprint.post("/programme/referrers")
@for_role("admin", reconfirm=True)
def add_bonus() -> ResponseReturnValue:
    """Add a bonus for the owner of a code."""
    form = DatedForm(_FIELDS)
    owner_id = form.read("code", _owner_of)
    points = form.read("percent", parse_points(get_percent_policy(current_portal().settings).max_percent))
    if owner_id and points and not form.errors:
        try:
            add_referrer_bonus(owner_id, points, form.starts_at, form.ends_at, acting_admin())
        except PortalError as error:
            note_error(error, form.errors)
    if form.errors:
        return _page(form.typed, form.errors), UNPROCESSABLE
    flash(_("The bonus is added."), "success")
    return redirect(url_for("admin.programme.bonuses"), 303)


@blueprint.post("/programme/referrers/<int:bonus_id>/end")
@for_role("admin", reconfirm=True)
def end_bonus(bonus_id: int) -> ResponseReturnValue:
    """End a bonus now."""
    end_referrer_bonus(bonus_id, acting_admin())
    flash(_("The bonus has ended. Rewards already earned keep it."), "success")
    return redirect(url_for("admin.programme.bonuses"), 303)


def _owner_of(code: str) -> int:
    """Return the owner of a code; raise CodeUnknown."""
    found = find_code(code) if code else None
    if found is None:
        raise CodeUnknown
    return int(found.owner_user_id)


def _page(typed: dict[str, str], errors: dict[str, str] | None = None) -> str:
    page = list_bonus_ledger().page(request.args.get("cursor"), PROGRAMME_PAGE)
    # The owner of the code is who the refusal of an own bonus is about.
    named = {("code" if name == "referrer" else name): text for name, text in (errors or {}).items()}
    return render_template(
        "admin/programme/bonuses.html",
        rows=bonus_rows(page.rows),
        next_cursor=page.next_cursor,
        typed=typed,
        errors=named,
        form_errors=list(named.items()),
        most=percent(get_percent_policy(current_portal().settings).max_percent),
        section_nav=programme_nav(),
    )
