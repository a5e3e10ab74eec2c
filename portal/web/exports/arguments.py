"""What a download's address asks for: the days of a period, the filters of a page, the person who asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_login import current_user

from portal.catalogue import list_vendors_of_user
from portal.commissions import SettlementFilter
from portal.lib.errors import PortalError
from portal.rewards import RewardFilter
from portal.runtime import current_portal
from portal.web.admin.commissions.filters import read_ledger_view
from portal.web.admin.rewards.filters import read_day, read_view

Arguments = Mapping[str, Any]
PERIOD = ("since", "until")


class FilterInvalid(PortalError):
    """A filter makes no sense: a page leaves it open and says so, a file would hold what nobody asked for."""

    code = "filter_invalid"


def me() -> int:
    """Return who asks."""
    found: int = current_user.id
    return found


def my_vendors() -> list[int]:
    """Return the vendors that the person who asks sells as."""
    return [vendor.id for vendor in list_vendors_of_user(current_user.id)]


def read_period(arguments: Arguments, errors: dict[str, str]) -> tuple[datetime | None, datetime | None]:
    """Return the start of the first day and the end of the last in the business time zone; tell what is wrong."""
    typed = {name: str(arguments.get(name, "")).strip()[:200] for name in PERIOD}
    settings = current_portal().settings
    since = read_day(typed["since"], "since", settings, errors)
    return since, read_day(typed["until"], "until", settings, errors, days=1)


def period(arguments: Arguments) -> tuple[datetime | None, datetime | None]:
    """Return the period a download asks for; raise FilterInvalid."""
    errors: dict[str, str] = {}
    found = read_period(arguments, errors)
    _refuse(errors)
    return found


def settlement_filter(arguments: Arguments) -> SettlementFilter:
    """Return the filters of the settlements page; raise FilterInvalid."""
    view = read_ledger_view(arguments, current_portal().settings)
    _refuse(view.errors)
    return view.wanted


def reward_filter(arguments: Arguments) -> RewardFilter:
    """Return the filters of the reward queue; raise FilterInvalid."""
    view = read_view(arguments, current_portal().settings)
    _refuse(view.errors)
    return view.wanted


def _refuse(errors: Mapping[str, str]) -> None:
    for field, reason in errors.items():
        raise FilterInvalid(field=field, reason=reason)
