"""What a referrer sees of their own: codes with visits and conversions, totals, the newest rewards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from models import Refcode
from portal.codes import Deactivation, find_deactivation, list_codes, share_url
from portal.lib.clock import utc_today
from portal.lib.money import round_half_up
from portal.rewards import RewardPage, list_rewards_of_referrer, owed_wei, reward_totals
from portal.settings import Settings
from portal.shop import code_orders
from portal.visits import VisitStats, stats_by_code

WINDOW_DAYS = 28


@dataclass(frozen=True)
class CodeCard:
    """One code of a wallet: its link, its visits, the funnel to orders and paid orders, and why it is off if it is."""

    code: Refcode
    share_url: str
    visits: VisitStats
    orders: int
    paid: int
    deactivation: Deactivation | None


@dataclass(frozen=True)
class VisitComparison:
    """Visits in a window and in the time before it, as whole numbers."""

    now: int
    before: int


@dataclass(frozen=True)
class VisitComparisons:
    """Each window against the one before, the total against what it was 28 days ago (UX, /refcodes).

    Days older than 28 are not kept, so the 28 days are compared with the average of 28 earlier days.
    """

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
            *orders.get(code.code, (0, 0)),
            None if code.active else find_deactivation(code.code),
        )
        for code in codes
    ]
    return ReferrerOverview(
        cards,
        compare_visits([(card.visits, card.code.created_at.date()) for card in cards], utc_today()),
        reward_totals(user_id),
        list_rewards_of_referrer(user_id, cursor),
        owed_wei(user_id),
    )


def compare_visits(codes: Sequence[tuple[VisitStats, date]], today: date) -> VisitComparisons:
    """Compare the visits of codes, each with the day it was issued, with the time before."""
    stats = [visits for visits, _ in codes]
    days = [[visits for _, visits in each.daily] for each in stats]
    last28d, total = sum(each.last28d for each in stats), sum(each.total for each in stats)
    usual = sum((_usual(visits, (today - issued).days) for visits, issued in codes), Fraction(0))
    return VisitComparisons(
        VisitComparison(sum(each.today for each in stats), sum(day[-2] for day in days)),
        VisitComparison(sum(each.last7d for each in stats), sum(sum(day[-14:-7]) for day in days)),
        VisitComparison(last28d, round_half_up(usual)),
        VisitComparison(total, total - last28d),
    )


def _usual(visits: VisitStats, age_days: int) -> Fraction:
    """Return how many visits 28 days had on average before the last 28; of a younger code all there were before."""
    earlier_days = max(WINDOW_DAYS, age_days + 1 - WINDOW_DAYS)
    return Fraction((visits.total - visits.last28d) * WINDOW_DAYS, earlier_days)
