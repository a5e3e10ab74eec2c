"""The page of an own share code: links to any page, labels with their results, and the alias."""

from __future__ import annotations

from io import BytesIO

from flask import Response, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import Headers

from portal.codes import CodeUnknown
from portal.db import page_of_list
from portal.flows.accounts.code_alias import retire_own_alias, set_own_alias
from portal.flows.overviews.own_code import (
    PAGE_MAX,
    add_label,
    build_link,
    own_code_overview,
    remove_own_label,
)
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.outcomes import flash_change
from portal.web.core.security import limit_account
from portal.web.core.urls import url_for
from portal.web.referrer.dashboard import blueprint
from portal.web.text.messages import error_text
from portal.web.text.own_codes import own_code_view, qr_view
from portal.web.text.translate import gettext as _

LABELS_PAGE = 25


@blueprint.get("/refcodes/<code>")
@signed_in()
def code(code: str) -> ResponseReturnValue:
    """Show an own code with a link to the page and the label in the URL."""
    try:
        return _code_page(code)
    except CodeUnknown:
        raise
    except PortalError as error:
        return _code_page(code, error), status_of(error)


@blueprint.post("/refcodes/<code>/links")
@signed_in()
@limit_account("account")
def make_link(code: str) -> ResponseReturnValue:
    """Keep the label of a new link, and show the link."""
    page, label = request.form.get("page", "").strip(), request.form.get("label", "").strip()
    try:
        build_link(code, page, label, current_portal().settings)
        if label:
            label = add_label(current_user().id, code, label)
    except CodeUnknown:
        raise
    except PortalError as error:
        return _code_page(code, error), status_of(error)
    target = url_for("referrer.code", code=code, page=page or None, label=label or None, _anchor="link")
    return redirect(target, 303)


@blueprint.get("/refcodes/<code>/qr.svg")
@signed_in()
def qr(code: str) -> ResponseReturnValue:
    """Download the QR code of an own share link, to the page and with the label in the URL."""
    own = own_code_overview(current_user().id, code).code.code
    page, label = request.args.get("page", ""), request.args.get("label", "")
    picture = BytesIO()
    from segno import make  # noqa: PLC0415

    # As a file it needs the SVG namespace, and a white background to be readable on a dark page.
    make(build_link(own, page, label, current_portal().settings), error="m").save(
        picture, kind="svg", scale=8, border=4, light="#fff"
    )
    headers = Headers()
    name = f"referral-{code}-{label}" if label else f"referral-{code}"
    headers.set("Content-Disposition", "attachment", filename=f"{name}.svg")
    return Response(picture.getvalue(), mimetype="image/svg+xml", headers=headers)


@blueprint.post("/refcodes/<code>/labels/<label>/remove")
@signed_in()
def remove_label(code: str, label: str) -> ResponseReturnValue:
    """Remove a label that brought no order."""
    try:
        remove_own_label(current_user().id, code, label)
    except CodeUnknown:
        raise
    except PortalError as error:
        flash(error_text(error), "warning")
    else:
        flash(_("The label is removed. Its visits stay in the total of the code."), "success")
    return redirect(url_for("referrer.code", code=code, _anchor="labels"), 303)


@blueprint.post("/refcodes/<code>/alias")
@signed_in()
@limit_account("account")
def save_alias(code: str) -> ResponseReturnValue:
    """Give an own code another alias; the earlier one ends."""
    try:
        is_changed = set_own_alias(
            current_user().id, code, request.form.get("alias", ""), current_portal().settings
        )
    except CodeUnknown:
        raise
    except PortalError as error:
        return _code_page(code, error), status_of(error)
    flash_change(is_changed, _("The alias works now, in links, at checkout and as a coupon."))
    return redirect(url_for("referrer.code", code=code), 303)


@blueprint.post("/refcodes/<code>/alias/retire")
@signed_in()
def end_alias(code: str) -> ResponseReturnValue:
    """End the alias of an own code."""
    flash_change(
        retire_own_alias(current_user().id, code), _("The alias no longer works. The code still does.")
    )
    return redirect(url_for("referrer.code", code=code), 303)


def _code_page(code: str, error: PortalError | None = None) -> str:
    """Return the page of an own code; raise CodeUnknown, and without an error what `build_link` raises."""
    own, settings = own_code_overview(current_user().id, code), current_portal().settings
    typed = {name: request.values.get(name, "") for name in ("page", "label", "alias")}
    errors = {error.field or "alias": error_text(error)} if error else {}
    linked = {"page": "", "label": ""} if error else {"page": typed["page"], "label": typed["label"]}
    link = build_link(own.alias or own.code.code, linked["page"], linked["label"], settings)
    picture = url_for(
        "referrer.qr", code=own.code.code, page=linked["page"] or None, label=linked["label"] or None
    )
    labels = page_of_list(
        own.labels, request.args.get("labels"), LABELS_PAGE, lambda each: (-each.visits, each.label)
    )
    return render_template(
        "referrer/code.html",
        view=own_code_view(own, labels.rows, settings),
        next_labels=labels.next_cursor,
        link=qr_view(link, picture),
        typed=typed,
        page_max=PAGE_MAX,
        errors=errors,
        form_errors=list(errors.items()),
    )
