"""A share code for an admin: its owner, its results, and who activated or deactivated it."""

from __future__ import annotations

from dataclasses import dataclass

from models import EventLog, Refcode, User
from portal.accounts import get_user
from portal.codes import CodeUnknown, Deactivation, find_code, find_deactivation, list_code_events
from portal.orders import CodeOrders, code_orders
from portal.visits import VisitStats, stats_by_code


@dataclass(frozen=True)
class CodeOverview:
    """A code with its owner, visits and orders; `events` are newest first, `names` are those of their actors."""

    code: Refcode
    owner: User
    visits: VisitStats
    orders: CodeOrders
    deactivation: Deactivation | None
    events: list[EventLog]
    names: dict[int, str]


def code_overview(code: str) -> CodeOverview:
    """Return the overview of a code; raise CodeUnknown."""
    row = find_code(code)
    if row is None:
        raise CodeUnknown
    events = list_code_events(code)
    actors = {event.actor_user_id for event in events} - {None}
    return CodeOverview(
        row,
        get_user(row.owner_user_id),
        stats_by_code([code])[code],
        code_orders([code])[code],
        None if row.active else find_deactivation(code),
        events,
        {person.id: person.name for person in User.select().where(User.id.in_(list(actors)))},
    )
