"""The list of connected stores, and the three steps that connect one: what is it, where is it, copy this."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue import list_vendors_in
from portal.commissions import VendorUnknown
from portal.flows.stores.connect_store import DEFAULTS, StoreConnected, connect_new_store
from portal.lib.errors import InputInvalid
from portal.stores import check_store_settings, list_stores
from portal.stores.adapters.registry import list_platforms
from portal.web.core.errors import status_of
from portal.web.core.locale import select_locale
from portal.web.core.vendor_field import chosen_vendor as named_vendor
from portal.web.core.vendor_field import vendor_field
from portal.web.stores.access_data import create_access
from portal.web.stores.area import Area, actor, area_view
from portal.web.stores.choices import form_choices
from portal.web.stores.filters import read_stores_view, state_choices
from portal.web.stores.instructions import guide_path, steps_of
from portal.web.stores.presenters import store_rows
from portal.web.text.messages import error_text, error_texts
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Store

FIRST_STEP = ("name", "platform")
# What a vendor's own store has: nothing is minted before the commission of its order was paid.
TERMS_OF_VENDORS = {"collected_by": "store", "commission_base": "net", "reward_waits_for": "statement"}
_FORM_KEY_MAX = 100


@area_view("/stores")
def index(area: Area) -> ResponseReturnValue:
    """List the connected stores with their state and what is wrong."""
    view = read_stores_view(request.args)
    page = list_stores(view.filter, area.vendor_ids(), request.args.get("cursor"))
    return render_template(
        "stores/list.html",
        area=area,
        rows=store_rows(page.rows),
        view=view,
        states=state_choices(),
        next_cursor=page.next_cursor,
    )


@area_view("/stores/connect")
def connect(area: Area) -> ResponseReturnValue:
    """Ask what the store is, then where it is."""
    if not request.args.get("name") or request.args.get("step") == "1":
        return _form(area, 1, request.args, {})
    errors = _errors_of_first_step(request.args)
    return _form(area, 1 if errors else 2, request.args, errors)


@area_view("/stores/connect", "POST", reconfirm=True)
def connect_store(area: Area) -> ResponseReturnValue:
    """Connect the store and show its keys once."""
    try:
        store = _connect(area)
    except StoreConnected as done:
        flash(error_text(done), "info")
        return redirect(area.url("keys", store_id=done.params["store_id"]), 303)
    except InputInvalid as error:
        errors = error_texts(error)
        step = 1 if any(field in errors for field in FIRST_STEP) else 2
        return _form(area, step, request.form, errors), status_of(error)
    access = create_access(store, actor())
    return area.page(
        "stores/connected.html",
        store,
        access=access,
        steps=steps_of(store, area, access),
        guide=guide_path(store.platform),
    )


def chosen_vendor(area: Area, text: str) -> int | None:
    """Return the vendor that was chosen, None for a new one; raise InputInvalid for one of others."""
    if not text and area.decides_terms:
        return None
    vendor_id = named_vendor(text, area.vendor_ids())
    if vendor_id is None:
        raise InputInvalid({"default_vendor": VendorUnknown(field="default_vendor")})
    return vendor_id


def _connect(area: Area) -> Store:
    typed = {name: value for name, value in request.form.items() if value}
    terms = {} if area.decides_terms else TERMS_OF_VENDORS
    vendor_id = chosen_vendor(area, request.form.get("default_vendor", ""))
    origins = request.form.get("origins", "").split()
    key = request.form.get("form_key", "")[:_FORM_KEY_MAX]
    return connect_new_store({**typed, **terms}, origins, vendor_id, list_platforms(), actor(), form_key=key)


def _errors_of_first_step(typed: Mapping[str, str]) -> dict[str, str]:
    try:
        check_store_settings({**DEFAULTS, **typed}, [], 0, list_platforms())
    except InputInvalid as error:
        return {field: text for field, text in error_texts(error).items() if field in FIRST_STEP}
    return {}


def _form(area: Area, step: int, typed: Mapping[str, str], errors: Mapping[str, str]) -> str:
    fields = ("name", "platform", "origins", "default_vendor", *DEFAULTS)
    new_vendor = _("A new vendor with the store’s name") if area.decides_terms else None
    vendor_ids = area.vendor_ids()
    return render_template(
        "stores/connect.html",
        area=area,
        step=step,
        typed={name: typed.get(name, DEFAULTS.get(name, "")) for name in fields},
        choices=form_choices(),
        vendor=vendor_field(typed.get("default_vendor", ""), vendor_ids, new_vendor),
        has_vendors=bool(list_vendors_in(vendor_ids, select_locale(), 1)),
        errors=errors,
        form_errors=list(errors.items()),
        form_key=typed.get("form_key") or secrets.token_urlsafe(12),
    )
