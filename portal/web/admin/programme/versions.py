"""The rules of the programme: the version in force, its history, the next version with a preview."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.flows.programme.preview import preview_rules
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.lib.shown import ChangedMeanwhile
from portal.programme import (
    ProgrammeRules,
    find_version_at,
    get_percent_policy,
    list_version_ledger,
    resolve_referral_commission_percent,
)
from portal.programme.errors import VersionStarted
from portal.programme.form_rules import read_rules
from portal.programme.operations import save_version, withdraw_version
from portal.programme.queries import version_id_at
from portal.programme.version_rules import MAX_LEVELS
from portal.runtime import current_portal
from portal.web.admin.programme.blueprint import blueprint
from portal.web.admin.programme.presenters import budget_view, preview_text, rules_fields, version_rows
from portal.web.admin.programme.section import (
    PROGRAMME_PAGE,
    DatedForm,
    acting_admin,
    note_error,
    programme_nav,
)
from portal.web.core.access import for_role
from portal.web.core.requests import form_choice
from portal.web.core.urls import url_for
from portal.web.text.format import percent
from portal.web.text.messages import error_text
from portal.web.text.messages.errors import UNPROCESSABLE
from portal.web.text.programme import percent_sentence, rule_sentences
from portal.web.text.translate import gettext as _

_LEVEL_FIELDS = [
    f"{kind}_{number}" for number in range(1, MAX_LEVELS + 1) for kind in ("referrals", "points")
]
_FIELDS = (
    "starts_at", "ends_at", "hold_days", "levels", *_LEVEL_FIELDS, "combine", "fiat", "max_usd", "no_risk_hint",
    "referrer_days", "referrer_minted", "customer_known", "crypto", "budget", "budget_usd",
)  # fmt: skip


@blueprint.get("/programme")
@for_role("admin")
def show() -> ResponseReturnValue:
    """Show the rules in force as referrers read them, this month's budget, and every version."""
    policy = get_percent_policy(current_portal().settings)
    page = list_version_ledger().page(request.args.get("cursor"), PROGRAMME_PAGE)
    current = find_version_at(utc_now())
    rules = ProgrammeRules.model_validate(current.rules) if current else None
    return render_template(
        "admin/programme/show.html",
        current=version_rows([current])[0] if current else None,
        budget=budget_view(rules) if rules else None,
        percent_sentence=percent_sentence(resolve_referral_commission_percent(None, None, policy).percent),
        rows=version_rows(page.rows),
        next_cursor=page.next_cursor,
        section_nav=programme_nav(),
    )


@blueprint.get("/programme/new")
@for_role("admin")
def new() -> ResponseReturnValue:
    """Show the form of a new version, filled with the rules in force."""
    current = find_version_at(utc_now())
    rules = ProgrammeRules.model_validate(current.rules) if current else None
    return _form_page(rules_fields(rules) if rules else {})


@blueprint.post("/programme/new")
@for_role("admin", reconfirm=True)
def save() -> ResponseReturnValue:
    """Preview a new version, or save it."""
    form, settings = DatedForm(_FIELDS), current_portal().settings
    try:
        rules = read_rules(form.typed, get_percent_policy(settings).max_percent)
        if not form.errors and form_choice("action", "preview", "save") == "preview":
            return _form_page(
                form.typed,
                preview=preview_text(preview_rules(rules, settings)),
                sentences=rule_sentences(rules),
            )
        if not form.errors:
            shown_id = request.form.get("shown", type=int)
            save_version(rules, form.starts_at, form.ends_at, acting_admin(), shown_id=shown_id)
    except ChangedMeanwhile:
        raise
    except PortalError as error:
        note_error(error, form.errors)
    if form.errors:
        return _form_page(form.typed, form.errors), UNPROCESSABLE
    flash(_("The new version is saved."), "success")
    return redirect(url_for("admin.programme.show"), 303)


@blueprint.post("/programme/<int:version_id>/withdraw")
@for_role("admin", reconfirm=True)
def withdraw(version_id: int) -> ResponseReturnValue:
    """Withdraw a version that has not started."""
    try:
        withdraw_version(version_id, acting_admin())
        flash(_("The planned version is withdrawn."), "success")
    except VersionStarted as error:
        flash(error_text(error), "warning")
    return redirect(url_for("admin.programme.show"), 303)


def _form_page(
    typed: dict[str, str],
    errors: dict[str, str] | None = None,
    *,
    preview: str = "",
    sentences: list[str] | None = None,
) -> str:
    policy = get_percent_policy(current_portal().settings)
    return render_template(
        "admin/programme/new.html",
        typed=typed,
        shown=request.form.get("shown", version_id_at(utc_now())),
        errors=errors or {},
        form_errors=list((errors or {}).items()),
        preview=preview,
        sentences=sentences or [],
        level_numbers=range(1, MAX_LEVELS + 1),
        most=percent(policy.max_percent),
        section_nav=programme_nav(),
    )
