"""The plots of the last 28 days, and the revenue of each store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from portal.figures import Figure
from portal.flows.overviews.admin_home import AdminHome
from portal.lib.money import to_major
from portal.web.text.format import money, number, short_day, token_text
from portal.web.text.platforms import store_title
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

# Label, height of the bar, value in words.
Bar = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class DayPlot:
    """A plot with one bar per day."""

    id: str
    title: str
    description: str
    value_label: str
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class StoreRow:
    """What a store sold in one currency; `share` is its percent of the currency's revenue."""

    name: str
    currency: str
    orders: str
    revenue: str
    share: int


def day_plots(home: AdminHome) -> list[DayPlot]:
    """Return visits, orders, rewards and revenue by day."""
    sales = [figure for figure in home.figures if figure.kind == "sales"]
    rewards = [figure for figure in home.figures if figure.kind == "rewards"]
    orders, earned = _by_day(sales), _by_day(rewards)
    visit_words = ngettext(
        "%(num)s visit in 28 days, by day (UTC).",
        "%(num)s visits in 28 days, by day (UTC).",
        home.visits.last28d,
    )
    order_words = ngettext(
        "%(num)s paid order in 28 days, by day (UTC).",
        "%(num)s paid orders in 28 days, by day (UTC).",
        orders.total(),
    )
    reward_words = ngettext(
        "%(num)s reward in 28 days, %(amount)s, by day (UTC).",
        "%(num)s rewards in 28 days, %(amount)s, by day (UTC).",
        earned.total(),
        amount=token_text(sum(figure.amount for figure in rewards)),
    )
    visits = Counter(dict(home.visits.daily))
    return [
        DayPlot("plot-visits", _("Visits"), visit_words, _("Visits"), _bars(home, visits)),
        DayPlot("plot-orders", _("Paid orders"), order_words, _("Orders"), _bars(home, orders)),
        DayPlot("plot-rewards", _("Rewards earned"), reward_words, _("Rewards"), _bars(home, earned)),
        _revenue_plot(home, sales),
    ]


def store_rows(home: AdminHome) -> list[StoreRow]:
    """Return what each store sold in the last 28 days, the largest of a currency first."""
    orders: Counter[tuple[int, str]] = Counter()
    revenue: Counter[tuple[int, str]] = Counter()
    of_currency: Counter[str] = Counter()
    for figure in home.figures:
        if figure.kind == "sales":
            key = figure.store_id, figure.currency
            orders[key] += figure.items
            revenue[key] += figure.amount
            of_currency[figure.currency] += figure.amount
    names = {store.id: store_title(store.id, store.name) for store in home.stores}
    keys = sorted(revenue, key=lambda key: (key[1], -revenue[key], key[0]))
    return [
        StoreRow(
            names.get(store_id, str(store_id)),
            currency,
            number(orders[store_id, currency]),
            money(revenue[store_id, currency], currency),
            share=100 * revenue[store_id, currency] // max(1, of_currency[currency]),
        )
        for store_id, currency in keys
    ]


def _revenue_plot(home: AdminHome, sales: list[Figure]) -> DayPlot:
    """Return the revenue of the currency with the most orders; the table of stores has the others."""
    orders: Counter[str] = Counter()
    for figure in sales:
        orders[figure.currency] += figure.items
    currency = orders.most_common(1)[0][0] if orders else "UAH"
    minor: Counter[date] = Counter()
    for figure in sales:
        if figure.currency == currency:
            minor[figure.day] += figure.amount
    return DayPlot(
        "plot-revenue",
        _("Revenue in %(currency)s", currency=currency),
        _("%(amount)s in 28 days, by day (UTC), before refunds.", amount=money(minor.total(), currency)),
        _("Revenue"),
        [(_day(day), int(to_major(minor[day], currency)), money(minor[day], currency)) for day in home.days],
    )


def _by_day(figures: list[Figure]) -> Counter[date]:
    days: Counter[date] = Counter()
    for figure in figures:
        days[figure.day] += figure.items
    return days


def _bars(home: AdminHome, counts: Counter[date]) -> list[Bar]:
    return [(_day(day), counts[day], number(counts[day])) for day in home.days]


def _day(day: date) -> str:
    return str(short_day(day))
