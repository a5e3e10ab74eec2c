"""Old personal data goes by jobs, in batches, after the days that the settings say."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from psycopg2.errors import IntegrityConstraintViolation

import jobs
from models import EventLog, MailOutbox, Notification, PaymentEvent, UserSession
from portal.accounts import Device, start_session
from portal.db import query, record_event
from portal.db import retention as retention_of_db
from portal.db.checks import run_checks
from portal.flows.accounts.sign_in_log import list_sign_ins, record_failed_email, record_sign_in
from portal.mail import queue_letter
from portal.notifications import notify
from portal.payments import close_unmatched
from portal.runtime import Portal
from portal.settings import Settings
from portal.settings.privacy import PrivacySettings
from tests.factories import ACTOR, make_admin, make_user

pytestmark = pytest.mark.usefixtures("database")
DEVICE = Device("Firefox", "Linux", "203.0.113.0/24", "203.0.113.9")
PAYLOAD = '{"email": "buyer@example.com", "cardPan": "51****5977"}'
DOCS = Path(__file__).resolve().parents[2] / "docs" / "privacy.md"


def run(job: Any, **settings: Any) -> None:
    job(cast(Portal, SimpleNamespace(settings=Settings(_env_file=None, **settings))))


def make_callback(outcome: str | None, days_old: int) -> int:
    return int(
        PaymentEvent.insert(
            provider="wayforpay", order_reference="r", authentic=True, outcome=outcome, payload=PAYLOAD,
            fingerprint=f"f{outcome}{days_old}",
        ).execute()
    )  # fmt: skip


def age(table: str, column: str, days: int) -> None:
    """Make all rows of a table older; the log lets nothing but its texts change, so its trigger is off meanwhile."""
    query(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    query(f"UPDATE {table} SET {column} = {column} - make_interval(days => %s)", [days])
    query(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_notifications_go_after_their_days() -> None:
    user = make_user()
    notify(user.id, "credit_added", "old")
    age("notifications", "created_at", 11)
    notify(user.id, "credit_added", "new")
    run(jobs.forget_personal_data, retention_notifications_days=12)
    assert Notification.select().count() == 2
    run(jobs.forget_personal_data, retention_notifications_days=10)
    assert [row.dedupe_key for row in Notification.select()] == ["new"]


def test_devices_of_sign_ins_go_and_the_sign_ins_stay() -> None:
    user = make_user()
    record_sign_in(user.id, "password", DEVICE)
    record_event(ACTOR, "user", user.id, "wallet_linked", data={"address": "0x1"})
    record_failed_email("nobody@example.com", DEVICE, Settings(_env_file=None))
    age("event_log", "at", 366)
    record_sign_in(user.id, "wallet", DEVICE)
    record_failed_email("stranger@example.com", DEVICE, Settings(_env_file=None))
    run(jobs.forget_personal_data)
    newest, oldest = list_sign_ins(user.id).rows
    assert (newest.browser, newest.network) == ("Firefox", "203.0.113.0/24")
    assert (oldest.event, oldest.browser, oldest.network) == ("signed_in", "", "")
    assert EventLog.get(EventLog.event == "wallet_linked").data == {"address": "0x1"}
    assert EventLog.select().where(EventLog.entity == "unknown_account").count() == 1


def test_bodies_of_decided_callbacks_are_cleared_and_the_rest_waits() -> None:
    old = {outcome: make_callback(outcome, 1) for outcome in ("applied", "duplicate", "unmatched", None)}
    closed = make_callback("unmatched", 2)
    close_unmatched(closed, "Paid back by hand", jobs.Actor.user(make_admin().id))
    age("payment_events", "received_at", 1_100)
    young = make_callback("applied", 3)
    run(jobs.forget_personal_data)
    bodies = {row.id: row.payload for row in PaymentEvent.select()}
    assert [bodies[old["applied"]], bodies[old["duplicate"]], bodies[closed]] == ["", "", ""]
    assert [bodies[old["unmatched"]], bodies[old[None]], bodies[young]] == [PAYLOAD] * 3
    assert all(row.fingerprint for row in PaymentEvent.select())


def test_sessions_and_letters_follow_the_settings() -> None:
    user = make_user()
    start_session(user.id, DEVICE)
    queue_letter("email_changed", "a@example.com", "en", timedelta(days=1))
    MailOutbox.update(status="sent", sent_at="2026-01-01").execute()
    age("user_sessions", "last_seen_at", 20)
    age("mail_outbox", "created_at", 20)
    run(jobs.prune_accounts, retention_sessions_days=30, retention_letters_days=30)
    assert (UserSession.select().count(), MailOutbox.select().count()) == (1, 1)
    run(jobs.prune_accounts, retention_sessions_days=10, retention_letters_days=10)
    assert (UserSession.select().count(), MailOutbox.select().count()) == (0, 0)


def test_long_work_is_done_in_batches_with_progress(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retention_of_db, "BATCH", 2)
    user = make_user()
    for number in range(5):
        notify(user.id, "credit_added", f"n{number}")
    age("notifications", "created_at", 400)
    with caplog.at_level(logging.INFO, logger="portal.db.retention"):
        run(jobs.forget_personal_data)
    assert Notification.select().count() == 0
    lines = [record.msg for record in caplog.records if record.name == "portal.db.retention"]
    assert [line["rows"] for line in lines if isinstance(line, dict)] == [2, 4, 5]


def test_old_data_leaves_no_trace_in_the_checks_and_the_log_stays_append_only() -> None:
    user = make_user()
    record_sign_in(user.id, "password", DEVICE)
    age("event_log", "at", 400)
    run(jobs.forget_personal_data)
    assert run_checks() == {}
    for statement in ("DELETE FROM event_log", "UPDATE event_log SET event = 'other'"):
        with pytest.raises(Exception, match="append-only") as refused:
            query(statement)
        assert isinstance(refused.value.__cause__ or refused.value.__context__, IntegrityConstraintViolation)


def test_every_time_is_a_setting_that_the_record_names() -> None:
    own = set(PrivacySettings.model_fields) - set(PrivacySettings.__base__.model_fields)  # type: ignore[union-attr]
    text = DOCS.read_text()
    assert len(own) >= 7
    assert [name for name in own if f"`{name.upper()}`" not in text] == []


@pytest.mark.parametrize("name", ["retention_letters_days", "retention_store_events_days"])
def test_times_below_the_least_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Settings(_env_file=None, **{name: 0})
