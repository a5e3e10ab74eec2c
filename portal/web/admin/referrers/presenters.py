"""What the page of a share code shows: frozen values, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.chain import checksum
from portal.flows.overviews.code_overview import CodeOverview
from portal.web.text.format import number
from portal.web.text.rewards import explorer_url
from portal.web.text.risk_hints import code_event


@dataclass(frozen=True, slots=True)
class CodeEventRow:
    """One entry of a code's history; `reason` is set where an admin gave one."""

    at: datetime
    what: str
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class CodeView:
    """A share code as an admin sees it; `blocked_reason` is the admin's reason while the code is blocked."""

    code: str
    is_active: bool
    is_blocked: bool
    blocked_reason: str | None
    owner: str
    email: str | None
    wallet: str
    wallet_url: str | None
    created_at: datetime
    visits: str
    orders: str
    events: tuple[CodeEventRow, ...]


def code_view(overview: CodeOverview) -> CodeView:
    """Return a share code with its owner, its counts and its history."""
    code, deactivation = overview.code, overview.deactivation
    is_blocked = deactivation is not None and deactivation.by == "admin"
    wallet = checksum(code.wallet_address)
    return CodeView(
        code=code.code,
        is_active=code.active,
        is_blocked=is_blocked,
        blocked_reason=deactivation.reason if deactivation and is_blocked else None,
        owner=overview.owner.name,
        email=overview.owner.email,
        wallet=wallet,
        wallet_url=explorer_url("address", wallet),
        created_at=code.created_at,
        visits=f"{number(overview.visits.total)} · {number(overview.visits.last28d)}",
        orders=f"{number(overview.orders.orders)} · {number(overview.orders.paid)}",
        events=tuple(
            CodeEventRow(
                event.at,
                code_event(event.event, event.data.get("by")),
                overview.names.get(event.actor_user_id or 0, event.actor),
                (event.reason or "") if event.data.get("by") == "admin" else "",
            )
            for event in overview.events
        ),
    )
