"""Save percents and merchant terms; refuse what could exceed a sale. See docs/rules/percents.md."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from peewee import JOIN, fn

from models import CommissionStructure, MerchantConfig, PlatformConfig, Product, Vendor
from portal.commissions.queries import vendor_terms
from portal.commissions.schedule import FrequencyUnknown, HoldDaysInvalid, PayoutFrequency
from portal.commissions.terms import (
    CommissionTermsExceed,
    CustomSplit,
    parse_custom_splits,
    platform_percent,
    validate_merchant_terms,
)
from portal.db import Actor, Keyset, Page, query, record_event, transaction
from portal.lib.addresses import LIKE_ADDRESS, canonical_address, require_payee
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.money import decimal_text, parse_amount
from portal.lib.shown import digest_of, require_unchanged
from portal.lib.texts import clean_line
from portal.programme import (
    InvalidPercent,
    PercentPolicy,
    get_percent_policy,
    parse_percent,
    resolve_percent,
    resolve_referral_commission_percent,
)
from portal.settings import Settings

PRODUCTS_PAGE = 50
MOST_HOLD_DAYS = 365
# A minimum is a number of whole units of each currency, stored in hundredths. See docs/rules/payouts.md.
_MINIMUM_CURRENCY = "UAH"
_DAYS = re.compile(r"[0-9]{1,3}")


class VendorUnknown(PortalError):
    """There is no vendor with this id."""

    code = "vendor_unknown"


class ProductMissing(PortalError):
    """There is no product with this id."""

    code = "product_missing"


class RateChanged(PortalError):
    """The percent was changed in the meantime, so the earlier one is not restored."""

    code = "rate_changed"


class MinimumNegative(PortalError):
    """The minimum payout is below zero."""

    code = "minimum_negative"


@dataclass(frozen=True)
class MerchantTerms:
    """A merchant's terms as stored; None is unset, zero is a value."""

    platform_percent: Decimal | None
    referral_percent: Decimal | None
    custom_splits: list[CustomSplit]
    payout_frequency: str
    hold_days: int
    minimum_payout_minor: int
    reserve_percent: Decimal
    payout_wallet: str | None


def get_vendor(vendor_id: int) -> Vendor:
    """Return a vendor; raise VendorUnknown."""
    vendor = Vendor.get_or_none(Vendor.id == vendor_id) if 0 < vendor_id < 2**63 else None
    if vendor is None:
        raise VendorUnknown
    return vendor


def find_merchant_config(vendor_id: int) -> MerchantConfig | None:
    """Return a vendor's configuration, or None."""
    return MerchantConfig.get_or_none(MerchantConfig.vendor == vendor_id)


def terms_digest(config: MerchantConfig | None) -> str:
    """Return a digest of the terms that a form shows."""
    return digest_of(config and [getattr(config, field.name) for field in fields(MerchantTerms)])


def list_products_with_rates(cursor: str | None = None) -> Page[Product]:
    """Return a page of products with vendors and commission structures, newest first; raise CursorInvalid."""
    rows = (
        Product.select(Product, Vendor, CommissionStructure)
        .join(Vendor)
        .switch(Product)
        .join(CommissionStructure, JOIN.LEFT_OUTER)
    )
    newest_first: Keyset[Product] = Keyset(rows, Product.id)
    return newest_first.page(cursor, PRODUCTS_PAGE)


def read_merchant_terms(typed: Mapping[str, str], splits: list[dict[str, str]]) -> MerchantTerms:
    """Return the terms of a form; raise InputInvalid with an error for each invalid field.

    An empty percent or wallet is unset. `splits` are {recipientId, percent, description}.
    """
    errors: dict[str, PortalError] = {}

    def read(field: str, parse: Any) -> Any:
        try:
            return parse(typed.get(field, "").strip())
        except PortalError as error:
            errors[error.field if field == "custom_splits" and error.field else field] = error
            return None

    terms = MerchantTerms(
        platform_percent=read("platform_percent", _percent_or_unset),
        referral_percent=read("referral_percent", _percent_or_unset),
        custom_splits=read("custom_splits", lambda _text: _typed_splits(splits)) or [],
        payout_frequency=read("payout_frequency", _frequency),
        hold_days=read("hold_days", _hold_days),
        minimum_payout_minor=read("minimum_payout", _minimum),
        reserve_percent=read("reserve_percent", lambda text: parse_percent(text or "0")),
        payout_wallet=read("payout_wallet", lambda text: canonical_address(text) if text else None),
    )
    if errors:
        raise InputInvalid(errors)
    return terms


