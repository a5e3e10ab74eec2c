"""Campaigns: percent points for a time, with a budget of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from flask import flash, redirect, render_template, request
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
from portal.programme.errors import BudgetInvalid, CampaignEnded, EndMissing
from portal.programme.form_rules import parse_dollars, parse_points
from portal.runtime import current_portal
from portal.stores import names_of_stores
from portal.web.admin.programme.blueprint import blueprint
from portal.web.admin.programme.presenters import campaign_rows, preview_text
from portal.web.admin.programme.section import (
    PROGRAMME_PAGE,
    DatedForm,
    acting_admin,
    note_error,
    programme_nav,
)
from portal.web.core.access import for_role
from portal.web.core.requests import form_choice
from portal.web.core.store_choices import store_choices
from portal.web.core.urls import url_for
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
    form = DatedForm(_FIELDS)
    campaign, budget = _read(form), form.read("budget_usd", _budget)
    if campaign is not None and not form.errors:
        if form_choice("action", "preview", "save") == "preview":
            return _page(form.typed, preview=_preview(campaign))
        try:
            add_campaign(
                campaign.name,
                campaign.percent,
                form.starts_at,
                campaign.ends_at,
                acting_admin(),
                codes=campaign.codes,
                store_ids=campaign.store_ids,
                budget_usd=budget,
            )
        except PortalError as error:
            note_error(error, form.errors)
    if form.errors:
        return _page(form.typed, form.errors), UNPROCESSABLE
    flash(_("The campaign is added."), "success")
    return redirect(url_for("admin.programme.campaigns"), 303)


@blueprint.post("/programme/campaigns/<int:campaign_id>/end")
@for_role("admin", reconfirm=True)
def stop(campaign_id: int) -> ResponseReturnValue:
    """End a campaign now."""
    try:
        end_campaign(campaign_id, acting_admin())
        flash(_("The campaign has ended. Rewards already earned keep their bonus."), "success")
    except CampaignEnded as error:
        flash(error_text(error), "warning")
    return redirect(url_for("admin.programme.campaigns"), 303)


@blueprint.post("/programme/campaigns/<int:campaign_id>/budget")
@for_role("admin", reconfirm=True)
def set_budget(campaign_id: int) -> ResponseReturnValue:
    """Change the budget of a campaign; empty is no limit."""
    text, field = request.form.get("budget_usd", "").strip(), f"budget-{campaign_id}"
    try:
        set_campaign_budget(campaign_id, _budget(text), acting_admin())
    except BudgetInvalid as error:
        return _page(errors={field: error_text(error)}, budgets={campaign_id: text}), UNPROCESSABLE
    flash(_("The budget is saved."), "success")
    return redirect(url_for("admin.programme.campaigns"), 303)


def _budget(text: str) -> Decimal | None:
    """Return a budget in USD, None for no limit; raise BudgetInvalid."""
    return parse_dollars(text) if text else None


def _read(form: DatedForm) -> Campaign | None:
    """Return the campaign that a form describes, None with errors of the form if it is invalid."""
    name = form.read("name", check_campaign_name)
    points = form.read("percent", parse_points(get_percent_policy(current_portal().settings).max_percent))
    if form.ends_at is None:
        form.errors.setdefault("ends_at", error_text(EndMissing()))
    codes = _codes(form.typed["codes"], form.errors)
    stores = _stores(form.errors)
    if name is None or points is None or form.ends_at is None:
        return None
    return Campaign(0, name, points, form.starts_at or utc_now(), form.ends_at, codes, stores)


def _codes(text: str, errors: dict[str, str]) -> frozenset[str]:
    names = re.split(r"[\s,;]+", text)[:_MOST_CODES]
    codes = frozenset(name for name in names if name)
    unknown = sorted(name for name in codes if find_code(name) is None)
    if unknown:
        errors["codes"] = _("There is no code %(code)s.", code=unknown[0][:20])
    return codes


def _stores(errors: dict[str, str]) -> frozenset[int]:
    """Return the stores that are chosen, or named by their numbers in a text; note an unknown one in `errors`."""
    numbers = _chosen_stores()
    ids = {int(text) for text in numbers if text.isascii() and text.isdecimal() and len(text) < 19}
    known = names_of_stores(ids)
    unknown = [text for text in numbers if not text.isdecimal() or int(text[:18]) not in known]
    if unknown:
        errors["stores"] = _("There is no store %(number)s.", number=unknown[0][:20])
    return frozenset(known)


def _chosen_stores() -> list[str]:
    return " ".join(request.form.getlist("stores")).split()[:_MOST_CODES]


def _preview(campaign: Campaign) -> str:
    version = find_version_at(utc_now())
    if version is None:
        return ""
    rules = ProgrammeRules.model_validate(version.rules)
    return preview_text(preview_rules(rules, current_portal().settings, campaign=campaign))


def _page(
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    *,
    preview: str = "",
    budgets: Mapping[int, str] | None = None,
) -> str:
    """Return the page; `budgets` are refused ones as typed, by campaign."""
    page = list_campaign_ledger().page(request.args.get("cursor"), PROGRAMME_PAGE)
    chosen = _chosen_stores()
    names = names_of_stores({store_id for campaign in page.rows for store_id in campaign.store_ids})
    return render_template(
        "admin/programme/campaigns.html",
        rows=campaign_rows(page.rows, names),
        next_cursor=page.next_cursor,
        typed=typed or {},
        errors=errors or {},
        form_errors=list((errors or {}).items()),
        preview=preview,
        budgets=budgets or {},
        stores=[(number, name, number in chosen) for number, name in store_choices()],
        stores_typed=" ".join(chosen),
        name_max=CAMPAIGN_NAME_MAX,
        most=percent(get_percent_policy(current_portal().settings).max_percent),
        section_nav=programme_nav(),
    )
