"""What a referrer sees of their own: codes with visits and conversions, totals, the newest rewards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models import Refcode
from portal.codes import Deactivation, find_deactivation, list_codes, share_url
from portal.orders import CodeOrders, code_orders
from portal.rewards import RewardPage, list_rewards_of_referrer, owed_wei, reward_totals
from portal.settings import Settings
from portal.visits import VisitStats, stats_by_code


@dataclass(frozen=True)
class CodeCard:
    """One code of a wallet: its link, its visits, the funnel to orders and paid orders, and why it is off if it is."""

    code: Refcode
    share_url: str
    visits: VisitStats
    orders: CodeOrders
    deactivation: Deactivation | None


@dataclass(frozen=True)
class VisitComparison:
    """Visits in a window and in the time before it, as whole numbers."""

    now: int
    before: int


@dataclass(frozen=True)
class VisitComparisons:
    """Each window against the one before, the total against what it was 28 days ago (UX, /refcodes)."""

    today: VisitComparison
    last7d: VisitComparison
    last28d: VisitComparison
    total: VisitComparison


@dataclass(frozen=True)
class ReferrerOverview:
    """A referrer's cards, exact totals {status: (count, wei)} over all rows, a page of rewards, what is owed."""

    cards: list[CodeCard]
    visits: VisitComparisons
    totals: dict[str, tuple[int, int]]
    rewards: RewardPage
    owed_wei: int


def referrer_overview(user_id: int, settings: Settings, cursor: str | None = None) -> ReferrerOverview:
    """Gather a referrer's dashboard; raise CursorInvalid."""
    codes = list_codes(user_id)
    names = [code.code for code in codes]
    visits, orders = stats_by_code(names), code_orders(names)
    cards = [
        CodeCard(
            code,
            share_url(settings.app_url, code.code),
            visits[code.code],
            orders[code.code],
            None if code.active else find_deactivation(code.code),
        )
        for code in codes
    ]
    return ReferrerOverview(
        cards,
        compare_visits([card.visits for card in cards]),
        reward_totals(user_id),
        list_rewards_of_referrer(user_id, cursor),
        owed_wei(user_id),
    )


def compare_visits(stats: Sequence[VisitStats]) -> VisitComparisons:
    """Compare the visits of several codes with the time before."""

    def compared(window: Literal["today", "last7d", "last28d"]) -> VisitComparison:
        now, before = (
            sum(getattr(each, window) for each in found)
            for found in (stats, [each.previous for each in stats])
        )
        return VisitComparison(now, before)

    last28d, total = compared("last28d"), sum(each.total for each in stats)
    return VisitComparisons(
        compared("today"), compared("last7d"), last28d, VisitComparison(total, total - last28d.now)
    )
