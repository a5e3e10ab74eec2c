"""The dashboard of a referrer: codes with visits and orders, totals, the newest rewards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models import Refcode, ReferralReward, StoreReferrer, Wallet
from portal.accounts import WALLETS_PAGE
from portal.codes import Deactivation, find_deactivations, list_codes, share_url
from portal.db import Page, page_of_list, read_together
from portal.orders import CodeOrders, code_orders
from portal.rewards import list_rewards_of_referrer, owed_wei, reward_totals
from portal.settings import Settings
from portal.visits import VisitStats, stats_by_code

# A card has a code's QR code and a plot of its visits.
CODES_PAGE = 2


@dataclass(frozen=True)
class CodeCard:
    """A code with its link, visits and orders; `deactivation` is set while it is inactive."""

    code: Refcode
    share_url: str
    visits: VisitStats
    orders: CodeOrders
    deactivation: Deactivation | None


@dataclass(frozen=True)
class VisitComparison:
    """The visits of a period and of the period before."""

    now: int
    before: int


@dataclass(frozen=True)
class VisitComparisons:
    """Each period against the one before, and the total against 28 days ago. See docs/rules/visits.md."""

    today: VisitComparison
    last7d: VisitComparison
    last28d: VisitComparison
    total: VisitComparison


@dataclass(frozen=True)
class ReferrerOverview:
    """The names of all codes, a page of codes, the visits of all codes, a page of rewards, and debts in wei.

    `totals` are exact over all rewards: {status: (count, wei)}.
    """

    codes: list[str]
    cards: Page[CodeCard]
    visits: VisitComparisons
    totals: dict[str, tuple[int, int]]
    rewards: Page[ReferralReward]
    owed_wei: int


def referrer_overview(
    user_id: int,
    settings: Settings,
    cursor: str | None = None,
    *,
    codes_cursor: str | None = None,
    codes_size: int = CODES_PAGE,
) -> ReferrerOverview:
    """Return the dashboard of a referrer; raise CursorInvalid."""
    every = list_codes(user_id)
    page = page_of_list(
        every, codes_cursor, codes_size, lambda code: (code.created_at.isoformat(), code.code)
    )
    codes = page.rows
    visits, orders = stats_by_code([code.code for code in every]), code_orders([code.code for code in codes])
    deactivations = find_deactivations([code.code for code in codes if not code.active])
    cards = [
        CodeCard(
            code,
            share_url(settings.app_url, code.code),
            visits[code.code],
            orders[code.code],
            None if code.active else deactivations.get(code.code),
        )
        for code in codes
    ]
    return ReferrerOverview(
        [code.code for code in every],
        Page(cards, page.next_cursor),
        compare_visits(list(visits.values())),
        reward_totals(user_id),
        list_rewards_of_referrer(user_id, cursor),
        owed_wei(user_id),
    )


@dataclass(frozen=True)
class ReferrerLinks:
    """A page of the wallets of a referrer, the wallets that stores state for codes without one, and other stores.

    `stated` has them by `store_referrer_id`, in stored form.
    """

    wallets: list[str]
    has_more_wallets: bool
    stated: dict[int, str]
    is_in_stores: bool


def referrer_links(user_id: int, codes: Sequence[Refcode]) -> ReferrerLinks:
    """Return what a referrer and the codes of a page of them are linked to, from one statement."""
    without_wallet = [code.store_referrer_id for code in codes if not code.wallet_address]
    wallets, stated, connected = read_together(
        Wallet.select(Wallet.address)
        .where(Wallet.user == user_id)
        .order_by(Wallet.created_at, Wallet.address)
        .limit(WALLETS_PAGE + 1),
        StoreReferrer.select(StoreReferrer.id, StoreReferrer.stated_wallet).where(
            StoreReferrer.id.in_(without_wallet), StoreReferrer.stated_wallet.is_null(False)
        ),
        StoreReferrer.select(StoreReferrer.id).where(StoreReferrer.user == user_id).limit(1),
    )
    return ReferrerLinks(
        [row.address for row in wallets[:WALLETS_PAGE]],
        len(wallets) > WALLETS_PAGE,
        {row.id: row.stated_wallet for row in stated},
        bool(connected),
    )


def compare_visits(stats: Sequence[VisitStats]) -> VisitComparisons:
    """Return the visits of several codes against the periods before."""

    def compared(window: Literal["today", "last7d", "last28d"]) -> VisitComparison:
        now = sum(getattr(code, window) for code in stats)
        return VisitComparison(now, sum(getattr(code.previous, window) for code in stats))

    last28d, total = compared("last28d"), sum(each.total for each in stats)
    return VisitComparisons(
        compared("today"), compared("last7d"), last28d, VisitComparison(total, total - last28d.now)
    )
