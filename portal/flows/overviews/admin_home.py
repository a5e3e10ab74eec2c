"""Everything that the home of admins shows, in a fixed number of statements whatever the size of the ledgers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models import Store
from portal.figures import Figure, last_count, list_figures
from portal.flows.overviews.first_sale import list_first_sale_steps
from portal.flows.overviews.money_overview import (
    CurrencyMoney,
    TokenMoney,
    money_overview,
    token_overview,
)
from portal.flows.overviews.waiting_work import count_waiting_work
from portal.lib.clock import utc_today
from portal.settings import Settings
from portal.visits import VisitStats, platform_stats

SHOWN_DAYS = 28
# A portal with more stores that do not answer has one cause, and the page need not name them all.
_MOST_STORES = 50


@dataclass(frozen=True)
class StoreState:
    """A store with sales within the shown days, or one that did not answer when its orders were read."""

    id: int
    name: str
    is_silent: bool


@dataclass(frozen=True)
class AdminHome:
    """What an admin finds first.

    `steps` to the first sale are empty once something was sold. `figures` are those of `days`, the last 28 (UTC).
    `counted_at` is None before the job counted for the first time.
    """

    steps: list[tuple[str, bool]]
    waiting: dict[str, int]
    money: list[CurrencyMoney]
    tokens: TokenMoney
    days: list[date]
    figures: list[Figure]
    visits: VisitStats
    stores: list[StoreState]
    counted_at: datetime | None


def admin_home(settings: Settings) -> AdminHome:
    """Return the overview of the whole platform."""
    today = utc_today()
    days = [today - timedelta(days=back) for back in reversed(range(SHOWN_DAYS))]
    figures = list_figures(min(days[0], today.replace(day=1)))
    shown = [figure for figure in figures if figure.day >= days[0]]
    return AdminHome(
        steps=list_first_sale_steps(settings),
        waiting=count_waiting_work(),
        money=money_overview(figures, today),
        tokens=token_overview(figures, today),
        days=days,
        figures=shown,
        visits=platform_stats(),
        stores=_stores({figure.store_id for figure in shown if figure.kind == "sales"}),
        counted_at=last_count(),
    )


def _stores(store_ids: Collection[int]) -> list[StoreState]:
    is_silent = Store.active & (Store.poll_failures > 0)
    rows = Store.select().where(Store.id.in_(sorted(store_ids)) | is_silent).order_by(Store.id)
    return [
        StoreState(store.id, store.name, is_silent=store.active and store.poll_failures > 0)
        for store in rows.limit(len(store_ids) + _MOST_STORES)
    ]