def save_merchant_terms(
    vendor_id: int,
    terms: MerchantTerms,
    settings: Settings,
    actor: Actor,
    *,
    own_addresses: Collection[str],
    keeps_wallet: bool = False,
    shown: str | None = None,
) -> None:
    """Save a vendor's terms; raise InputInvalid where its commissions together could exceed a sale.

    A payee among the portal's own addresses, or whose key nobody can have, is invalid too. `keeps_wallet` checks the
    payout wallet and leaves the stored one. `shown` is the digest of the terms that were shown; raises
    ChangedMeanwhile where they are others now.
    """
    vendor = get_vendor(vendor_id)
    _check_payees(terms, own_addresses)
    with transaction():
        lock_terms()
        before = MerchantConfig.select().where(MerchantConfig.vendor == vendor_id).for_update().first()
        require_unchanged(shown, terms_digest(before))
        policy = get_percent_policy(settings)
        if terms.referral_percent is not None and terms.referral_percent > policy.max_percent:
            too_high = InvalidPercent(field="referral_percent", at_most=policy.max_percent)
            raise InputInvalid({"referral_percent": too_high})
        highest = _highest_percent(vendor_id, terms.referral_percent, policy)
        try:
            validate_merchant_terms(
                platform_percent(terms.platform_percent, vendor.store_tier), highest, terms.custom_splits
            )
        except PortalError as error:
            raise InputInvalid({error.field or "platform_percent": error}) from None
        values = _columns(terms)
        if keeps_wallet:
            del values["payout_wallet"]
        if before is None:
            MerchantConfig.insert(vendor=vendor_id, **values).execute()
        else:
            MerchantConfig.update({**values, "updated_at": fn.now()}).where(
                MerchantConfig.vendor == vendor_id
            ).execute()
        record_event(actor, "vendor", vendor_id, "merchant_terms_saved", data=_changes(before, values))


@dataclass(frozen=True)
class SavedPercent:
    """A product with its new percent, and the percents before and after as text; empty is unset."""

    product: Product
    before: str
    after: str


def save_product_percent(
    product_id: int, text: str, settings: Settings, actor: Actor, *, instead_of: str | None = None
) -> SavedPercent:
    """Set a product's own referral percent, or unset it with an empty text; zero is a value.

    `instead_of` is the percent that must still be stored, empty for unset, so that an undo overwrites no later change.
    Raises ProductMissing, InvalidPercent, RateChanged, or CommissionTermsExceed where the vendor's commissions could
    then exceed a sale.
    """
    percent = _percent_or_unset(text.strip(), settings.referral_commission_max_percent)
    with transaction():
        lock_terms()
        product: Product | None = (
            Product.select().where(Product.id == product_id).for_update().first()
            if 0 < product_id < 2**63
            else None
        )
        if product is None:
            raise ProductMissing
        if instead_of not in (None, _text(product.referral_percent) or ""):
            raise RateChanged
        product.referral_percent, before = percent, product.referral_percent
        config, policy = find_merchant_config(product.vendor_id), get_percent_policy(settings)
        # Checked when unset too: the inherited percent may be higher.
        effective = resolve_referral_commission_percent(product, config, policy).percent
        _validate_with_terms(get_vendor(product.vendor_id), config, effective)
        Product.update(referral_percent=percent).where(Product.id == product_id).execute()
        record_event(
            actor,
            "product",
            product_id,
            "referral_percent_saved",
            data={"from": _text(before), "to": _text(percent)},
        )
    return SavedPercent(product, _text(before) or "", _text(percent) or "")


def check_product_percent(vendor_id: int, text: str, settings: Settings) -> Decimal | None:
    """Return a typed percent for a product of a vendor, None where it is empty; raise as `save_product_percent`."""
    percent = _percent_or_unset(text, settings.referral_commission_max_percent)
    if percent is not None:
        _validate_with_terms(get_vendor(vendor_id), find_merchant_config(vendor_id), percent)
    return percent


def save_platform_percent(
    text: str, settings: Settings, actor: Actor, *, instead_of: str | None = None
) -> tuple[str, str]:
    """Set the platform's default referral percent, or unset it with an empty text: the server setting then applies.

    Return the percents before and after as text. `instead_of` is as in `save_product_percent`.
    Raises InvalidPercent, RateChanged, or CommissionTermsExceed where a vendor's commissions could then exceed a sale.
    """
    percent = _percent_or_unset(text.strip(), settings.referral_commission_max_percent)
    with transaction():
        lock_terms()
        PlatformConfig.insert(id=1).on_conflict_ignore().execute()
        row = PlatformConfig.select().where(PlatformConfig.id == 1).for_update().get()
        if instead_of not in (None, _text(row.referral_percent) or ""):
            raise RateChanged
        policy = replace(get_percent_policy(settings), platform_default=percent)
        for vendor in Vendor.select().order_by(Vendor.id):
            config = find_merchant_config(vendor.id)
            if config is None or config.referral_percent is None:
                inherited = resolve_referral_commission_percent(None, config, policy).percent
                _validate_with_terms(vendor, config, inherited)
        PlatformConfig.update(referral_percent=percent, updated_at=fn.now()).where(
            PlatformConfig.id == 1
        ).execute()
        record_event(
            actor,
            "platform",
            "referral_percent",
            "referral_percent_saved",
            data={"from": _text(row.referral_percent), "to": _text(percent)},
        )
    return _text(row.referral_percent) or "", _text(percent) or ""


