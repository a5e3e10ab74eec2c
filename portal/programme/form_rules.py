"""Read the rules of a version from the fields of a form; pure. See docs/rules/programme.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeVar

from portal.lib.errors import InputInvalid, PortalError
from portal.lib.money import InvalidAmount, plain_amount
from portal.programme.errors import BudgetInvalid, ConditionMissing, LevelsNotRising, WholeNumberInvalid
from portal.programme.rules import InvalidPercent, parse_percent
from portal.programme.version_rules import (
    MAX_HOLD_DAYS,
    MAX_LEVELS,
    MAX_REFERRALS,
    ApprovalConditions,
    ApprovalModes,
    BonusRules,
    LevelBonus,
    ProgrammeRules,
)

MAX_REFERRER_DAYS = 3650
_WHOLE = re.compile(r"[0-9]{1,9}")
_DOLLARS = Decimal(10**12)

Value = TypeVar("Value")


class _Fields:
    """The typed fields and the errors found in them, by field."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self._typed = typed
        self.errors: dict[str, PortalError] = {}

    def text(self, name: str) -> str:
        return self._typed.get(name, "").strip()

    def is_on(self, name: str) -> bool:
        return bool(self.text(name))

    def read(self, name: str, parse: Callable[[str], Value]) -> Value | None:
        """Return the value of a field, None if it is empty or invalid."""
        if not self.text(name):
            return None
        try:
            return parse(self.text(name))
        except PortalError as error:
            self.errors[name] = error
            return None


def read_rules(typed: Mapping[str, str], max_percent: Decimal) -> ProgrammeRules:
    """Return the rules that a form describes; raise InputInvalid naming every field at fault.

    A rule whose switch (`levels`, `budget`) is off is left out, whatever its fields say.
    """
    fields = _Fields(typed)
    hold_days = fields.read("hold_days", whole_number(0, MAX_HOLD_DAYS))
    levels = _read_levels(fields, max_percent) if fields.is_on("levels") else ()
    conditions = _read_conditions(fields) if fields.text("fiat") == "conditional" else None
    budget = fields.read("budget_usd", parse_dollars) if fields.is_on("budget") else None
    if fields.is_on("budget") and budget is None:
        fields.errors.setdefault("budget_usd", BudgetInvalid(field="budget_usd"))
    if fields.errors:
        raise InputInvalid(fields.errors)
    return ProgrammeRules(
        hold_days=0 if hold_days is None else hold_days,
        approval=ApprovalModes(
            fiat="conditional" if conditions else "manual",
            crypto="manual" if fields.text("crypto") == "manual" else "automatic",
            conditions=conditions,
        ),
        bonus=BonusRules(combine="sum" if fields.text("combine") == "sum" else "best", levels=levels),
        budget_usd=budget,
    )


def whole_number(at_least: int, at_most: int) -> Callable[[str], int]:
    """Return a parser of whole numbers in a range; it raises WholeNumberInvalid."""

    def parse(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not at_least <= int(text) <= at_most:
            raise WholeNumberInvalid(at_least=at_least, at_most=at_most)
        return int(text)

    return parse


def parse_dollars(text: str) -> Decimal:
    """Return an amount in USD that a person typed; raise BudgetInvalid."""
    try:
        amount = Decimal(plain_amount(text))
    except InvalidAmount as error:
        raise BudgetInvalid from error
    if not 0 <= amount <= _DOLLARS or amount != amount.quantize(Decimal("0.01")):
        raise BudgetInvalid
    return amount


def parse_points(max_percent: Decimal) -> Callable[[str], Decimal]:
    """Return a parser of percent points above zero; it raises InvalidPercent."""

    def parse(text: str) -> Decimal:
        points = parse_percent(text, at_most=max_percent)
        if not points:
            raise InvalidPercent(at_most=max_percent)
        return points

    return parse


def _read_levels(fields: _Fields, max_percent: Decimal) -> tuple[LevelBonus, ...]:
    levels: list[LevelBonus] = []
    for number in range(1, MAX_LEVELS + 1):
        at, points = f"referrals_{number}", f"points_{number}"
        if not fields.text(at) and not fields.text(points):
            continue
        referrals = fields.read(at, whole_number(1, MAX_REFERRALS))
        percent = fields.read(points, parse_points(max_percent))
        if referrals is None:
            fields.errors.setdefault(at, WholeNumberInvalid(at_least=1, at_most=MAX_REFERRALS))
        elif percent is None:
            fields.errors.setdefault(points, InvalidPercent(at_most=max_percent))
        else:
            level = LevelBonus(referrals=referrals, percent=percent)
            if levels and not (levels[-1].referrals < referrals and levels[-1].percent < percent):
                fields.errors[at] = LevelsNotRising()
            levels.append(level)
    if not levels and not any(name.startswith(("referrals_", "points_")) for name in fields.errors):
        fields.errors.setdefault("referrals_1", WholeNumberInvalid(at_least=1, at_most=MAX_REFERRALS))
    return tuple(levels)


def _read_conditions(fields: _Fields) -> ApprovalConditions | None:
    conditions = ApprovalConditions(
        max_usd=fields.read("max_usd", parse_dollars),
        no_risk_hint=fields.is_on("no_risk_hint"),
        referrer_days=fields.read("referrer_days", whole_number(1, MAX_REFERRER_DAYS)),
        referrer_minted=fields.read("referrer_minted", whole_number(1, MAX_REFERRALS)),
        customer_known=fields.is_on("customer_known"),
    )
    if conditions.is_empty and not fields.errors:
        fields.errors["fiat"] = ConditionMissing()
    return conditions
