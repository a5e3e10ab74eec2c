"""What the pages of the programme show: frozen values, no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.flows.overviews.queue_overview import admin_names
from portal.flows.programme.preview import Preview
from portal.lib.clock import EPOCH, utc_now, utc_today
from portal.programme import ProgrammeRules
from portal.programme.version_rules import MAX_LEVELS
from portal.rewards import budget_used, budgets_used, campaign_scope, month_scope
from portal.web.text.format import When, percent, token_text, usd, when
from portal.web.text.programme import admin_sentences, rule_sentences
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from models import ProgrammeCampaign, ProgrammeVersion, ReferrerBonus


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version with its rules in sentences; `state` is planned, active or over."""

    id: int
    state: str
    starts: When | None
    ends: When | None
    author: str
    sentences: tuple[str, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign with what it has used of its budget; `budget` is what was saved, "" for no limit."""

    id: int
    name: str
    state: str
    percent: str
    starts: When
    ends: When
    scope: tuple[str, ...]
    used: str
    limit: str
    budget: str


@dataclass(frozen=True, slots=True)
class BonusRow:
    """The bonus of one referrer."""

    id: int
    referrer_id: int
    referrer: str
    state: str
    percent: str
    starts: When
    ends: When | None


@dataclass(frozen=True, slots=True)
class BudgetView:
    """The budget of this month in USD."""

    used: str
    limit: str


def version_rows(versions: Sequence[ProgrammeVersion]) -> list[VersionRow]:
    """Return versions with their rules in sentences."""
    names = admin_names([row.created_by for row in versions if row.created_by is not None])
    return [_version(row, names) for row in versions]


def campaign_rows(campaigns: Sequence[ProgrammeCampaign], stores: Mapping[int, str]) -> list[CampaignRow]:
    """Return campaigns with what they have used; `stores` are names by id."""
    used = budgets_used([campaign_scope(row.id) for row in campaigns])
    return [
        CampaignRow(
            id=row.id,
            name=row.name,
            state=state_of(row.starts_at, row.ends_at),
            percent=percent(row.percent),
            starts=when(row.starts_at),
            ends=when(row.ends_at),
            scope=(*row.codes, *(stores.get(store_id, str(store_id)) for store_id in row.store_ids)),
            used=usd(used[campaign_scope(row.id)]),
            limit="" if row.budget_usd is None else usd(row.budget_usd),
            budget=plain_dollars(row.budget_usd),
        )
        for row in campaigns
    ]


def bonus_rows(bonuses: Sequence[ReferrerBonus]) -> list[BonusRow]:
    """Return the bonuses of referrers with their names."""
    names = admin_names([row.referrer_user_id for row in bonuses])
    return [
        BonusRow(
            row.id,
            row.referrer_user_id,
            names.get(row.referrer_user_id, "?"),
            state_of(row.starts_at, row.ends_at),
            percent(row.percent),
            when(row.starts_at),
            when(row.ends_at) if row.ends_at else None,
        )
        for row in bonuses
    ]


def budget_view(rules: ProgrammeRules) -> BudgetView | None:
    """Return what is used of the budget of this month (UTC), None where there is none."""
    if rules.budget_usd is None:
        return None
    used = budget_used(month_scope(utc_today().replace(day=1)))
    return BudgetView(usd(used), usd(rules.budget_usd))


def preview_text(preview: Preview) -> str:
    """Return what other rules would have changed, in one sentence."""
    if not preview.orders:
        return _("No orders have earned a reward yet.")
    amounts = {"tokens": token_text(abs(preview.difference_wei)), "usd": usd(abs(preview.difference_usd))}
    orders = preview.orders
    if preview.difference_wei > 0:
        return ngettext(
            "The last order would have earned %(tokens)s (%(usd)s) more.",
            "The last %(num)s orders would have earned %(tokens)s (%(usd)s) more.",
            orders,
            **amounts,
        )
    if preview.difference_wei < 0:
        return ngettext(
            "The last order would have earned %(tokens)s (%(usd)s) less.",
            "The last %(num)s orders would have earned %(tokens)s (%(usd)s) less.",
            orders,
            **amounts,
        )
    return ngettext(
        "The last order would have earned the same.",
        "The last %(num)s orders would have earned the same.",
        orders,
    )


def rules_fields(rules: ProgrammeRules) -> dict[str, str]:
    """Return the fields of the form for rules as they are stored."""
    approval, levels = rules.approval, rules.levels
    fields = {
        "hold_days": str(rules.hold_days),
        "fiat": "conditional" if approval.fiat == "conditional" else "manual",
        "crypto": approval.crypto,
        "combine": rules.combine,
        "levels": "1" if levels else "",
        "budget": "" if rules.budget_usd is None else "1",
        "budget_usd": plain_dollars(rules.budget_usd),
    }
    for number in range(1, MAX_LEVELS + 1):
        level = levels[number - 1] if number <= len(levels) else None
        fields[f"referrals_{number}"] = str(level.referrals) if level else ""
        fields[f"points_{number}"] = f"{level.percent.normalize():f}" if level else ""
    conditions = approval.conditions
    if conditions:
        fields |= {
            "max_usd": plain_dollars(conditions.max_usd),
            "no_risk_hint": "1" if conditions.no_risk_hint else "",
            "referrer_days": str(conditions.referrer_days or ""),
            "referrer_minted": str(conditions.referrer_minted or ""),
            "customer_known": "1" if conditions.customer_known else "",
        }
    return fields


def state_of(starts_at: datetime, ends_at: datetime | None) -> str:
    """Return whether rules are planned, active or over."""
    now = utc_now()
    if ends_at is not None and ends_at <= now:
        return "over"
    return "planned" if starts_at > now else "active"


def plain_dollars(value: Decimal | None) -> str:
    """Return an amount in USD as it is typed, "" for none."""
    return "" if value is None else f"{value.quantize(Decimal('0.01')):f}"


def _version(row: ProgrammeVersion, names: dict[int, str]) -> VersionRow:
    rules = ProgrammeRules.model_validate(row.rules)
    return VersionRow(
        id=row.id,
        state=state_of(row.starts_at, row.ends_at),
        starts=None if row.starts_at == EPOCH else when(row.starts_at),
        ends=when(row.ends_at) if row.ends_at else None,
        author=names.get(row.created_by, "") if row.created_by else "",
        sentences=tuple(rule_sentences(rules)),
        conditions=tuple(admin_sentences(rules)),
    )