def lock_terms() -> None:
    """Save one percent at a time: two that are valid alone could exceed a sale together."""
    query("SELECT pg_advisory_xact_lock(hashtextextended('commission_terms', 0))")


def _validate_with_terms(vendor: Vendor, config: MerchantConfig | None, percent: Decimal) -> None:
    terms = vendor_terms(vendor, config)
    try:
        validate_merchant_terms(terms.platform_percent, percent, terms.custom_splits)
    except CommissionTermsExceed as error:
        error.field = "referral_percent"
        error.params["vendor"] = vendor.name
        raise


def _highest_percent(vendor_id: int, merchant: Decimal | None, policy: PercentPolicy) -> Decimal:
    """Return the highest percent that any product of a vendor has, or a new one would have."""
    rows = Product.select(Product.referral_percent, CommissionStructure.referral_percent)
    rows = rows.join(CommissionStructure, JOIN.LEFT_OUTER).where(Product.vendor == vendor_id)
    pairs = {(None, None), *rows.distinct().tuples()}
    return max(resolve_percent(product, structure, merchant, policy).percent for product, structure in pairs)


def _columns(terms: MerchantTerms) -> dict[str, Any]:
    splits = [
        {
            "recipientId": split.recipient_id,
            "percent": decimal_text(split.percent, 6),
            "description": split.description,
        }
        for split in terms.custom_splits
    ]
    return {
        "platform_percent": terms.platform_percent,
        "referral_percent": terms.referral_percent,
        "custom_splits": splits,
        "payout_frequency": terms.payout_frequency,
        "hold_days": terms.hold_days,
        "minimum_payout_minor": terms.minimum_payout_minor,
        "reserve_percent": terms.reserve_percent,
        "payout_wallet": terms.payout_wallet,
    }


def _changes(before: MerchantConfig | None, values: dict[str, Any]) -> dict[str, Any]:
    """Return the changed fields as {field: [from, to]}."""

    def plain(value: Any) -> Any:
        return _text(value) if isinstance(value, Decimal) else value

    old = {name: getattr(before, name) if before else None for name in values}
    return {
        name: [plain(old[name]), plain(value)]
        for name, value in values.items()
        if plain(old[name]) != plain(value)
    }


def _percent_or_unset(text: str, at_most: Decimal = Decimal(100)) -> Decimal | None:
    return parse_percent(text, at_most=at_most) if text else None


def _typed_splits(lines: list[dict[str, str]]) -> list[CustomSplit]:
    """Return typed splits with clean texts; stored ones are parsed as they are."""
    parsed = parse_custom_splits(
        [
            {key: clean_line(text, f"custom_splits[{index}].{key}") for key, text in line.items()}
            for index, line in enumerate(lines)
        ]
    )
    # A recipient is any text; what looks like an address has to be one.
    for index, split in enumerate(parsed):
        if LIKE_ADDRESS.fullmatch(split.recipient_id):
            canonical_address(split.recipient_id, f"custom_splits[{index}].recipientId")
    return parsed


def _check_payees(terms: MerchantTerms, own_addresses: Collection[str]) -> None:
    payees = {"payout_wallet": terms.payout_wallet or ""}
    payees |= {
        f"custom_splits[{index}].recipientId": split.recipient_id.lower()
        for index, split in enumerate(terms.custom_splits)
        if LIKE_ADDRESS.fullmatch(split.recipient_id)
    }
    errors: dict[str, PortalError] = {}
    for field, payee in payees.items():
        try:
            if payee:
                require_payee(payee, own_addresses, field)
        except PortalError as error:
            errors[field] = error
    if errors:
        raise InputInvalid(errors)


def _frequency(text: str) -> str:
    if text not in set(PayoutFrequency):
        raise FrequencyUnknown(field="payout_frequency")
    return text


def _hold_days(text: str) -> int:
    if not _DAYS.fullmatch(text) or int(text) > MOST_HOLD_DAYS:
        raise HoldDaysInvalid(field="hold_days")
    return int(text)


def _minimum(text: str) -> int:
    minor = parse_amount(text or "0", _MINIMUM_CURRENCY, "minimum_payout")
    if minor < 0:
        raise MinimumNegative(field="minimum_payout")
    return minor


def _text(value: Decimal | None) -> str | None:
    return None if value is None else decimal_text(value, 6)
