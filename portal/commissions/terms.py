"""Decide a merchant's platform percent and custom splits, and which terms may be saved. See docs/rules/percents.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from portal.lib.errors import PortalError
from portal.programme.rules import InvalidPercent, parse_percent

STANDARD_PLATFORM_PERCENT = Decimal(15)
PLATFORM_PERCENT_BY_TIER = {
    "starter": Decimal(20),
    "growth": Decimal(17),
    "professional": Decimal(15),
    "enterprise": Decimal(12),
}

_WHOLE = Decimal(100)
_MAX_RECIPIENT = 200
_MAX_DESCRIPTION = 500


class CustomSplitInvalid(PortalError):
    """A custom split is not an object with a recipient, a percent and a description."""

    code = "custom_split_invalid"


class CommissionTermsExceed(PortalError):
    """Platform, referral and split percents together could exceed 100; params total and at_most."""

    code = "commission_terms_exceed"


@dataclass(frozen=True)
class CustomSplit:
    """The percent of a slice's subtotal that a merchant gives to a third party."""

    recipient_id: str
    percent: Decimal
    description: str


def platform_percent(config_percent: Decimal | None, store_tier: str | None) -> Decimal:
    """Return the platform percent: the merchant's own if set, else the store tier's, else 15."""
    if config_percent is not None:
        return config_percent
    return PLATFORM_PERCENT_BY_TIER.get(store_tier or "", STANDARD_PLATFORM_PERCENT)


def parse_custom_splits(value: object) -> list[CustomSplit]:
    """Return the splits of a JSON list of {recipientId, percent, description?}.

    Percents are decimal text or numbers with at most six decimals. Raise CustomSplitInvalid or
    InvalidPercent with a `field` such as `custom_splits[0].percent`.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise CustomSplitInvalid("custom splits are a list", field="custom_splits")
    return [_parse_split(entry, f"custom_splits[{index}]") for index, entry in enumerate(value)]


def validate_merchant_terms(
    platform_percent: Decimal, max_referral_percent: Decimal, splits: Sequence[CustomSplit]
) -> None:
    """Refuse terms whose percents together could exceed the subtotal.

    `max_referral_percent` is the highest clamped percent any product of the merchant can have.
    Raise CommissionTermsExceed whose `field` is the term that crosses 100, added in the order
    referral, platform, splits; InvalidPercent for a term outside [0, 100]. Rounding can still exceed
    a tiny subtotal by a few minor units; such a slice is held. See docs/rules/settlements.md.
    """
    terms = [("referral_percent", max_referral_percent), ("platform_percent", platform_percent)]
    terms += [("custom_splits", split.percent) for split in splits]
    total = Decimal(0)
    for field, percent in terms:
        total += _within_whole(percent, field)
        if total > _WHOLE:
            raise CommissionTermsExceed(field=field, total=_total(terms), at_most=_WHOLE)


def _within_whole(percent: Decimal, field: str) -> Decimal:
    if not percent.is_finite() or not 0 <= percent <= _WHOLE:
        raise InvalidPercent(field=field, at_most=_WHOLE)
    return percent


def _total(terms: Sequence[tuple[str, Decimal]]) -> Decimal:
    return sum((percent for _, percent in terms), Decimal(0))


def _parse_split(entry: object, field: str) -> CustomSplit:
    if not isinstance(entry, Mapping):
        raise CustomSplitInvalid("a custom split is an object", field=field)
    # A row written by hand in SQL may have keys in the style of column names.
    recipient = entry.get("recipientId", entry.get("recipient_id"))
    return CustomSplit(
        recipient_id=_parse_recipient(recipient, f"{field}.recipientId"),
        percent=_parse_split_percent(entry.get("percent"), f"{field}.percent"),
        description=_parse_description(entry.get("description"), f"{field}.description"),
    )


def _parse_recipient(value: object, field: str) -> str:
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text or len(text) > _MAX_RECIPIENT:
        raise CustomSplitInvalid("a custom split names its recipient", field=field)
    return text


def _parse_split_percent(value: object, field: str) -> Decimal:
    # The text of a JSON number is its shortest exact decimal, so 2.5 stays 2.5.
    text = str(value).strip() if isinstance(value, str | int | float | Decimal) else ""
    try:
        return parse_percent(text)
    except InvalidPercent:
        raise InvalidPercent(field=field, at_most=_WHOLE) from None


def _parse_description(value: object, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _MAX_DESCRIPTION:
        raise CustomSplitInvalid("a description is a short text", field=field)
    return value.strip()
