"""Months of membership: each paid one runs in full, the highest tier first. See docs/rules/payments.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models import MembershipMonth, User
from portal.db import Actor, query, record_event, transaction
from portal.lib.clock import utc_now

# Lowest first.
TIERS = ("SUBSCRIBER", "MEMBER", "CONFIDENTIAL")


@dataclass(frozen=True)
class Membership:
    """The current tier and its end, None for the free one; `then` holds the tiers that follow, with their ends."""

    tier: str
    until: datetime | None
    then: tuple[tuple[str, datetime], ...] = ()


def read_membership(user_id: int) -> Membership:
    """Return the current membership of a person."""
    ends = _ends(_live_months(user_id, utc_now()))
    if not ends:
        return Membership(TIERS[0], None)
    (tier, until), *then = ends
    return Membership(tier, until, tuple(then))


def is_lower(tier: str, than: str) -> bool:
    """Return whether a tier is below another."""
    return TIERS.index(tier) < TIERS.index(than)


def grant_membership(user_id: int, tier: str, actor: Actor, order_reference: str) -> None:
    """Add a month of a tier, once per payment reference; the caller has locked the account.

    It begins after every month of this or a higher tier, and postpones those of lower tiers.
    """
    with transaction():
        now = utc_now()
        lowest = TIERS.index(tier)
        starts = max(
            [now, *(row.ends_at for row in _live_months(user_id, now) if TIERS.index(row.tier) >= lowest)]
        )
        rows = query(
            """INSERT INTO membership_months (order_reference, user_id, tier, starts_at, ends_at)
               VALUES (%s, %s, %s, %s, %s::timestamptz + interval '1 month')
               ON CONFLICT DO NOTHING RETURNING ends_at""",
            [order_reference, user_id, tier, starts, starts],
        )
        if rows:
            _move(user_id, TIERS[:lowest], after=starts, seconds_of=(starts, rows[0][0]))
            _changed(user_id, tier, "membership_granted", actor, order_reference)


def revoke_membership(user_id: int, tier: str, actor: Actor, order_reference: str) -> None:
    """Revoke the rest of the month paid by a refunded reference; later months move up."""
    with transaction():
        now = utc_now()
        month = MembershipMonth.get_or_none(
            (MembershipMonth.order_reference == order_reference) & MembershipMonth.revoked_at.is_null()
        )
        if month is None:
            return
        MembershipMonth.update(revoked_at=now).where(
            MembershipMonth.order_reference == order_reference
        ).execute()
        # A higher tier bought since interrupts the month, and its time is not what was refunded.
        before = [row.ends_at for row in _live_months(user_id, now) if row.ends_at <= month.ends_at]
        left_from = max([month.starts_at, now, *before])
        if month.ends_at > left_from:
            lower_and_same = TIERS[: TIERS.index(month.tier) + 1]
            _move(user_id, lower_and_same, after=left_from, seconds_of=(month.ends_at, left_from))
        _changed(user_id, tier, "membership_revoked", actor, order_reference)


def _live_months(user_id: int, now: datetime) -> list[MembershipMonth]:
    rows = MembershipMonth.select().where(
        (MembershipMonth.user_id == user_id)
        & MembershipMonth.revoked_at.is_null()
        & (MembershipMonth.ends_at > now)
    )
    return list(rows.order_by(MembershipMonth.ends_at))


def _ends(months: Sequence[MembershipMonth]) -> list[tuple[str, datetime]]:
    """Return the end of each tier, highest tier first."""
    last = {row.tier: row.ends_at for row in months}
    return [(tier, last[tier]) for tier in reversed(TIERS) if tier in last]


def _move(
    user_id: int, tiers: Sequence[str], *, after: datetime, seconds_of: tuple[datetime, datetime]
) -> None:
    """Move months that end after a moment by the time between two others; started ones keep their start."""
    first, second = seconds_of
    query(
        """UPDATE membership_months SET ends_at = ends_at + %(by)s,
               starts_at = CASE WHEN starts_at >= %(after)s THEN starts_at + %(by)s ELSE starts_at END
           WHERE user_id = %(user)s AND tier = ANY(%(tiers)s) AND revoked_at IS NULL AND ends_at > %(after)s""",
        {"by": second - first, "after": after, "user": user_id, "tiers": list(tiers)},
    )


def _changed(user_id: int, tier: str, event: str, actor: Actor, order_reference: str) -> None:
    now = read_membership(user_id)
    User.update(membership_tier=now.tier, membership_until=now.until).where(User.id == user_id).execute()
    record_event(actor, "user", user_id, event, reason=tier, order_reference=order_reference)
