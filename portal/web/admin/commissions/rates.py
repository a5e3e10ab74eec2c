"""Referral percents of products and the platform's default."""

from __future__ import annotations

from collections.abc import Mapping

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.commissions import (
    PRODUCTS_PAGE,
    list_products_with_rates,
    save_platform_percent,
    save_product_percent,
)
from portal.db import Actor
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
        return _rates_page(errors, before=product_id + 1), status_of(error)
    before = request.form.get("before", type=int)
    undo = {"percent": saved.before, "instead_of": saved.after, **({"before": str(before)} if before else {})}
    flash_undo(
        _("The rate of %(product)s is saved.", product=saved.product.name),
        url_for("admin.commissions.save_product_rate", product_id=product_id),
        undo,
    )
    return redirect(url_for("admin.commissions.product_rates", before=before), 303)


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


def _rates_page(errors: Mapping[str, FieldError] | None = None, before: int | None = None) -> str:
    errors = errors or {}
    policy = get_percent_policy(current_portal().settings)
    before = before or request.args.get("before", type=int)
    products = list_products_with_rates(before if before and 0 < before < 2**63 else None)
    error = errors.get("platform_percent")
    return render_template(
        "admin/commissions/product_rates.html",
        rows=rate_rows(products, policy, errors),
        platform_typed=error.typed if error else percent_field(policy.platform_default),
        platform_error=error.text if error else None,
        env_percent=percent(policy.env_percent),
        max_percent=percent(policy.max_percent),
        before=request.args.get("before", type=int),
        next_cursor=products[-1].id if len(products) == PRODUCTS_PAGE else None,
        form_errors=[(field, each.text) for field, each in errors.items()],
        section_nav=section_nav(),
    )
