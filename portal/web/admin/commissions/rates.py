"""Referral percents of products and the platform's default."""

from __future__ import annotations

from collections.abc import Mapping

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.commissions import (
    list_products_with_rates,
    save_platform_percent,
    save_product_percent,
)
from portal.db import Actor, make_cursor
from portal.lib.errors import PortalError
from portal.programme import get_percent_policy
from portal.runtime import current_portal
from portal.web.admin.commissions.blueprint import blueprint
from portal.web.admin.commissions.presenters import FieldError, percent_field, rate_rows
from portal.web.admin.commissions.section import section_nav
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.undo import flash_undo
from portal.web.core.urls import url_for
from portal.web.text.format import percent
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _


@blueprint.get("/store/commissions/rates")
@for_role("admin")
def product_rates() -> ResponseReturnValue:
    """List products with the referral percent in effect and where it comes from."""
    return _rates_page()


@blueprint.post("/store/commissions/rates/products/<int:product_id>")
@for_role("admin", reconfirm=True)
def save_product_rate(product_id: int) -> ResponseReturnValue:
    """Set or clear a product's own percent."""
    typed = request.form.get("percent", "")
    try:
        saved = save_product_percent(
            product_id,
            typed,
            current_portal().settings,
            Actor.user(current_user().id),
            instead_of=request.form.get("instead_of"),
        )
    except PortalError as error:
        if error.field is None:
            raise
        errors = {f"percent-{product_id}": FieldError(error_text(error), typed)}
        return _rates_page(errors, cursor=make_cursor(product_id + 1)), status_of(error)
    cursor = request.form.get("cursor")
    undo = {"percent": saved.before, "instead_of": saved.after, **({"cursor": cursor} if cursor else {})}
    flash_undo(
        _("The rate of %(product)s is saved.", product=saved.product.name),
        url_for("admin.commissions.save_product_rate", product_id=product_id),
        undo,
    )
    return redirect(url_for("admin.commissions.product_rates", cursor=cursor), 303)


@blueprint.post("/store/commissions/rates/default")
@for_role("admin", reconfirm=True)
def save_platform_rate() -> ResponseReturnValue:
    """Set or clear the platform's default percent."""
    typed = request.form.get("platform_percent", "")
    try:
        previous, saved = save_platform_percent(
            typed,
            current_portal().settings,
            Actor.user(current_user().id),
            instead_of=request.form.get("instead_of"),
        )
    except PortalError as error:
        return _rates_page({"platform_percent": FieldError(error_text(error), typed)}), status_of(error)
    undo = {"platform_percent": previous, "instead_of": saved}
    flash_undo(_("The platform’s default is saved."), url_for("admin.commissions.save_platform_rate"), undo)
    return redirect(url_for("admin.commissions.product_rates"), 303)


def _rates_page(errors: Mapping[str, FieldError] | None = None, cursor: str | None = None) -> str:
    errors = errors or {}
    policy = get_percent_policy(current_portal().settings)
    page = list_products_with_rates(cursor or request.args.get("cursor"))
    error = errors.get("platform_percent")
    return render_template(
        "admin/commissions/product_rates.html",
        rows=rate_rows(page.rows, policy, errors),
        platform_typed=error.typed if error else percent_field(policy.platform_default),
        platform_error=error.text if error else None,
        env_percent=percent(policy.env_percent),
        max_percent=percent(policy.max_percent),
        cursor=request.args.get("cursor"),
        next_cursor=page.next_cursor,
        form_errors=[(field, each.text) for field, each in errors.items()],
        section_nav=section_nav(),
    )
