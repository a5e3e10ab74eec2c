"""Decide what a referral earns and when; pure and exact.

The commission ledger and the reward ledger take every referral percent from here.
See docs/rules/percents.md and docs/rules/programme.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import partial
from typing import Any, Literal, Protocol

from portal.lib.errors import PortalError
from portal.programme.bonus_rules import NO_BONUS, Bonus, BonusFacts, Campaign, ReferrerBonus, decide_bonus
from portal.programme.version_rules import ApprovalMode, ProgrammeRules

RewardRail = Literal["fiat", "crypto"]

# ASCII digits only: Decimal itself also reads 1_000, full-width and Arabic digits.
_PLAIN = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})")
_FINEST = Decimal("0.000001")


class InvalidPercent(PortalError):
    """The value is not a finite percent between 0 and `at_most` with at most six decimals."""

    code = "percent_invalid"


class PercentSource(StrEnum):
    """Where a referral percent comes from, in order of priority."""

    PRODUCT = "product"
    MERCHANT = "merchant"
    DEFAULT = "default"
    ENV = "env"


@dataclass(frozen=True)
class PercentPolicy:
    """The platform's percents: its saved default (None is unset), the server setting and the maximum."""

    platform_default: Decimal | None
    env_percent: Decimal
    max_percent: Decimal


@dataclass(frozen=True)
class ResolvedPercent:
    """A clamped referral percent and the tag of its source."""

    percent: Decimal
    source: str


@dataclass(frozen=True)
class ReferralLine:
    """One line of a sale: its subtotal in minor units and its resolved referral percent."""

    product_id: int | None
    vendor_id: int
    subtotal_minor: int
    percent: Decimal
    source: str


class HasReferralPercent(Protocol):
    """A merchant configuration or a commission structure."""

    referral_percent: Any


class HasProductPercent(HasReferralPercent, Protocol):
    """A product, which may belong to a commission structure."""

    commission_structure: Any


@dataclass(frozen=True)
class Programme:
    """The version in force at some time with its author, and the campaigns and the referrer's bonus of that time."""

    version_id: int
    rules: ProgrammeRules
    created_by: int | None = None
    campaigns: tuple[Campaign, ...] = ()
    referrer_bonus: ReferrerBonus | None = None


@dataclass(frozen=True)
class PaidSale:
    """The facts about a paid order or membership; a membership has no lines and no store.

    `referrals` is the number of paid, unrefunded referrals that the referrer had before.
    """

    paid_at: datetime
    rail: RewardRail
    lines: tuple[ReferralLine, ...] = ()
    code: str | None = None
    store_id: int | None = None
    referrer_user_id: int | None = None
    referrals: int = 0


@dataclass(frozen=True)
class RewardDecision:
    """What a paid sale earns its referrer and when; the percent is without the bonus.

    `source` is None where lines of different sources were weighed together.
    """

    percent: Fraction
    source: str | None
    bonus: Bonus
    mintable_from: datetime
    approval: ApprovalMode
    version_id: int


def decide_reward(sale: PaidSale, policy: PercentPolicy, programme: Programme) -> RewardDecision:
    """Decide the reward of a paid sale under the version that was in force when it was paid."""
    fallback = resolve_referral_commission_percent(None, None, policy)
    percent = weighted_percent(sale.lines, fallback.percent)
    bonus = _bonus(sale, percent, policy, programme)
    return RewardDecision(
        percent=percent,
        source=_common_source(sale.lines, fallback.source),
        bonus=bonus,
        mintable_from=sale.paid_at + timedelta(days=programme.rules.hold_days),
        approval=_approval(sale, bonus, programme),
        version_id=programme.version_id,
    )


def _bonus(sale: PaidSale, percent: Fraction, policy: PercentPolicy, programme: Programme) -> Bonus:
    if percent <= 0:  # what was taken out of the programme earns no bonus either
        return NO_BONUS
    return decide_bonus(
        BonusFacts(sale.paid_at, sale.code, sale.store_id, sale.referrals),
        programme.rules.levels,
        programme.rules.combine,
        programme.campaigns,
        programme.referrer_bonus,
        room=Fraction(policy.max_percent) - percent,
    )


def _approval(sale: PaidSale, bonus: Bonus, programme: Programme) -> ApprovalMode:
    """Return how a reward is approved: never by rules that its own referrer wrote."""
    authors = {programme.created_by, *(part.created_by for part in bonus.parts)}
    if sale.referrer_user_id is not None and sale.referrer_user_id in authors:
        return "manual"
    approval = programme.rules.approval
    return approval.fiat if sale.rail == "fiat" else approval.crypto


