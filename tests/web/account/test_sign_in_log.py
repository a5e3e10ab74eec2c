"""Sign-ins, failures and refusals: event rows, log lines and what the owner sees. See docs/rules/accounts.md."""

from __future__ import annotations

import logging
import re

import pytest
from flask import Flask

from models import EventLog, User
from portal.accounts import disable_account, set_role
from portal.db import Actor
from portal.db.connection import connection
from portal.stores import create_key
from portal.webhooks import EVENT_TYPES, create_endpoint
from tests.factories import ACTOR, PASSWORD, make_store
from tests.support.wallets import TestWallet
from tests.web.account.factor import code_of, enrol
from tests.web.account.test_wallet_sign_in_routes import sign_in as sign_in_with
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HERE = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.77", "HTTP_USER_AGENT": FIREFOX}}


def attempt(app: Flask, email: str, password: str = PASSWORD) -> Visitor:
    browser = visitor(app)
    browser.submit("/login", {"email": email, "password": password}, **HERE)
    return browser


def events(*names: str) -> list[tuple[str, str, str]]:
    rows = EventLog.select().where(EventLog.event.in_(names)).order_by(EventLog.id)
    return [(row.event, row.entity, row.data.get("method", "")) for row in rows]


def test_sign_ins_and_failures_are_events_and_log_lines(
    app: Flask, owner: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    attempt(app, owner.email, "a wrong password")
    attempt(app, owner.email)
    assert events("signed_in", "sign_in_failed") == [
        ("sign_in_failed", "user", "password"), ("signed_in", "user", "password"),
    ]  # fmt: skip
    assert EventLog.get(EventLog.event == "signed_in").data["network"] == "203.0.113.0/24"
    lines = [record.msg for record in caplog.records if record.name == "portal.db.events"]
    assert [(line["event"], line["id"]) for line in lines] == [
        ("sign_in_failed", str(owner.id)), ("signed_in", str(owner.id)),
    ]  # fmt: skip
    assert not re.search(r"wrong password|long test|203\.0\.113\.77|@", str(lines) + str(stored()))


def stored() -> list[tuple[object, ...]]:
    return [(row.actor, row.entity_id, row.reason, row.data) for row in EventLog.select()]


def test_unknown_account_is_a_pseudonym(app: Flask, database: str) -> None:
    for email in ("nobody@example.com", "NOBODY@example.com", "another@example.com"):
        attempt(app, email)
    first, same, another = (row.entity_id for row in EventLog.select().order_by(EventLog.id))
    assert first == same != another
    assert re.fullmatch(r"[0-9a-f]{16}", first)
    assert events("sign_in_failed") == [("sign_in_failed", "unknown_account", "password")] * 3
    assert "example.com" not in str(stored())


def test_refused_attempts_are_recorded_once_an_hour(make_app: MakeApp, owner: User) -> None:
    app = make_app(sign_in_failures_per_address=2)
    for _ in range(6):
        attempt(app, owner.email, "a wrong password")
    assert [name for name, *_ in events("sign_in_failed", "sign_in_refused")] == [
        "sign_in_failed", "sign_in_failed", "sign_in_refused",
    ]  # fmt: skip


def test_second_step_is_recorded_by_what_finished_it(app: Flask, owner: User) -> None:
    secret, recovery = enrol(owner)
    for code in (code_of(secret), recovery[0]):
        browser = attempt(app, owner.email)
        browser.submit("/login/second-factor", {"code": "not-a-code"}, **HERE)
        assert events("signed_in")[-1:] != [("signed_in", "user", "password")], (
            "the password alone signs in nobody"
        )
        assert browser.submit("/login/second-factor", {"code": code}, **HERE).status_code == 303
    assert events("signed_in", "sign_in_failed") == [
        ("sign_in_failed", "user", "second_factor"), ("signed_in", "user", "second_factor"),
        ("sign_in_failed", "user", "second_factor"), ("signed_in", "user", "recovery_code"),
    ]  # fmt: skip


def test_wallets_and_registrations_are_recorded(app: Flask, database: str) -> None:
    sign_in_with(visitor(app), TestWallet())
    form = {"name": "Nova", "email": "nova@example.com", "password": "another long password"}
    visitor(app).submit("/register", form)
    assert events("signed_in") == [("signed_in", "user", "wallet"), ("signed_in", "user", "registration")]


def test_refused_access_is_recorded_once_an_hour_per_page(as_owner: Visitor, owner: User) -> None:
    for path in ("/admin/audit", "/admin/audit", "/admin/refcodes"):
        assert as_owner.get(path).status_code == 403
    rows = list(EventLog.select().where(EventLog.event == "access_refused").order_by(EventLog.id))
    assert [(row.reason, row.data) for row in rows] == [
        ("admin.audit.search", {"role": "admin"}), ("admin.rewards.list", {"role": "admin"}),
    ]  # fmt: skip


def test_changes_of_roles_and_keys_are_log_lines_without_typed_texts(
    app: Flask, owner: User, admin: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with connection():
        store = make_store()
        create_key(store.id, "live", ACTOR)
        create_endpoint(
            store.id, "https://127.0.0.1/token-in-path", EVENT_TYPES[:1], ACTOR, key="k", allow_private=True
        )
        set_role(owner.id, "vendor", ACTOR)
        disable_account(owner.id, "Olena stole cards", Actor.user(admin.id))
    lines = {
        record.msg["event"]: record.msg
        for record in caplog.records
        if record.name == "portal.db.events" and isinstance(record.msg, dict)
    }
    assert {"store_key_created", "webhook_endpoint_created", "role_changed", "account_disabled"} <= set(lines)
    assert lines["role_changed"]["id"] == str(owner.id)
    assert not re.search("stole|token-in-path", str(lines))
    assert EventLog.get(EventLog.event == "account_disabled").reason == "Olena stole cards"


def test_role_of_a_new_account_is_in_its_event(app: Flask, database: str) -> None:
    visitor(app).submit(
        "/register", {"name": "Nova", "email": "nova@example.com", "password": "a long password"}
    )
    assert EventLog.get(EventLog.event == "user_created").data["role"] == "user"


def test_owner_sees_the_newest_and_pages_through_the_rest(app: Flask, owner: User, as_other: Visitor) -> None:
    for _ in range(3):
        attempt(app, owner.email, "a wrong password")
    browser = attempt(app, owner.email)
    page = text_of(browser.get("/account/security"))
    assert "Signed in with the password" in page
    assert page.count("Incorrect password") == 3
    assert "203.0.113.0/24" in page
    for _ in range(50):
        EventLog.insert(actor="system", entity="user", entity_id=str(owner.id), event="signed_in",
                        data={"method": "wallet"}).execute()  # fmt: skip
    newest = browser.get("/account/security/sign-ins")
    assert newest.text.count('class="session-row"') == 50
    path = re.search(r'href="(/account/security/sign-ins\?cursor=[^"]+)"', newest.text)
    assert path
    assert text_of(browser.get(path[1])).count("Incorrect password") == 3
    assert "Incorrect password" not in as_other.get("/account/security/sign-ins").text
