"""Alerts about the portal: opened, kept, closed; one letter per change; no flood from a cause that comes and goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models import EventLog, JobRun, MailOutbox, Notification, OperatorAlert, User
from portal.accounts import list_admin_ids
from portal.chain import NotConfigured
from portal.chain.state import raise_alert, remember
from portal.db import Actor, query
from portal.flows.overviews.watch_portal import report_books, send_digest, watch_portal
from portal.monitoring import list_open_alerts
from portal.notifications import decline_topic
from portal.settings import Settings
from tests.factories import ACTOR, make_admin, make_user

CHAIN = NotConfigured("no node", 137)
JOBS = ("send_letters", "mint_rewards")
SETTINGS = Settings(_env_file=None, business_timezone="UTC")

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def admins() -> list[User]:
    """Return two admins with confirmed e-mails, beside a user who must learn nothing."""
    make_user("Someone", email_confirmed_at=datetime.now(UTC))
    return [make_admin(name=name, email_confirmed_at=datetime.now(UTC)) for name in ("First", "Second")]


def look() -> int:
    return watch_portal(CHAIN, JOBS, ACTOR)


def gas(days: int) -> None:
    """Let the minter's gas last for some days; 0 is critical."""
    remember("chain_watch:137", {"code": None, "operatorBalanceWei": str(days), "daysOfGas": days})


def later(minutes: int) -> None:
    """Move everything that was recorded about alerts into the past."""
    moved = ", ".join(f"{name} = {name} - interval '{minutes} minutes'" for name in
                      ("opened_at", "quiet_since", "closed_at", "reported_at"))  # fmt: skip
    query(f"UPDATE operator_alerts SET {moved}")


def letters() -> list[str]:
    return [row.params["kind"] for row in MailOutbox.select().order_by(MailOutbox.id)]


def test_a_critical_alert_is_one_letter_to_each_admin_when_it_opens_and_when_it_is_over(
    admins: list[User],
) -> None:
    gas(0)
    assert [look() for _ in range(3)] == [1, 1, 1]
    assert letters() == ["alert_opened"] * 2
    assert (
        {row.user_id for row in Notification.select()}
        == {admin.id for admin in admins}
        == set(list_admin_ids())
    )
    gas(30)
    assert look() == 0
    (alert,) = list_open_alerts()
    assert alert.quiet_since is not None, "it may come back"
    later(16)
    for _ in range(3):
        look()
    assert list_open_alerts() == []
    assert letters() == ["alert_opened"] * 2 + ["alert_over"] * 2
    events = [
        row.event
        for row in EventLog.select().where(EventLog.entity == "operator_alert").order_by(EventLog.id)
    ]
    assert events == ["operator_alert_opened", "operator_alert_closed"]


def test_a_cause_that_comes_and_goes_does_not_flood(admins: list[User]) -> None:
    for _ in range(10):  # for two and a half hours, quiet for less than a quarter of an hour each time
        gas(0)
        look()
        later(8)
        gas(30)
        look()
        later(7)
    assert letters() == ["alert_opened"] * 2
    for _ in range(5):  # quiet for long enough to close, and back soon
        look()
        later(16)
        look()
        gas(0)
        look()
        gas(30)
    assert letters() == ["alert_opened"] * 2 + ["alert_over"] * 2
    assert OperatorAlert.get().times > 3
    gas(0)
    look()
    assert len(letters()) == 4
    later(6 * 60)
    look()
    look()
    assert letters()[4:] == ["alert_opened"] * 2, "one that stays is news again after six hours"


def test_what_is_not_critical_waits_for_one_daily_summary(
    admins: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 5, 4, 7, 59, tzinfo=UTC)
    monkeypatch.setattr("portal.flows.overviews.watch_portal.utc_now", lambda: now)
    gas(5)
    look()
    assert letters() == []
    send_digest(SETTINGS)
    assert letters() == [], "not before the morning"
    now += timedelta(minutes=2)
    assert [send_digest(SETTINGS) for _ in range(3)] == [1, 1, 1]
    assert letters() == ["alert_digest"] * 2
    row = MailOutbox.select().order_by(MailOutbox.id).first()
    assert row.params["params"]["alerts"] == [{"alert": "gas_low", "subject": "minter", "number": 5}]


def test_a_quiet_portal_writes_no_summary(admins: list[User]) -> None:
    look()
    send_digest(Settings(_env_file=None, business_timezone="UTC"))
    assert letters() == []


def test_an_admin_can_decline_the_letters_and_still_sees_the_notification(admins: list[User]) -> None:
    decline_topic(admins[0].id, "alert", Actor.user(admins[0].id))
    gas(0)
    look()
    assert [row.user_id for row in MailOutbox.select()] == [admins[1].id]
    assert Notification.select().count() == 2


def test_each_kind_of_problem_is_found(admins: list[User]) -> None:
    assert look() == 0
    old = "now() - interval '2 days'"
    query(
        f"INSERT INTO payment_events (provider, authentic, payload, received_at) VALUES ('x', true, '{{}}', {old})"
    )
    query(
        "INSERT INTO payment_events (provider, authentic, payload, outcome, received_at)"
        f" VALUES ('x', true, '{{}}', 'unmatched', {old})"
    )
    query(
        "INSERT INTO failing_items (queue, item_id, reason, next_attempt_at, created_at)"
        f" VALUES ('mints', '1', 'x', now(), {old})"
    )
    remember("mint_waiting:137", {"code": "role_missing"})
    remember("payout_waiting", {"code": "other_leader"})
    remember(
        "treasury_watch", {"code": None, "operatorBalanceWei": "5", "daysOfGas": 60, "treasuryUnits": "0"}
    )
    query(f"UPDATE chain_state SET since = {old}")
    raise_alert("paid_unknown", "store_1")
    started = datetime.now(UTC) - timedelta(hours=1)
    for job in ("mint_rewards", "removed_in_this_version"):
        JobRun.insert(job=job, every_seconds=3, process="x:1", outcome="interrupted", started_at=started,
                      finished_at=started, duration_ms=1).execute()  # fmt: skip
    for _ in range(5):
        JobRun.insert(job="send_letters", every_seconds=5, process="x:1", outcome="failed", error="x",
                      finished_at=datetime.now(UTC), duration_ms=1).execute()  # fmt: skip
    look()
    found = {(alert.kind, alert.subject): alert.is_critical for alert in list_open_alerts()}
    assert found == {
        ("callbacks_wait", ""): True, ("callbacks_unmatched", ""): False, ("items_set_aside", ""): False,
        ("minting_waits", "role_missing"): True, ("treasury_empty", "payouts"): True,
        ("audit_alert", "paid_unknown"): True, ("job_overdue", "mint_rewards"): True,
        ("job_fails", "send_letters"): False,
    }  # fmt: skip


def test_broken_books_are_alerts_of_their_own(admins: list[User]) -> None:
    report_books({"no_negative_payout": 3}, ACTOR)
    look()
    (alert,) = list_open_alerts()
    assert (alert.kind, alert.subject, alert.number, alert.quiet_since) == (
        "books_broken",
        "no_negative_payout",
        3,
        None,
    )
    report_books({}, ACTOR)
    assert list_open_alerts()[0].quiet_since is not None
