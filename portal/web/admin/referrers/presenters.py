"""What the page of a share code shows: frozen values, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from portal.chain import checksummed
from portal.flows.overviews.code_overview import CodeOverview
from portal.flows.overviews.risk_hints import refund_hint
from portal.web.text.events import actor_words
from portal.web.text.format import number, percent, token_text, tokens
from portal.web.text.rewards import explorer_url
from portal.web.text.risk_hints import code_event, risk_hint
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from models import EventLog
    from portal.flows.programme.standing import Standing


@dataclass(frozen=True, slots=True)
class CodeEventRow:
    """One entry of a code's history; `reason` is set where an admin gave one."""

    at: datetime
    what: str
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class HintView:
    """A risk hint in words; `level` is low, medium or high."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class ReferrerRow:
    """A share code in the list, with its results as text; `alias` is "" without one."""

    code: str
    alias: str
    is_active: bool
    owner_id: int
    owner: str
    visits: str
    orders: str
    paid: str
    refunded: str
    earned: str
    minted: str
    bonus: str
    hints: tuple[HintView, ...]


@dataclass(frozen=True, slots=True)
class CodeView:
    """A share code as an admin sees it; `blocked_reason` is the admin's reason while the code is blocked."""

    code: str
    alias: str
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
    rewards: str
    events: tuple[CodeEventRow, ...]


def referrer_row(row: Any, standing: Standing) -> ReferrerRow:
    """Return a share code of `list_referrers` with its results and the bonus of its owner."""
    paid, refunded = int(row.paid_orders), int(row.refunded_orders)
    share = f" ({number(refunded * 100 // paid)}%)" if paid and refunded else ""
    return ReferrerRow(
        code=row.code,
        alias=row.alias,
        is_active=row.active,
        owner_id=row.owner.id,
        owner=row.owner.name,
        visits=number(row.visits_total),
        orders=number(int(row.orders)),
        paid=number(paid),
        refunded=f"{number(refunded)}{share}",
        earned=tokens(int(row.earned_wei)),
        minted=tokens(int(row.minted_wei)),
        bonus=_bonus(standing),
        hints=_hints(paid, refunded),
    )


def _bonus(standing: Standing) -> str:
    """Return the bonuses of level and referrer, as far as there are any; campaigns are the same for many."""
    parts = []
    if standing.level_percent > 0:
        parts.append(
            ngettext(
                "+%(percent)s from %(num)s referral",
                "+%(percent)s from %(num)s referrals",
                standing.level_referrals,
                percent=percent(standing.level_percent),
            )
        )
    if standing.personal_percent > 0:
        parts.append(_("+%(percent)s personal", percent=percent(standing.personal_percent)))
    return ", ".join(parts) or "—"


def _hints(paid: int, refunded: int) -> tuple[HintView, ...]:
    hint = refund_hint(paid, refunded)
    return (HintView(hint.level, risk_hint(hint.code, hint.number)),) if hint else ()


def code_view(overview: CodeOverview) -> CodeView:
    """Return a share code with its owner, its counts and its history."""
    code, deactivation = overview.code, overview.deactivation
    is_blocked = deactivation is not None and deactivation.by == "admin"
    wallet = checksummed(code.wallet_address)
    return CodeView(
        code=code.code,
        alias=overview.alias or "",
        is_active=code.active,
        is_blocked=is_blocked,
        blocked_reason=deactivation.reason if deactivation and is_blocked else None,
        owner=overview.owner.name,
        email=overview.owner.email,
        wallet=wallet,
        wallet_url=explorer_url("address", wallet) if wallet else None,
        created_at=code.created_at,
        visits=f"{number(overview.visits.total)} · {number(overview.visits.last28d)}",
        orders=f"{number(overview.orders.orders)} · {number(overview.orders.paid)}",
        rewards=f"{token_text(overview.results.earned_wei)} · {token_text(overview.results.minted_wei)}",
        events=tuple(
            CodeEventRow(
                event.at,
                _what(event),
                overview.names.get(event.actor_user_id or 0) or actor_words(event.actor),
                (event.reason or "") if event.data.get("by") == "admin" else "",
            )
            for event in overview.events.rows
        ),
    )


def _what(event: EventLog) -> str:
    """Return an event in words, with the alias or label that it is about."""
    text = code_event(event.event, event.data.get("by"))
    name = event.data.get("alias") or event.data.get("label")
    return f"{text}: {name}" if name else text
