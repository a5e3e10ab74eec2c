"""List, create and change products."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue import (
    LANGUAGES,
    STATES,
    add_product,
    change_product,
    check_movement,
    check_stock,
    correct_stock,
    fingerprint,
    free_slug,
    get_product_of_vendors,
    page_of_desk,
    page_of_movements,
    pictures_by_product,
    read_product,
    switch_sale,
)
from portal.commissions import VendorUnknown, save_product_percent
from portal.lib.currencies import list_currencies
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.money import decimal_text
from portal.runtime import current_portal
from portal.web.core.errors import status_of
from portal.web.core.locale import LOCALES
from portal.web.core.outcomes import flash_change
from portal.web.core.requests import form_switch
from portal.web.products.desk import Desk
from portal.web.products.history import product_history
from portal.web.products.presenters import (
    fields_of,
    movement_rows,
    product_rows,
    read_filter,
    state_of,
    state_words,
)
from portal.web.text.format import number, percent
from portal.web.text.messages import error_text, error_texts
from portal.web.text.pictures import picture_view
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from models import Product

MOVEMENT_KEY_MAX = 64
_FIELDS = ("name", "description", "slug", "price", "currency", "stock", "needs_delivery", "vendor")
_TRANSLATED = tuple(f"{text}_{language}" for language in LANGUAGES for text in ("name", "description"))


def index(desk: Desk) -> ResponseReturnValue:
    """List the products that match the filter of the URL, newest first."""
    view = read_filter(request.args)
    page = page_of_desk(view.filter, desk.vendor_ids(), request.args.get("cursor"))
    pictures = pictures_by_product(row.id for row in page.rows)
    words = state_words()
    return render_template(
        "products/list.html",
        desk=desk,
        rows=product_rows(page.rows, pictures),
        view=view,
        states=[("", _("All")), *((state, words[state]) for state in STATES)],
        vendor=desk.vendor_field(view.typed["vendor"], _("All")),
        has_vendors=desk.has_vendors(),
        next_cursor=page.next_cursor,
    )


def new(desk: Desk) -> ResponseReturnValue:
    """Show the empty form of a product."""
    return _new_page(desk, {"currency": "UAH", "stock": "0", "vendor": request.args.get("vendor", "")}, {})


def create(desk: Desk) -> ResponseReturnValue:
    """Create a product and go to its page; each invalid field is named."""
    typed = _typed()
    try:
        product_id = _create(desk, typed)
    except InputInvalid as error:
        return _new_page(desk, typed, error_texts(error)), status_of(error)
    flash(_("The product is on sale. Add a picture now, or later."), "success")
    return redirect(desk.url("edit", product_id=product_id), 303)


def _create(desk: Desk, typed: Mapping[str, str]) -> int:
    errors: dict[str, PortalError] = {}
    stock = 0
    try:
        stock = check_stock(typed["stock"])
    except PortalError as error:
        errors["stock"] = error
    vendor_id = desk.chosen_vendor(typed["vendor"]) or 0
    if not vendor_id:
        errors["vendor"] = VendorUnknown(field="vendor")
    try:
        values = read_product(typed)
    except InputInvalid as error:
        raise InputInvalid({**error.fields, **errors}) from None
    if errors:
        raise InputInvalid(errors)
    if not typed["slug"]:
        # A product of the same name may have the address that was made.
        values = values.with_slug(free_slug(values.slug))
    key = request.form.get("key", "")[:MOVEMENT_KEY_MAX]
    return add_product(vendor_id, values, stock, desk.actor(), key=key)


def edit(desk: Desk, product_id: int) -> ResponseReturnValue:
    """Show a product with its form, picture, percent and stock."""
    product = get_product_of_vendors(product_id, desk.vendor_ids())
    return edit_page(desk, product)


def save(desk: Desk, product_id: int) -> ResponseReturnValue:
    """Save the form of a product; each invalid field is named."""
    vendor_ids = desk.vendor_ids()
    product = get_product_of_vendors(product_id, vendor_ids)
    typed = _typed()
    try:
        values = read_product(typed, product)
        changed = change_product(
            product_id, values, desk.actor(), vendor_ids=vendor_ids, shown=request.form.get("shown", "")
        )
    except InputInvalid as error:
        return edit_page(desk, product, typed, error_texts(error)), status_of(error)
    flash_change(changed, _("The product is saved."))
    return redirect(desk.url("edit", product_id=product_id), 303)


def switch(desk: Desk, product_id: int) -> ResponseReturnValue:
    """Put a product on sale, or archive it."""
    on_sale = form_switch("on_sale")
    is_changed = switch_sale(product_id, desk.actor(), vendor_ids=desk.vendor_ids(), on_sale=on_sale)
    sentence = (
        _("The product is on sale.")
        if on_sale
        else _("The product is archived. It cannot be bought, and past orders keep it.")
    )
    flash_change(is_changed, sentence)
    return redirect(desk.url("edit", product_id=product_id), 303)


def move(desk: Desk, product_id: int) -> ResponseReturnValue:
    """Move the stock of a product by a number of pieces, with a reason."""
    vendor_ids = desk.vendor_ids()
    product = get_product_of_vendors(product_id, vendor_ids)
    typed = {name: request.form.get(name, "") for name in ("quantity", "reason")}
    try:
        quantity, reason = check_movement(typed["quantity"], typed["reason"])
    except InputInvalid as error:
        return edit_page(desk, product, typed, error_texts(error)), status_of(error)
    key = request.form.get("key", "")[:MOVEMENT_KEY_MAX]
    stock = correct_stock(product_id, quantity, reason, desk.actor(), vendor_ids=vendor_ids, key=key)
    flash(ngettext("%(num)s piece is in stock.", "%(num)s pieces are in stock.", stock), "success")
    return redirect(desk.url("edit", product_id=product_id, _anchor="stock"), 303)


def save_percent(desk: Desk, product_id: int) -> ResponseReturnValue:
    """Set a product's own referral percent, which its vendor pays, or unset it with an empty field."""
    product = get_product_of_vendors(product_id, desk.vendor_ids())
    typed = {"percent": request.form.get("percent", "")}
    try:
        save_product_percent(product_id, typed["percent"], current_portal().settings, desk.actor())
    except PortalError as error:
        return edit_page(desk, product, typed, {"percent": error_text(error)}), status_of(error)
    flash(_("The rate of %(product)s is saved.", product=product.name), "success")
    return redirect(desk.url("edit", product_id=product_id, _anchor="percent-form"), 303)


