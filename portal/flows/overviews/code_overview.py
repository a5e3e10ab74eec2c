"""A share code for an admin: its owner, its results, and who activated or deactivated it."""

from __future__ import annotations

from dataclasses import dataclass

from models import EventLog, Refcode, User
from portal.accounts import get_user
from portal.codes import (
    CodeUnknown,
    Deactivation,
    Results,
    find_alias,
    find_code,
    find_deactivation,
    list_code_events,
    results_of_codes,
)
from portal.db import Page
from portal.orders import CodeOrders, code_orders
from portal.visits import VisitStats, stats_by_code


@dataclass(frozen=True)
class CodeOverview:
    """A code with its owner and results; `events` are newest first, `names` are those of their actors."""

    code: Refcode
    alias: str | None
    owner: User
    visits: VisitStats
    orders: CodeOrders
    results: Results
    deactivation: Deactivation | None
    events: Page[EventLog]
    names: dict[int, str]


def code_overview(code: str, events_cursor: str | None = None) -> CodeOverview:
    """Return the overview of a code with a page of its events; raise CodeUnknown or CursorInvalid."""
    row = find_code(code)
    if row is None:
        raise CodeUnknown
    events = list_code_events(code, events_cursor)
    actors = {event.actor_user_id for event in events.rows} - {None}
    return CodeOverview(
        row,
        find_alias(code),
        get_user(row.owner_user_id),
        stats_by_code([code])[code],
        code_orders([code])[code],
        results_of_codes([code])[code],
        None if row.active else find_deactivation(code),
        events,
        {person.id: person.name for person in User.select().where(User.id.in_(list(actors)))},
    )
