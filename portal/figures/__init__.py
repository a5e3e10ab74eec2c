"""What was sold, earned and minted on each day (UTC), counted by a job. See docs/rules/figures.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from models import CountedDay, DailyFigure
from portal.db import query, transaction, tuples

__all__ = [
    "IN_WEI",
    "Figure",
    "Kind",
    "last_count",
    "list_counted_days",
    "list_figures",
    "prune_figures",
    "save_day",
]

Kind = Literal["sales", "rewards", "minted"]
# The currency of amounts in base units of the reward token, as in the journal.
IN_WEI = "TOKEN"


@dataclass(frozen=True)
class Figure:
    """One figure of a day: the number of items, and their amount in minor units, or in wei where it is TOKEN."""

    day: date
    kind: Kind
    store_id: int
    currency: str
    items: int
    amount: int


def save_day(day: date, figures: Iterable[Figure]) -> None:
    """Replace the figures of a day; a reader sees the former ones or the new ones."""
    rows = [vars(figure) for figure in figures]
    with transaction():
        # The row of the day makes two runs wait for each other.
        query(
            "INSERT INTO counted_days (day) VALUES (%s) ON CONFLICT (day) DO UPDATE SET counted_at = now()",
            [day],
        )
        DailyFigure.delete().where(DailyFigure.day == day).execute()
        if rows:
            DailyFigure.insert_many(rows).execute()


def list_figures(since: date) -> list[Figure]:
    """Return the figures from a day on, in the order of days."""
    columns = (
        DailyFigure.day,
        DailyFigure.kind,
        DailyFigure.store_id,
        DailyFigure.currency,
        DailyFigure.items,
        DailyFigure.amount,
    )
    rows = (
        DailyFigure.select(*columns)
        .where(DailyFigure.day >= since)
        .order_by(DailyFigure.day, DailyFigure.kind)
    )
    return [Figure(*row) for row in tuples(rows)]


def list_counted_days(since: date, counted_after: datetime) -> set[date]:
    """Return the days from `since` on that were counted after a time."""
    rows = CountedDay.select(CountedDay.day).where(
        (CountedDay.day >= since) & (CountedDay.counted_at > counted_after)
    )
    return {row.day for row in rows}


def last_count() -> datetime | None:
    """Return when a day was counted last, None before the first count."""
    newest = CountedDay.select().order_by(CountedDay.day.desc()).first()
    return newest.counted_at if newest else None


def prune_figures(before: date) -> int:
    """Delete the figures of the days before a day and return how many days there were."""
    return int(CountedDay.delete().where(CountedDay.day < before).execute())
