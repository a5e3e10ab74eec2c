"""The rules of one version of the programme, as they are stored and checked. See docs/rules/programme.md."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

ApprovalMode = Literal["manual", "automatic", "conditional"]
Combine = Literal["best", "sum"]

MAX_LEVELS = 5
MAX_REFERRALS = 10_000
MAX_HOLD_DAYS = 365


def _exact(value: Any) -> Decimal:
    """Read a decimal from its text; JSON numbers would have passed through a float."""
    if not isinstance(value, str | Decimal):
        raise ValueError("a decimal is written as text")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError("not a decimal") from error
    if not number.is_finite():
        raise ValueError("the decimal is not finite")
    return number


_Percent = Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, le=100, max_digits=9, decimal_places=6)]
_Dollars = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, max_digits=20, decimal_places=2)]
_Shape = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True)


class LevelBonus(BaseModel):
    """Percent points that a referrer gets from a number of paid, unrefunded referrals on."""

    model_config = _Shape

    referrals: Annotated[int, Field(ge=1, le=MAX_REFERRALS)]
    percent: _Percent


class BonusRules(BaseModel):
    """The levels, and whether the best bonus of a sale counts or the sum of level, campaign and referrer."""

    model_config = _Shape

    combine: Combine
    # JSON has no tuples, and a strict model reads no list as one.
    levels: Annotated[tuple[LevelBonus, ...], Field(strict=False, max_length=MAX_LEVELS)] = ()

    @model_validator(mode="after")
    def _levels_rise(self) -> BonusRules:
        for lower, higher in pairwise(self.levels):
            if higher.referrals <= lower.referrals or higher.percent <= lower.percent:
                raise ValueError("a higher level has more referrals and more percent points")
        return self


class ApprovalConditions(BaseModel):
    """What must all hold before a reward is approved without an admin; None and False are not asked for."""

    model_config = _Shape

    max_usd: _Dollars | None = None
    no_risk_hint: bool = False
    referrer_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    referrer_minted: Annotated[int, Field(ge=1, le=MAX_REFERRALS)] | None = None
    customer_known: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return self == ApprovalConditions()


class ApprovalModes(BaseModel):
    """How a reward is approved, by the `rail` it was paid with: by an admin, always, or under conditions."""

    model_config = _Shape

    fiat: ApprovalMode
    crypto: Literal["manual", "automatic"]
    conditions: ApprovalConditions | None = None

    @model_validator(mode="after")
    def _conditions_are_given(self) -> ApprovalModes:
        is_empty = self.conditions is None or self.conditions.is_empty
        if (self.fiat == "conditional") is is_empty:
            raise ValueError("conditions belong to conditional approval, which needs at least one")
        return self


class ProgrammeRules(BaseModel):
    """The rules of one version of the programme, as stored in `programme_versions.rules`.

    `budget_usd` is the most that rewards approved in one month (UTC) may be worth, None for no limit.
    """

    model_config = _Shape

    hold_days: Annotated[int, Field(ge=0, le=MAX_HOLD_DAYS)]
    approval: ApprovalModes
    bonus: Literal["none"] | BonusRules
    budget_usd: _Dollars | None = None

    @property
    def levels(self) -> tuple[LevelBonus, ...]:
        """Return the levels, lowest first."""
        return () if self.bonus == "none" else self.bonus.levels

    @property
    def combine(self) -> Combine:
        """Return how bonuses of several kinds are combined: the best one unless the version says otherwise."""
        return "best" if self.bonus == "none" else self.bonus.combine


def rules_as_json(rules: ProgrammeRules) -> dict[str, Any]:
    """Return rules as they are stored: camelCase, decimals as text, without what is not set."""
    return rules.model_dump(mode="json", by_alias=True, exclude_none=True)


def level_reached(levels: Iterable[LevelBonus], referrals: int) -> LevelBonus | None:
    """Return the highest level of a referrer with this many referrals."""
    return max(
        (level for level in levels if level.referrals <= referrals),
        key=lambda each: each.referrals,
        default=None,
    )