def approvals_needed(usd_value: Decimal | None, second_approval_usd: Decimal) -> int:
    """Return how many different admins must approve a reward: two from `second_approval_usd` on.

    An unknown value counts as above the limit; a limit of zero turns the second approval off.
    See docs/rules/rewards.md.
    """
    if second_approval_usd == 0:
        return 1
    return 2 if usd_value is None or usd_value >= second_approval_usd else 1


def needs_an_admin(usd_value: Decimal | None, unattended_usd: Decimal) -> bool:
    """Return whether a reward may not be approved without any admin: from `unattended_usd` on, 0 is never.

    An unknown value counts as above the limit. See docs/rules/rewards.md.
    """
    return approvals_needed(usd_value, unattended_usd) > 1


def approvals_rule(second_approval_usd: Decimal) -> Callable[[Decimal | None], int]:
    """Return `approvals_needed` with this limit, for the operations that approve a reward."""
    return partial(approvals_needed, second_approval_usd=second_approval_usd)


def resolve_referral_commission_percent(
    product: HasProductPercent | None,
    merchant: HasReferralPercent | None,
    policy: PercentPolicy,
    *,
    store_rate: Decimal | None = None,
) -> ResolvedPercent:
    """Return the referral percent of a merchant's product with its source.

    Without product and merchant, as for a membership, it is the platform's percent. `store_rate` is what a connected
    store has for the product, by its SKU.
    Raise InvalidPercent for NaN or infinity. See docs/rules/percents.md.
    """
    structure = product.commission_structure if product is not None else None
    own = store_rate if store_rate is not None else _own_percent(product)
    return resolve_percent(own, _own_percent(structure), _own_percent(merchant), policy)


def resolve_percent(
    product_percent: Decimal | None,
    structure_percent: Decimal | None,
    merchant_percent: Decimal | None,
    policy: PercentPolicy,
) -> ResolvedPercent:
    """Return the first percent that is set, clamped to [0, max_percent]; None is unset, zero is a value.

    Raise InvalidPercent for NaN or infinity.
    """
    candidates = (
        (product_percent, PercentSource.PRODUCT),
        (structure_percent, PercentSource.PRODUCT),
        (merchant_percent, PercentSource.MERCHANT),
        (policy.platform_default, PercentSource.DEFAULT),
    )
    for percent, source in candidates:
        if percent is not None:
            return ResolvedPercent(_clamp(percent, policy.max_percent), source.value)
    return ResolvedPercent(_clamp(policy.env_percent, policy.max_percent), PercentSource.ENV.value)


def weighted_percent(lines: Sequence[ReferralLine], default_percent: Decimal) -> Fraction:
    """Return the exact percent of a sale, each line weighted by its subtotal.

    Lines with a subtotal of 0 weigh nothing; a sale without weight has the default.
    See docs/rules/percents.md.
    """
    total = sum(line.subtotal_minor for line in lines)
    if total == 0:
        return Fraction(default_percent)
    return sum((line.subtotal_minor * Fraction(line.percent) for line in lines), Fraction(0)) / total


def parse_percent(text: str, *, at_most: Decimal = Decimal(100)) -> Decimal:
    """Return a percent in [0, at_most], typed with a point or a comma.

    Raise InvalidPercent for text, NaN, infinity, a value outside, or more than six decimals.
    """
    # No percent has thousands that a comma could separate.
    cleaned = text.strip().replace(",", ".")
    if not _PLAIN.fullmatch(cleaned) or not 0 <= Decimal(cleaned) <= at_most:
        raise InvalidPercent(field="percent", at_most=at_most)
    percent = Decimal(cleaned)
    # The column would round a finer percent, perhaps up and beyond the limit that was checked.
    if percent != percent.quantize(_FINEST):
        raise InvalidPercent(field="percent", at_most=at_most)
    return percent


def _own_percent(row: HasReferralPercent | None) -> Decimal | None:
    percent: Decimal | None = row.referral_percent if row is not None else None
    return percent


def _clamp(percent: Decimal, max_percent: Decimal) -> Decimal:
    if not percent.is_finite():
        raise InvalidPercent(field="percent", at_most=max_percent)
    return min(max(percent, Decimal(0)), max_percent)


def _common_source(lines: Iterable[ReferralLine], fallback: str) -> str | None:
    sources = {line.source for line in lines if line.subtotal_minor} or {fallback}
    return sources.pop() if len(sources) == 1 else None
