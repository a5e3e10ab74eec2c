"""The list of vendors, and the page where one is changed or taken off sale."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue import STORE_TIERS, VENDOR_NAME_MAX, list_vendor_ledger, vendor_digest
from portal.commissions import get_vendor
from portal.db import Actor
from portal.flows.vendors.save_vendor import add_vendor, save_vendor, switch_vendor
from portal.lib.errors import InputInvalid
from portal.stores import list_stores
from portal.web.admin.people.section import people_nav
from portal.web.admin.vendors.blueprint import blueprint
from portal.web.admin.vendors.filters import read_vendors_view
from portal.web.admin.vendors.presenters import vendor_fields, vendor_rows, vendor_view
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.requests import form_switch
from portal.web.core.undo import flash_undo
from portal.web.core.urls import url_for
from portal.web.core.vendor_field import suggestions_page
from portal.web.text.messages import error_texts
from portal.web.text.products import tier_words
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _

VENDORS_PAGE = 50


@blueprint.get("/vendors", endpoint="list")
@for_role("admin")
def list_all() -> ResponseReturnValue:
    """Show a page of vendors, newest first, with the form that adds one."""
    return _list_page()


@blueprint.get("/vendors/suggest")
@for_role("admin")
def suggest() -> ResponseReturnValue:
    """Return the vendors that a started name may mean, as options of a list."""
    return suggestions_page(None)


@blueprint.post("/vendors")
@for_role("admin", reconfirm=True)
def create() -> ResponseReturnValue:
    """Create a vendor; its owner becomes a vendor."""
    typed = _typed()
    try:
        vendor = add_vendor(typed["name"], typed["owner"], typed["tier"], _actor())
    except InputInvalid as error:
        return _list_page(typed, error_texts(error)), status_of(error)
    flash(_("The vendor is created. Set its terms and payout wallet before the first sale."), "success")
    return redirect(url_for("admin.vendors.vendor", vendor_id=vendor.id), 303)


@blueprint.get("/vendors/<int:vendor_id>")
@for_role("admin")
def vendor(vendor_id: int) -> ResponseReturnValue:
    """Show a vendor: name, owner, tier, payout wallet, terms in effect."""
    return _vendor_page(vendor_id)


@blueprint.post("/vendors/<int:vendor_id>")
@for_role("admin", reconfirm=True)
def save(vendor_id: int) -> ResponseReturnValue:
    """Save name, owner and tier of a vendor."""
    typed = _typed()
    try:
        shown = request.form.get("shown")
        is_replaced = save_vendor(
            vendor_id, typed["name"], typed["owner"], typed["tier"], _actor(), shown=shown
        )
    except InputInvalid as error:
        return _vendor_page(vendor_id, typed, error_texts(error)), status_of(error)
    flash(_("The vendor is saved."), "success")
    if is_replaced and list_stores(vendor_ids=[vendor_id]).rows:
        flash(
            _(
                "The previous owner may know the keys and secrets of the vendor’s stores, which stay valid."
                " Replace them, and check the webhooks of these stores."
            ),
            "warning",
        )
    return redirect(url_for("admin.vendors.vendor", vendor_id=vendor_id), 303)


@blueprint.post("/vendors/<int:vendor_id>/active")
@for_role("admin", reconfirm=True)
def switch(vendor_id: int) -> ResponseReturnValue:
    """Take a vendor's products off sale, or put them back; what is owed is paid in any case."""
    active = form_switch("active")
    url = url_for("admin.vendors.switch", vendor_id=vendor_id)
    if switch_vendor(vendor_id, active, _actor()):
        text = _("The products are on sale again.") if active else _("The products are off sale.")
        flash_undo(text, url, {"active": "0" if active else "1"})
    else:
        flash(_("Nothing has changed."), "info")
    return redirect(url_for("admin.vendors.vendor", vendor_id=vendor_id), 303)


def _typed() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in ("name", "owner", "tier")}


def _actor() -> Actor:
    return Actor.user(current_user().id)


def _list_page(typed: dict[str, str] | None = None, errors: dict[str, str] | None = None) -> str:
    view, errors = read_vendors_view(request.args), errors or {}
    page = list_vendor_ledger(view.filter.search, view.filter.active).page(
        request.args.get("cursor"), VENDORS_PAGE
    )
    return render_template(
        "admin/vendors/list.html",
        rows=vendor_rows(page.rows),
        view=view,
        states=[
            ("", _("All")),
            *((state, status_words("vendor", state)) for state in ("active", "inactive")),
        ],
        next_cursor=page.next_cursor,
        **_form(typed or {"name": "", "owner": "", "tier": STORE_TIERS[0]}, errors),
    )


def _vendor_page(
    vendor_id: int, typed: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> str:
    row = get_vendor(vendor_id)
    return render_template(
        "admin/vendors/vendor.html",
        view=vendor_view(row),
        shown=request.form.get("shown", vendor_digest(row)),
        **_form(typed or vendor_fields(row), errors or {}),
    )


def _form(typed: dict[str, str], errors: dict[str, str]) -> dict[str, object]:
    return {
        "typed": typed,
        "errors": errors,
        "form_errors": list(errors.items()),
        "tiers": [(tier, tier_words(tier)) for tier in STORE_TIERS],
        "name_max": VENDOR_NAME_MAX,
        "section_nav": people_nav(),
    }
