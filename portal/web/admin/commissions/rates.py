"""Product referral rates with the tier they come from, and the platform's default."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.commissions import (
    PRODUCTS_PAGE,
    list_products_with_rates,
    merchant_configs,
    save_platform_percent,
    save_product_percent,
)
from portal.db import Actor
from portal.lib.errors import PortalError
from portal.lib.money import decimal_text
from portal.programme import PercentPolicy, get_percent_policy, resolve_referral_commission_percent
from portal.runtime import current_portal
from portal.web.admin.commissions.blueprint import blueprint
from portal.web.admin.commissions.section import section_nav
from portal.web.core.access import for_role
from portal.web.core.errors import status_of
from portal.web.core.undo import flash_undo
from portal.web.text.format import percent
from portal.web.text.messages import error_text, percent_source
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Product

PERCENT_PLACES = 6


@blueprint.get("/store/commissions/rates")
@for_role("admin")
def product_rates() -> ResponseReturnValue:
    """List products with the referral percent that holds for each and where it comes from."""
    return _rates_page()


@blueprint.post("/store/commissions/rates/products/<int:product_id>")
@for_role("admin", reconfirm=True)
def save_product_rate(product_id: int) -> ResponseReturnValue:
    """Set or unset a product's own percent."""
    typed = request.form.get("percent", "")
    try:
        saved = save_product_percent(
            product_id,
            typed,
            current_portal().settings,
            Actor.user(current_user.id),
            instead_of=request.form.get("instead_of"),
        )
    except PortalError as error:
        if error.field is None:
            raise
        told = {f"percent-{product_id}": (error_text(error), typed)}
        return _rates_page(told, before=product_id + 1), status_of(error)
    done = _("The rate of %(product)s is saved.", product=saved.product.name)
    before = request.form.get("before", type=int)
    back = {"percent": saved.before, "instead_of": saved.after, **({"before": str(before)} if before else {})}
    flash_undo(done, url_for("admin.commissions.save_product_rate", product_id=product_id), back)
    return redirect(url_for("admin.commissions.product_rates", before=before), 303)


@blueprint.post("/store/commissions/rates/default")
@for_role("admin", reconfirm=True)
def save_platform_rate() -> ResponseReturnValue:
    """Set or unset the platform's default percent."""
    typed = request.form.get("platform_percent", "")
    try:
        was, now = save_platform_percent(
            typed,
            current_portal().settings,
            Actor.user(current_user.id),
            instead_of=request.form.get("instead_of"),
        )
    except PortalError as error:
        return _rates_page({"platform_percent": (error_text(error), typed)}), status_of(error)
    back = {"platform_percent": was, "instead_of": now}
    flash_undo(_("The platform’s default is saved."), url_for("admin.commissions.save_platform_rate"), back)
    return redirect(url_for("admin.commissions.product_rates"), 303)


Errors = dict[str, tuple[str, str]]


def _rates_page(errors: Errors | None = None, before: int | None = None) -> str:
    errors = errors or {}
    policy = get_percent_policy(current_portal().settings)
    before = before or request.args.get("before", type=int)
    products = list_products_with_rates(before if before and 0 < before < 2**63 else None)
    told, typed = _told(errors, "platform_percent", policy.platform_default)
    return render_template(
        "admin/commissions/product_rates.html",
        rows=_rate_rows(products, policy, errors),
        platform_typed=typed,
        platform_error=told,
        env_percent=percent(policy.env_percent),
        max_percent=percent(policy.max_percent),
        before=request.args.get("before", type=int),
        next_cursor=products[-1].id if len(products) == PRODUCTS_PAGE else None,
        form_errors=[(field, sentence) for field, (sentence, _typed) in errors.items()],
        section_nav=section_nav(),
    )


def _rate_rows(products: list[Product], policy: PercentPolicy, errors: Errors) -> list[dict[str, Any]]:
    configs = merchant_configs([product.vendor_id for product in products])
    rows = []
    for product in products:
        resolved = resolve_referral_commission_percent(product, configs.get(product.vendor_id), policy)
        told, typed = _told(errors, f"percent-{product.id}", product.referral_percent)
        rows.append(
            {
                "product": product,
                "percent": percent(resolved.percent),
                "source": percent_source(resolved.source),
                "typed": typed,
                "error": told,
            }
        )
    return rows


def _told(errors: Errors, field: str, stored: Decimal | None) -> tuple[str | None, str]:
    """Return what is wrong with a field and the text it shows: what was typed, else what is stored."""
    if field in errors:
        return errors[field]
    return None, "" if stored is None else decimal_text(stored, PERCENT_PLACES)
