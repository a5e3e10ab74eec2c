"""What a referrer sees of their own: codes with visits and conversions, totals, the newest rewards."""

from __future__ import annotations

from dataclasses import dataclass

from models import Refcode
from portal.codes import list_codes, share_url
from portal.rewards import RewardPage, list_rewards_of_referrer, owed_wei, reward_totals
from portal.settings import Settings
from portal.shop import code_orders
from portal.visits import VisitStats, stats_by_code


@dataclass(frozen=True)
class CodeCard:
    """One code of a wallet: its link, its visits, and the funnel to orders and paid orders."""

    code: Refcode
    share_url: str
    visits: VisitStats
    orders: int
    paid: int


@dataclass(frozen=True)
class ReferrerOverview:
    """A referrer's cards, exact totals {status: (count, wei)} over all rows, a page of rewards, what is owed."""

    cards: list[CodeCard]
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
            code, share_url(settings.app_url, code.code), visits[code.code], *orders.get(code.code, (0, 0))
        )
        for code in codes
    ]
    rewards = list_rewards_of_referrer(user_id, cursor)
    return ReferrerOverview(cards, reward_totals(user_id), rewards, owed_wei(user_id))
