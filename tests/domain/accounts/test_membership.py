"""Months of membership: purchases in any order keep every paid month, and a refund revokes only its own."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from models import EventLog, MembershipMonth, PaymentTransaction, User
from portal.accounts import Membership, grant_membership, lock_user, read_membership, revoke_membership
from portal.db import SYSTEM, transaction
from tests.factories import make_user
from tests.support.threads import at_once

pytestmark = pytest.mark.system_postgres

START = datetime(2027, 1, 10, 12, tzinfo=UTC)
_numbers = itertools.count(1)


def day(number: int, month: int = 1) -> datetime:
    return datetime(2027, month, number, 12, tzinfo=UTC)


def reference(user: User, tier: str) -> str:
    text = f"membership_{user.id}_{next(_numbers)}"
    PaymentTransaction.insert(
        order_reference=text, purpose="membership_upgrade", processor="wayforpay", rail="merchant_redirect",
        entity_id=str(user.id), user_id=user.id, amount_minor=1, currency="UAH", status="paid",
        detail={"tier": tier},
    ).execute()  # fmt: skip
    return text


def buy(user: User, tier: str, moment: datetime) -> str:
    text = reference(user, tier)
    with time_machine.travel(moment, tick=False):
        grant_membership(user.id, tier, SYSTEM, text)
    return text


def refund(user: User, text: str, moment: datetime) -> None:
    with time_machine.travel(moment, tick=False):
        revoke_membership(user.id, "MEMBER", SYSTEM, text)


def membership_at(user: User, moment: datetime) -> Membership:
    with time_machine.travel(moment, tick=False):
        return read_membership(user.id)


def test_month_lasts_a_calendar_month(database: str) -> None:
    user = make_user()
    assert membership_at(user, START) == Membership("SUBSCRIBER", None)
    buy(user, "MEMBER", START)
    assert membership_at(user, START) == Membership("MEMBER", day(10, 2))
    assert membership_at(user, day(10, 2) - timedelta(seconds=1)).tier == "MEMBER"
    assert membership_at(user, day(10, 2)) == Membership("SUBSCRIBER", None)


def test_renewal_extends_the_current_month(database: str) -> None:
    user = make_user()
    buy(user, "MEMBER", START)
    buy(user, "MEMBER", day(20))
    assert membership_at(user, day(20)) == Membership("MEMBER", day(10, 3))
    # After expiry a new month starts at its payment; the days in between are not counted.
    buy(user, "MEMBER", day(20, 4))
    assert membership_at(user, day(20, 4)) == Membership("MEMBER", day(20, 5))


def test_upgrade_starts_at_once_and_keeps_days_of_the_lower_tier(database: str) -> None:
    user = make_user()
    buy(user, "MEMBER", START)
    buy(user, "CONFIDENTIAL", day(20))
    # 21 days of MEMBER were left; they follow the CONFIDENTIAL month.
    left = day(20, 2) + (day(10, 2) - day(20))
    assert membership_at(user, day(20)) == Membership("CONFIDENTIAL", day(20, 2), (("MEMBER", left),))
    assert membership_at(user, day(20, 2)) == Membership("MEMBER", left)
    assert membership_at(user, left) == Membership("SUBSCRIBER", None)


def test_lower_tier_starts_after_the_higher_one(database: str) -> None:
    user = make_user()
    buy(user, "CONFIDENTIAL", START)
    buy(user, "MEMBER", day(11))
    assert membership_at(user, day(11)) == Membership("CONFIDENTIAL", day(10, 2), (("MEMBER", day(10, 3)),))
    # It is moved back when the higher tier is renewed.
    buy(user, "CONFIDENTIAL", day(12))
    membership = membership_at(user, day(12))
    assert membership.until == day(10, 3)
    assert membership.then == (("MEMBER", day(10, 3) + (day(10, 3) - day(10, 2))),)


def test_refund_ends_only_its_own_month(database: str) -> None:
    user = make_user()
    buy(user, "MEMBER", START)
    upgrade = buy(user, "CONFIDENTIAL", day(20))
    refund(user, upgrade, day(25))
    # Five days were used; all MEMBER days remain.
    assert membership_at(user, day(25)) == Membership("MEMBER", day(10, 2) + timedelta(days=5))


def test_refund_of_an_interrupted_month_leaves_the_next_one_whole(database: str) -> None:
    user = make_user()
    first = buy(user, "MEMBER", START)
    buy(user, "MEMBER", START)
    upgrade = buy(user, "CONFIDENTIAL", day(20))
    second = day(10, 3) - day(10, 2)
    refund(user, first, day(20))
    kept = Membership("CONFIDENTIAL", day(20, 2), (("MEMBER", day(20, 2) + second),))
    assert membership_at(user, day(20)) == kept
    refund(user, upgrade, day(20))
    assert membership_at(user, day(20)) == Membership("MEMBER", day(20) + second)


def test_refund_of_the_current_month_starts_the_next_one_earlier(database: str) -> None:
    user = make_user()
    first = buy(user, "MEMBER", START)
    buy(user, "MEMBER", day(11))
    refund(user, first, day(15))
    assert membership_at(user, day(15)).until == day(10, 3) - (day(10, 2) - day(15))


def test_refund_of_a_future_month_shortens_the_membership(database: str) -> None:
    user = make_user()
    buy(user, "MEMBER", START)
    second = buy(user, "MEMBER", day(11))
    refund(user, second, day(15))
    assert membership_at(user, day(15)) == Membership("MEMBER", day(10, 2))


def test_refund_of_a_past_month_changes_no_other_month(database: str) -> None:
    user = make_user()
    first = buy(user, "MEMBER", START)
    buy(user, "MEMBER", day(15, 2))
    refund(user, first, day(16, 2))
    assert membership_at(user, day(16, 2)) == Membership("MEMBER", day(15, 3))


def test_repeated_grant_and_refund_of_a_reference_apply_once(database: str) -> None:
    user = make_user()
    text = buy(user, "MEMBER", START)
    with time_machine.travel(START, tick=False):
        grant_membership(user.id, "MEMBER", SYSTEM, text)
    assert membership_at(user, START).until == day(10, 2)
    buy(user, "MEMBER", START)
    for _ in range(2):
        refund(user, text, START)
    # The second month, 28 days in February, now starts earlier.
    assert membership_at(user, START) == Membership("MEMBER", day(7, 2))
    names = [row.event for row in EventLog.select().where(EventLog.order_reference == text)]
    assert names == ["membership_granted", "membership_revoked"]
    stored = User.get_by_id(user.id)
    assert (stored.membership_tier, stored.membership_until) == ("MEMBER", day(7, 2))


def test_months_paid_concurrently_are_consecutive(database: str) -> None:
    user = make_user()
    references = [reference(user, "MEMBER") for _ in range(4)]

    def pay(text: str) -> None:
        with transaction():
            lock_user(user.id)
            grant_membership(user.id, "MEMBER", SYSTEM, text)

    assert not at_once([lambda text=text: pay(text) for text in references])
    months = list(MembershipMonth.select().order_by(MembershipMonth.starts_at))
    assert [later.starts_at for later in months[1:]] == [earlier.ends_at for earlier in months[:-1]]


def test_months_of_other_users_are_unchanged(database: str) -> None:
    user, other = make_user(), make_user()
    buy(other, "MEMBER", START)
    buy(user, "MEMBER", START)
    buy(user, "CONFIDENTIAL", START)
    assert membership_at(other, START) == Membership("MEMBER", day(10, 2))
