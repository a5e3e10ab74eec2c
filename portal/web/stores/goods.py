"""Whose goods a store sells, what they earn, and which coupons stand for share codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.commissions import VendorUnknown
from portal.flows.accounts.code_state import find_creditable_code
from portal.lib.errors import PortalError
from portal.lib.texts import clean_line, trim
from portal.programme import get_percent_policy, parse_percent
from portal.runtime import current_portal
from portal.stores import (
    assign_vendor,
    has_store_vendors,
    list_coupons,
    list_rates,
    list_store_vendors,
    set_coupon,
    set_rate,
)
from portal.web.core.errors import status_of
from portal.web.core.vendor_field import chosen_vendor as named_vendor
from portal.web.core.vendor_field import vendor_field
from portal.web.stores.area import Area, actor, area_view
from portal.web.stores.presenters import rate_rows, reported_vendors
from portal.web.text.format import percent
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Store

SKU_MAX = 200
FIELDS = ("external_id", "vendor", "sku", "percent", "coupon", "share_code")


class CodeInactive(PortalError):
    """No active share code has this text."""

    code = "share_code_inactive"


class SkuInvalid(PortalError):
    """The SKU is empty or too long; param `at_most`."""

    code = "sku_invalid"


@area_view("/stores/<int:store_id>/goods")
def goods(area: Area, store: Store) -> ResponseReturnValue:
    """Show the vendors that the store named, rates of SKUs, and coupons."""
    return _page(area, store, {})


@area_view("/stores/<int:store_id>/vendors", "POST", reconfirm=True)
def assign_store_vendor(area: Area, store: Store) -> ResponseReturnValue:
    """Say whose lines a vendor of the store stands for, from the next order on."""
    text = request.form.get("vendor", "").strip()
    vendor_id = named_vendor(text, area.vendor_ids()) if text else None
    try:
        if text and vendor_id is None:
            raise VendorUnknown(field="vendor")
        assign_vendor(store.id, request.form.get("external_id", ""), vendor_id, actor())
    except PortalError as error:
        if error.field is None:
            raise
        return _page(area, store, {error.field: error_text(error)}), status_of(error)
    flash(_("Saved. The change applies from the next order."), "success")
    return area.back("goods", store, _anchor="vendors")


@area_view("/stores/<int:store_id>/rates", "POST", reconfirm=True, for_admins=True)
def save_store_rate(area: Area, store: Store) -> ResponseReturnValue:
    """Give a SKU its own referral percent; an empty one removes it."""
    typed = request.form.get("percent", "").strip().replace(",", ".")
    try:
        sku = clean_line(request.form.get("sku", ""), "sku")
        if not 1 <= len(sku) <= SKU_MAX:
            raise SkuInvalid(field="sku", at_most=SKU_MAX)
        most = get_percent_policy(current_portal().settings).max_percent
        set_rate(store.id, sku, parse_percent(typed, at_most=most) if typed else None, actor())
    except PortalError as error:
        if error.field is None:
            raise
        return _page(area, store, {error.field: error_text(error)}), status_of(error)
    flash(_("The rate of %(product)s is saved.", product=sku), "success")
    return area.back("goods", store, _anchor="rates")


@area_view("/stores/<int:store_id>/coupons", "POST", reconfirm=True)
def save_store_coupon(area: Area, store: Store) -> ResponseReturnValue:
    """Let a coupon stand for a share code; an empty code ends that."""
    code = request.form.get("share_code", "").strip()
    try:
        if code and find_creditable_code(code) is None:
            raise CodeInactive(field="share_code")
        set_coupon(store.id, request.form.get("coupon", ""), code or None, actor())
    except PortalError as error:
        if error.field is None:
            raise
        return _page(area, store, {error.field: error_text(error)}), status_of(error)
    flash(_("The coupon is saved."), "success")
    return area.back("goods", store, _anchor="coupons")


def _page(area: Area, store: Store, errors: dict[str, str]) -> str:
    search = trim(request.args.get("q", ""))[:SKU_MAX]
    query = {"q": search, "unassigned": "yes" if request.args.get("unassigned") else ""}
    query = {name: value for name, value in query.items() if value}
    vendors = list_store_vendors(
        store.id, search, only_unassigned="unassigned" in query, cursor=request.args.get("vendors")
    )
    rates = list_rates(store.id, search, request.args.get("rates"))
    coupons = list_coupons(store.id, search, request.args.get("coupons"))
    typed = {name: request.values.get(name, "") for name in FIELDS}
    return area.page(
        "stores/goods.html",
        store,
        query=query,
        vendors=reported_vendors(vendors.rows),
        vendor=vendor_field(typed["vendor"], area.vendor_ids(), _("The vendor of the store")),
        next_vendors=vendors.next_cursor,
        has_vendors=bool(vendors.rows) or has_store_vendors(store.id),
        rates=rate_rows(rates.rows),
        coupons=[(coupon.coupon, coupon.code) for coupon in coupons.rows],
        next_rates=rates.next_cursor,
        next_coupons=coupons.next_cursor,
        max_percent=percent(get_percent_policy(current_portal().settings).max_percent),
        typed=typed,
        errors=errors,
        form_errors=list(errors.items()),
    )
