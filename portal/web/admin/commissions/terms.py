"""Vendor terms: percents, splits, schedule, minimum, reserve, wallet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.chain import checksum
from portal.commissions import (
    PayoutFrequency,
    find_merchant_config,
    get_vendor,
    read_merchant_terms,
    terms_digest,
    vendor_terms,
)
from portal.flows.approvals.save_terms import save_terms
from portal.lib.errors import InputInvalid
from portal.lib.money import major_text
from portal.proposals import WalletChangeWaits, find_waiting_wallet
from portal.runtime import current_portal
from portal.web.admin.commissions.blueprint import blueprint
from portal.web.admin.commissions.presenters import SplitLine, percent_field
from portal.web.admin.commissions.section import section_nav
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.urls import url_for
from portal.web.text.format import percent
from portal.web.text.messages import error_text, error_texts
from portal.web.text.payouts import frequency_words
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import MerchantConfig

FIELDS = (
    "platform_percent",
    "referral_percent",
    "payout_frequency",
    "hold_days",
    "minimum_payout",
    "reserve_percent",
    "payout_wallet",
)
SPLIT_FIELDS = (
    ("split_recipient", "recipientId"),
    ("split_percent", "percent"),
    ("split_description", "description"),
)
EMPTY_SPLITS = 2
MOST_SPLITS = 20


@blueprint.get("/store/commissions/vendors/<int:vendor_id>")
@for_role("admin")
def terms(vendor_id: int) -> ResponseReturnValue:
    """Show a vendor's terms."""
    get_vendor(vendor_id)
    config = find_merchant_config(vendor_id)
    return _terms_page(vendor_id, _stored(config), config.custom_splits if config else [])


@blueprint.post("/store/commissions/vendors/<int:vendor_id>")
@for_role("admin", reconfirm=True)
def save_vendor_terms(vendor_id: int) -> ResponseReturnValue:
    """Save a vendor's terms; each invalid field is named."""
    get_vendor(vendor_id)
    typed = {name: request.form.get(name, "").strip() for name in FIELDS}
    splits = _typed_splits()
    try:
        terms = read_merchant_terms(typed, splits)
        settings, admin_id = current_portal().settings, current_user().id
        waits = save_terms(vendor_id, terms, settings, admin_id, shown=request.form.get("shown"))
    except InputInvalid as error:
        return _terms_page(vendor_id, typed, splits, error_texts(error)), status_of(error)
    except WalletChangeWaits as error:
        return _terms_page(vendor_id, typed, splits, {"payout_wallet": error_text(error)}), status_of(error)
    flash(_("The terms are saved. They apply to orders paid from now on."), "success")
    if waits:
        flash(_("A second admin has to confirm the payout wallet. Payouts keep the present one."), "warning")
    return redirect(url_for("admin.commissions.terms", vendor_id=vendor_id), 303)


def _typed_splits() -> list[dict[str, str]]:
    """Return the splits of the form without the empty lines."""
    columns = [request.form.getlist(name)[:MOST_SPLITS] for name, _key in SPLIT_FIELDS]
    keys = [key for _name, key in SPLIT_FIELDS]
    lines = [
        dict(zip(keys, (text.strip() for text in line), strict=True)) for line in zip(*columns, strict=False)
    ]
    return [line for line in lines if any(line.values())]


def _stored(config: MerchantConfig | None) -> dict[str, str]:
    if config is None:
        return dict.fromkeys(FIELDS, "") | {"payout_frequency": "WEEKLY", "hold_days": "3"}
    wallet = config.payout_wallet
    return {
        "platform_percent": percent_field(config.platform_percent),
        "referral_percent": percent_field(config.referral_percent),
        "payout_frequency": config.payout_frequency,
        "hold_days": str(config.hold_days),
        "minimum_payout": major_text(config.minimum_payout_minor, "UAH"),
        "reserve_percent": percent_field(config.reserve_percent),
        "payout_wallet": checksum(wallet) if wallet else "",
    }


def _terms_page(
    vendor_id: int,
    typed: dict[str, str],
    splits: list[dict[str, str]],
    errors: dict[str, str] | None = None,
) -> str:
    errors = errors or {}
    vendor = get_vendor(vendor_id)
    lines = [
        *(SplitLine(*(split.get(key, "") for _name, key in SPLIT_FIELDS)) for split in splits),
        *(SplitLine() for _number in range(EMPTY_SPLITS)),
    ]
    split_errors = [sentence for field, sentence in errors.items() if field.startswith("custom_splits")]
    ids = {field: "custom_splits" if field.startswith("custom_splits") else field for field in errors}
    return render_template(
        "admin/commissions/terms.html",
        vendor_id=vendor.id,
        vendor_name=vendor.name,
        typed=typed,
        shown=request.form.get("shown", terms_digest(find_merchant_config(vendor.id))),
        splits=lines,
        wallet_waits=find_waiting_wallet(vendor.id) is not None,
        split_error=split_errors[0] if split_errors else None,
        errors=errors,
        tier_percent=percent(vendor_terms(vendor, None).platform_percent),
        frequencies=[(each.value, frequency_words(each.value)) for each in PayoutFrequency],
        form_errors=[(ids[field], sentence) for field, sentence in errors.items()],
        section_nav=section_nav(),
    )
