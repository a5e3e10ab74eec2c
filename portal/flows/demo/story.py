"""What happened in the demo shops during four weeks: people, orders and visits, the same at every start.

Pure: days are counted backwards from today, and chance is a seeded generator.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

DAYS = 28
_ORDERS = 34
Outcome = Literal["paid", "unpaid", "cancelled", "declined", "refunded", "partly_refunded", "credit"]

# Marked by their addresses, all of which end with @demo.example.
BUYERS = (
    "Olena Koval",
    "Taras Melnyk",
    "Iryna Shevchuk",
    "Andriy Bondar",
    "Sofia Tkachenko",
    "Maksym Lysenko",
    "Oksana Rudenko",
    "Dmytro Savchuk",
    "Nadia Kravets",
    "Roman Hnatiuk",
    "Yulia Marchenko",
    "Petro Zinchenko",
    "Halyna Moroz",
    "Ivan Polishchuk",
    "Maria Danylko",
    "Bohdan Vovk",
    "Larysa Oliynyk",
    "Serhiy Pavlenko",
    "Kateryna Bila",
    "Mykola Stets",
    "Vira Chorna",
    "Ostap Hrytsak",
    "Lidia Fedun",
    "Yaroslav Kit",
)
REFERRERS = ("Zoryana Blog", "Lviv Walks", "Tea Friends")
# Days ago and tier of each membership that a buyer paid for.
MEMBERSHIPS = ((19, "MEMBER"), (6, "CONFIDENTIAL"))
# More people come at the end of the week.
_WEEK = (0.8, 0.75, 0.85, 0.95, 1.2, 1.5, 1.35)
_HOURS = (8, 9, 10, 11, 12, 13, 15, 17, 18, 19, 20, 21)
_SLUGS = (
    "mountain-tea",
    "clay-teapot",
    "honey-jar",
    "field-notebook",
    "city-map",
    "reading-lamp",
    "tea-gift-box",
    "poster-print",
)
_OUTCOMES: dict[int, Outcome] = {
    4: "refunded",
    9: "partly_refunded",
    14: "credit",
    17: "refunded",
    22: "declined",
    26: "partly_refunded",
    28: "cancelled",
    32: "unpaid",
    33: "unpaid",
}


@dataclass(frozen=True)
class DemoOrder:
    """An order: its place in the list, who bought what when, and through whose code; `referrer` 0 is the demo login."""

    number: int
    at: datetime
    buyer: int
    slugs: tuple[str, ...]
    referrer: int | None
    outcome: Outcome


def demo_orders(now: datetime) -> list[DemoOrder]:
    """Return the orders of the last four weeks, the oldest first."""
    chance = random.Random(20)  # noqa: S311 - the same story each time
    known = 0
    orders = []
    for number, moment in enumerate(sorted(_moment(now, chance) for _ in range(_ORDERS))):
        is_first = known < len(BUYERS) and (number < 6 or chance.random() < 0.6)
        buyer = known if is_first else chance.randrange(known)
        known += is_first
        referrer = chance.choice((0, 0, 0, 1, 2, 3)) if is_first and number % 6 != 5 else None
        slugs = tuple(sorted(chance.sample(_SLUGS, chance.choice((1, 1, 2, 3)))))
        outcome = _OUTCOMES.get(number, "paid")
        orders.append(DemoOrder(number, moment, buyer, slugs, referrer, outcome))
    return orders


def demo_visits(now: datetime) -> list[list[int]]:
    """Return the visits of each code by days ago, index 0 today: the demo login's code first, then the referrers'."""
    chance = random.Random(28)  # noqa: S311
    return [
        [
            round(size * _WEEK[(now - timedelta(days=days)).weekday()] * chance.uniform(0.6, 1.4))
            for days in range(DAYS)
        ]
        for size in (34, 12, 7, 3)
    ]


def _moment(now: datetime, chance: random.Random) -> datetime:
    days = chance.choices(
        range(DAYS), [_WEEK[(now - timedelta(days=each)).weekday()] for each in range(DAYS)]
    )[0]
    if not days:
        return now - timedelta(minutes=chance.randrange(30, 120))
    day = (now - timedelta(days=days)).replace(second=0, microsecond=0)
    return day.replace(hour=chance.choice(_HOURS), minute=chance.randrange(60))