def edit_page(
    desk: Desk,
    product: Product,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> str:
    """Return the page of a product, with a form as it was refused if there is an error."""
    errors = errors or {}
    picture = pictures_by_product([product.id]).get(product.id)
    movements = page_of_movements(product.id, request.args.get("cursor"))
    own = product.referral_percent
    alt_texts = {f"alt_{language}": text for language, text in (picture.alt_texts if picture else {}).items()}
    percent_text = "" if own is None else decimal_text(own, 6)
    shown = {**fields_of(product), **alt_texts, "percent": percent_text, "quantity": "", "reason": ""}
    return render_template(
        "products/edit.html",
        desk=desk,
        product_id=product.id,
        name=product.name,
        vendor=product.vendor.name,
        address=product.slug,
        state=state_of(product),
        state_words=state_words()[state_of(product)],
        stock=number(product.stock),
        typed={**shown, **(typed or {})},
        shown=request.form.get("shown", fingerprint(product)),
        errors=errors,
        form_errors=list(errors.items()),
        currencies=_currency_options(product.currency),
        languages=list(LOCALES.items()),
        picture=picture_view(picture),
        most_percent=percent(current_portal().settings.referral_commission_max_percent),
        movement_key=secrets.token_urlsafe(16),
        movements=movement_rows(movements.rows),
        next_cursor=movements.next_cursor,
        **product_history(desk, product.id),
    )


def _new_page(desk: Desk, typed: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template(
        "products/new.html",
        desk=desk,
        typed=typed,
        errors=errors,
        form_errors=list(errors.items()),
        vendor_choice=desk.vendor_field(typed["vendor"]),
        has_vendors=desk.has_vendors(),
        currencies=_currency_options("UAH"),
        languages=list(LOCALES.items()),
        key=request.form.get("key") or secrets.token_urlsafe(16),
    )


def _typed() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in (*_FIELDS, *_TRANSLATED)}


def _currency_options(present: str) -> list[tuple[str, str]]:
    """Return the accepted currencies, and the present one where earlier releases accepted others."""
    return [(code, code) for code in dict.fromkeys([*list_currencies(), present])]
