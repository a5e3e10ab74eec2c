"""Campaigns: percent points for a time, with a budget of their own."""

from __future__ import annotations

import re

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.codes import find_code
from portal.flows.programme.preview import preview_rules
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.programme import (
    Campaign,
    ProgrammeRules,
    find_version_at,
    get_percent_policy,
    list_campaign_ledger,
)
from portal.programme.bonus_operations import (
    CAMPAIGN_NAME_MAX,
    add_campaign,
    check_campaign_name,
    end_campaign,
    set_campaign_budget,
)
from portal.programme.errors import CampaignEnded, EndMissing
from portal.programme.form_rules import parse_dollars, parse_points
from portal.runtime import current_portal
from portal.web.admin.programme.blueprint import blueprint
from portal.web.admin.programme.presenters import campaign_rows, preview_text
from portal.web.admin.programme.section import (
    PROGRAMME_PAGE,
    acting_admin,
    note_error,
    programme_nav,
    read_end,
    read_start,
    store_names,
    typed_fields,
)
from portal.web.core.access import for_role
from portal.web.core.requests import form_choice
from portal.web.text.format import percent
from portal.web.text.messages import error_text
from portal.web.text.messages.errors import UNPROCESSABLE
from portal.web.text.translate import gettext as _

_FIELDS = ("name", "percent", "starts_at", "ends_at", "codes", "budget_usd")
_MOST_CODES = 200


@blueprint.get("/programme/campaigns", endpoint="campaigns")
@for_role("admin")
def list_all() -> ResponseReturnValue:
    """Show a page of campaigns, the latest start first, with the form that adds one."""
    return _page()


@blueprint.post("/programme/campaigns")
@for_role("admin", reconfirm=True)
def add() -> ResponseReturnValue:
    """Preview a campaign, or add it."""
    typed, errors = typed_fields(_FIELDS), dict[str, str]()
    campaign = _read(typed, errors)
    if campaign is None:
        return _page(typed, errors), UNPROCESSABLE
    if form_choice("action", "preview", "save") == "preview":
        return _page(typed, preview=_preview(campaign))
    try:
        add_campaign(
            campaign.name,
            campaign.percent,
            read_start(typed["starts_at"], errors),
            campaign.ends_at,
            acting_admin(),
            codes=campaign.codes,
            store_ids=campaign.store_ids,
            budget_usd=parse_dollars(typed["budget_usd"]) if typed["budget_usd"] else None,
        )
    except PortalError as error:
        note_error(error, errors)
        return _page(typed, errors), UNPROCESSABLE
    flash(_("The campaign is added."), "success")
    return redirect(url_for("admin.programme.campaigns"), 303)


@blueprint.post("/programme/campaigns/<int:campaign_id>/end")
@for_role("admin", reconfirm=True)
def stop(campaign_id: int) -> ResponseReturnValue:
    """End a campaign now."""
    try:
        end_campaign(campaign_id, acting_admin())
        flash(_("The campaign is over. Rewards that were earned keep their bonus."), "success")
    except CampaignEnded as error:
        flash(error_text(error), "warning")
    return redirect(url_for("admin.programme.campaigns"), 303)


@blueprint.post("/programme/campaigns/<int:campaign_id>/budget")
@for_role("admin", reconfirm=True)
def set_budget(campaign_id: int) -> ResponseReturnValue:
    """Change the budget of a campaign; empty is no limit."""
    text = request.form.get("budget_usd", "").strip()
    try:
        set_campaign_budget(campaign_id, parse_dollars(text) if text else None, acting_admin())
    except PortalError as error:
        if error.code != "budget_invalid":
            raise
        flash(error_text(error), "danger")
    else:
        flash(_("The budget is saved."), "success")
    return redirect(url_for("admin.programme.campaigns"), 303)


def _read(typed: dict[str, str], errors: dict[str, str]) -> Campaign | None:
    """Return the campaign that a form describes; add to `errors` what is invalid."""
    start, end = read_start(typed["starts_at"], errors), read_end(typed["ends_at"], errors)
    if end is None:
        errors.setdefault("ends_at", error_text(EndMissing()))
    points = parse_points(get_percent_policy(current_portal().settings).max_percent)
    for field, check in (("name", check_campaign_name), ("percent", points), ("budget_usd", parse_dollars)):
        if field != "budget_usd" or typed[field]:
            try:
                check(typed[field])
            except PortalError as error:
                errors[field] = error_text(error)
    codes = _codes(typed["codes"], errors)
    if errors or end is None:
        return None
    name, store_ids = check_campaign_name(typed["name"]), frozenset(_store_ids())
    return Campaign(0, name, points(typed["percent"]), start or utc_now(), end, codes, store_ids)


def _codes(text: str, errors: dict[str, str]) -> frozenset[str]:
    names = re.split(r"[\s,;]+", text)[:_MOST_CODES]
    codes = frozenset(name for name in names if name)
    unknown = sorted(name for name in codes if find_code(name) is None)
    if unknown:
        errors["codes"] = _("There is no code %(code)s.", code=unknown[0][:20])
    return codes


def _store_ids() -> list[int]:
    known = {str(store_id): store_id for store_id in store_names()}
    return [known[text] for text in request.form.getlist("stores") if text in known]


def _preview(campaign: Campaign) -> str:
    version = find_version_at(utc_now())
    if version is None:
        return ""
    rules = ProgrammeRules.model_validate(version.rules)
    return preview_text(preview_rules(rules, current_portal().settings, campaign=campaign))


def _page(
    typed: dict[str, str] | None = None, errors: dict[str, str] | None = None, *, preview: str = ""
) -> str:
    page = list_campaign_ledger().page(request.args.get("cursor"), PROGRAMME_PAGE)
    chosen, names = _store_ids(), store_names()
    return render_template(
        "admin/programme/campaigns.html",
        rows=campaign_rows(page.rows, names),
        next_cursor=page.next_cursor,
        typed=typed or {},
        errors=errors or {},
        form_errors=list((errors or {}).items()),
        preview=preview,
        stores=[(store_id, name, store_id in chosen) for store_id, name in names.items()],
        name_max=CAMPAIGN_NAME_MAX,
        most=percent(get_percent_policy(current_portal().settings).max_percent),
        section_nav=programme_nav(),
    )
