"""Erasure: personal data goes, ledgers stay under a pseudonym, and nothing goes while anything is owed."""

from __future__ import annotations

import threading
from datetime import timedelta

import psycopg2
import pytest
from flask import Flask

from models import (
    CreditBalance,
    CreditEntry,
    Customer,
    EventLog,
    MailOutbox,
    Notification,
    OrderDelivery,
    OrderFulfilment,
    PasswordResetRequest,
    PaymentEvent,
    PaymentRefund,
    Proposal,
    Refcode,
    ReferralReward,
    SavedFilter,
    SharedSignal,
    StoreReferrer,
    User,
    Wallet,
)
from portal.accounts import Device, open_link, record_signals, start_session
from portal.cli.users import user as user_commands
from portal.db import Actor, query
from portal.db.checks import run_checks
from portal.db.connection import connection
from portal.flows.accounts.sign_in_log import record_failure, record_sign_in
from portal.flows.personal_data.erase import confirm_erasure, erase_person
from portal.lib.clock import utc_today
from portal.mail import queue_letter
from portal.notifications import notify
from portal.payments import add_credit
from portal.rewards import reject_reward
from tests.factories import (
    ACTOR,
    PASSWORD,
    give_credit,
    make_admin,
    make_code,
    make_order,
    make_payment,
    make_product,
    make_reward,
    make_store,
    make_user,
    make_vendor,
)
from tests.web.account.factor import enrol, expire_confirmation
from tests.web.account.proofs import run_concurrently
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

NAME, EMAIL = "Хризантема Унікальна", "khryzantema@example.org"
LEDGERS = """
SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM referral_rewards), (SELECT count(*) FROM credit_entries),
    (SELECT count(*) FROM event_log)
"""
SECRETS = ("Хризантем", "khryzantema", "+380671112233", "198.51.100", "Nokia", "needle")


@pytest.fixture
def person(database: str) -> User:
    """Return a person with rows that name them in every table where that is possible, and nothing owed."""
    person = make_user(NAME, email=EMAIL, email_confirmed_at="2026-01-01T00:00:00+00:00", locale="uk")
    admin = make_admin()
    device = Device("Nokia", "Symbian", "198.51.100.0/24", "198.51.100.7")
    record_sign_in(person.id, "password", device)
    record_failure(person.id, "password", device)
    record_signals(person.id, {"address": "198.51.100.7"}, "key", utc_today())
    enrol(person)
    open_link("reset_password", person.id, EMAIL)
    PasswordResetRequest.insert(email=EMAIL.upper()).execute()
    SavedFilter.insert(user_id=person.id, page="rewards", name="needle", query="q=needle").execute()
    notify(person.id, "credit_added", "n", amountMinor=1, currency="UAH", reason="needle")
    queue_letter("email_changed", EMAIL, "uk", timedelta(days=1))
    code = make_code(person)
    SharedSignal.insert(referrer_user_id=person.id, referee_user_id=admin.id, kind="address").execute()
    make_reward(code, "minted")
    reject_reward(make_reward(code).id, f"needle: {NAME}", Actor.user(admin.id))
    vendor = make_vendor()
    order = make_order(person, [(make_product(vendor), 1)], paid=True)
    make_payment(order, "paid")
    OrderFulfilment.insert(order=order.id, vendor=vendor.id, note=f"{NAME}, +380671112233").execute()
    OrderDelivery.insert(
        order=order.id, vendor_ids=[vendor.id], name=NAME, phone="+380671112233", address="needle"
    ).execute()
    PaymentEvent.insert(
        provider="wayforpay", order_reference=order.order_reference, authentic=True, outcome="applied",
        payload=f'{{"email": "{EMAIL}", "phone": "+380671112233", "clientName": "{NAME}"}}',
    ).execute()  # fmt: skip
    PaymentRefund.insert(
        order_reference=order.order_reference, amount_minor=1, currency="UAH", source="admin", status="refused",
        request_id="form-1", reason=f"{NAME} called",
    ).execute()  # fmt: skip
    add_credit(person.id, 500, "UAH", f"needle for {NAME}", Actor.user(admin.id))
    CreditEntry.insert(user_id=person.id, amount_minor=-500, currency="UAH", reason="needle back").execute()
    CreditBalance.update(balance_minor=0).execute()
    Proposal.insert(
        kind="credit", subject=str(person.id), status="declined", amount_minor=1, currency="UAH", reason=NAME,
        request_id="r", proposed_by=admin.id, decided_by=admin.id, decision_reason=NAME, expires_at="2026-01-01",
    ).execute()  # fmt: skip
    store = make_store()
    Customer.insert(store=store.id, user=person.id, key="email:needle").execute()
    StoreReferrer.insert(
        store=store.id, customer="abc", user=person.id, connected_at="2026-01-01", email_key="email:needle"
    ).execute()
    return User.get_by_id(person.id)


def found_in_database(*texts: str) -> list[str]:
    """Return the tables whose rows contain one of the texts."""
    tables = query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [
        f"{table}: {text}"
        for (table,) in tables
        for text in texts
        if query(f'SELECT 1 FROM "{table}" AS t WHERE strpos(lower(t::text), lower(%s)) > 0 LIMIT 1', [text])
    ]


def test_nothing_names_an_erased_person_and_ledgers_stay(app: Flask, person: User) -> None:
    with connection():
        assert len({hit.split(":")[0] for hit in found_in_database(*SECRETS)}) > 12
        before, broken = query(LEDGERS)[0], run_checks()
        assert erase_person(person.id, ACTOR)
        left = found_in_database(*SECRETS)
        # The last letter, which says that the account was erased.
        assert left == [f"mail_outbox: {text}" for text in SECRETS if text in EMAIL]
        assert [row.kind for row in MailOutbox.select()] == ["account_erased"]
        after = query(LEDGERS)[0]
        assert after[:3] == before[:3]
        assert after[3] > before[3]
        assert run_checks() == broken
        row = User.get_by_id(person.id)
        assert (row.name, row.email, row.password_hash, row.role) == (
            f"erased-{person.id}",
            None,
            None,
            "user",
        )
        assert row.erased_at is not None
        assert not Refcode.select().where(Refcode.active).exists()
        assert not Wallet.select().where(Wallet.user == person.id).exists()
        assert ReferralReward.get(ReferralReward.status == "rejected").failure_reason == "erased"
        assert EventLog.get(EventLog.event == "account_erased").entity_id == str(person.id)


def test_other_people_keep_their_data(app: Flask, person: User, other: User) -> None:
    with connection():
        code = make_code(other)
        notify(other.id, "credit_added", "other", amountMinor=1, currency="UAH", reason="birthday")
        record_sign_in(other.id, "password", Device("Firefox", "Linux", "203.0.113.0/24", "203.0.113.9"))
        add_credit(other.id, 700, "UAH", "birthday", ACTOR)
        erase_person(person.id, ACTOR)
        assert User.get_by_id(other.id).email == other.email
        assert Refcode.get_by_id(code.code).active
        assert Wallet.get(Wallet.user == other.id).address == code.wallet_address
        assert Notification.get(Notification.user_id == other.id).params["reason"] == "birthday"
        assert CreditEntry.get(CreditEntry.user_id == other.id).reason == "birthday"
        event = EventLog.get((EventLog.entity_id == str(other.id)) & (EventLog.event == "signed_in"))
        assert event.data["browser"] == "Firefox"


def test_person_asks_and_another_admin_confirms(app: Flask, person: User, admin: User) -> None:
    browser, desk = visitor(app, person), visitor(app, admin)
    page = text_of(browser.get("/en/account/data"))
    assert "nobody can erase them" in page
    assert browser.submit("/account/data/erasure", {}).status_code == 303
    assert "An admin has to confirm it" in text_of(browser.get("/en/account/data"))
    with connection():
        assert Notification.select().where(Notification.kind == "erasure_requested").count() == 2
    assert NAME in desk.get("/admin/people?state=erasure_requested").text
    url = f"/admin/people/{person.id}"
    assert "This person requested erasure" in text_of(desk.get(url))
    unticked = desk.submit(f"{url}/erasure/confirm", {})
    assert (unticked.status_code, '<a href="#confirmed">' in unticked.text) == (422, True)
    assert desk.submit(f"{url}/erasure/confirm", {"confirmed": "1"}).status_code == 303
    assert browser.get("/orders").status_code == 303
    login = visitor(app).submit("/login", {"email": EMAIL, "password": PASSWORD})
    assert login.status_code == 401
    text = text_of(desk.get(url))
    assert f"erased-{person.id}" in text
    assert "The personal data was erased" in text
    assert "Disable this account" not in text
    assert f"erased-{person.id}" in desk.get("/admin/people?state=erased").text
    for change, form in (("enable", {}), ("role", {"role": "admin"}), ("erasure", {})):
        assert desk.submit(f"{url}/{change}", form).status_code == 409, change


def test_request_is_withdrawn_by_the_person_or_declined_by_an_admin(
    app: Flask, person: User, admin: User
) -> None:
    browser, desk = visitor(app, person), visitor(app, admin)
    for end in (
        lambda: browser.submit("/account/data/erasure/withdraw", {}),
        lambda: desk.submit(f"/admin/people/{person.id}/erasure/withdraw", {}),
    ):
        browser.submit("/account/data/erasure", {})
        assert end().status_code == 303
        refused = desk.submit(f"/admin/people/{person.id}/erasure/confirm", {"confirmed": "1"})
        assert (
            refused.status_code,
            "The erasure request for this account was withdrawn" in refused.text,
        ) == (409, True)
    assert User.get_by_id(person.id).email == EMAIL


def test_two_people_are_needed(app: Flask, person: User, admin: User) -> None:
    desk, second = visitor(app, admin), visitor(app, make_admin())
    url = f"/admin/people/{person.id}/erasure"
    assert desk.submit(url, {}).status_code == 303
    assert "/erasure/confirm" not in desk.get(f"/admin/people/{person.id}").text
    refused = desk.submit(f"{url}/confirm", {"confirmed": "1"})
    assert (refused.status_code, "Another admin has to confirm" in refused.text) == (409, True)
    own = f"/admin/people/{admin.id}/erasure"
    desk.submit("/account/data/erasure", {})
    assert desk.submit(f"{own}/confirm", {"confirmed": "1"}).status_code == 409
    assert User.select().where(User.erased_at.is_null(False)).count() == 0
    assert second.submit(f"{url}/confirm", {"confirmed": "1"}).status_code == 303
    assert second.submit(f"{own}/confirm", {"confirmed": "1"}).status_code == 303


def test_last_admin_is_not_erased(app: Flask, admin: User) -> None:
    page = visitor(app, admin).submit("/account/data/erasure", {})
    assert (page.status_code, "only admin" in page.text) == (409, True)


def test_what_came_after_the_request_prevents_the_confirmation(app: Flask, person: User, admin: User) -> None:
    visitor(app, person).submit("/account/data/erasure", {})
    with connection():
        give_credit(person, 1)
    refused = visitor(app, admin).submit(f"/admin/people/{person.id}/erasure/confirm", {"confirmed": "1"})
    assert (refused.status_code, "There is credit left." in refused.text) == (409, True)


def test_erasing_again_removes_what_was_written_since(app: Flask, person: User) -> None:
    with connection():
        assert erase_person(person.id, ACTOR)
        record_sign_in(person.id, "password", Device("Nokia", "Symbian", "198.51.100.0/24", "198.51.100.7"))
        start_session(person.id, Device("Nokia", "Symbian", "198.51.100.0/24", "198.51.100.7"))
        assert not erase_person(person.id, ACTOR)
        assert found_in_database("198.51.100", "Nokia") == []
        assert EventLog.select().where(EventLog.event == "account_erased").count() == 1


def test_of_admins_who_confirm_at_the_same_time_one_erases(app: Flask, person: User, admin: User) -> None:
    visitor(app, person).submit("/account/data/erasure", {})

    def confirm() -> int:
        with app.app_context(), connection():
            return int(confirm_erasure(person.id, admin.id))

    assert run_concurrently(3, confirm) == [0, 0, 1]
    with connection():
        assert EventLog.select().where(EventLog.event == "account_erased").count() == 1


def test_erasure_that_is_killed_halfway_changes_nothing(app: Flask, database: str, person: User) -> None:
    with connection():
        before = found_in_database(*SECRETS)
    blocker = psycopg2.connect(database)
    killer = psycopg2.connect(database)
    killer.autocommit = True
    errors: list[BaseException] = []

    def erase() -> None:
        try:
            with connection():
                erase_person(person.id, ACTOR)
        except BaseException as error:
            errors.append(error)

    try:
        # Wallets are erased after the ledgers and before the sessions.
        blocker.cursor().execute("SELECT 1 FROM wallets WHERE user_id = %s FOR UPDATE", [person.id])
        thread = threading.Thread(target=erase)
        thread.start()
        with killer.cursor() as cursor:
            killed = 0
            while not killed and thread.is_alive():
                cursor.execute(
                    """SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%wallets%'
                         AND pid <> pg_backend_pid()"""
                )
                killed = cursor.fetchone()[0]
        thread.join(30)
    finally:
        blocker.close()
        killer.close()
    assert (killed, len(errors)) == (1, 1)
    with connection():
        assert found_in_database(*SECRETS) == before
        assert User.get_by_id(person.id).erased_at is None
        assert erase_person(person.id, ACTOR)


def test_admins_read_that_the_body_of_a_callback_was_deleted(as_admin: Visitor, person: User) -> None:
    with connection():
        erase_person(person.id, ACTOR)
        callback = PaymentEvent.get()
    page = as_admin.get(f"/admin/payments/inbox/{callback.id}")
    assert (page.status_code, "The message was deleted" in page.text) == (200, True)
    assert as_admin.get("/admin/ledgers/callbacks.csv").status_code == 200


def test_texts_of_the_event_log_change_only_while_erasing(app: Flask, person: User) -> None:
    with connection():
        change = "UPDATE event_log SET reason = 'x' WHERE entity_id = %s"
        with pytest.raises(Exception, match="append-only"):
            query(change, [str(person.id)])
        erase_person(person.id, ACTOR)
        with pytest.raises(Exception, match="append-only"):
            query(change, [str(person.id)])


def test_command_erases_by_address_and_by_id(app: Flask, person: User, other: User) -> None:
    def run(*words: str) -> str:
        with app.app_context():
            return app.test_cli_runner().invoke(user_commands, ["erase", *words], input="n\n").output

    assert "Aborted" in run(EMAIL)
    assert "is erased." in run(EMAIL, "--yes")
    assert "There is no account" in run(EMAIL, "--yes")
    assert "was erased already" in run(str(person.id), "--yes")
    with connection():
        give_credit(other, 100)
    refused = run(other.email or "", "--yes")
    assert "cannot be erased yet" in refused
    assert "There is credit left" in refused


def test_requests_and_confirmations_need_a_recent_proof_in_production(
    make_app: MakeApp, person: User, admin: User
) -> None:
    enrol(admin)
    browser, desk = visitor(make_app(), person), visitor(make_app(), admin)
    expire_confirmation()
    for page in (
        browser.submit("/account/data/erasure", {}),
        desk.submit(f"/admin/people/{person.id}/erasure", {}),
        desk.submit(f"/admin/people/{person.id}/erasure/confirm", {"confirmed": "1"}),
    ):
        assert (page.status_code, 'name="seal"' in page.text) == (403, True)
    assert User.get_by_id(person.id).erasure_requested_at is None


def test_only_admins_erase_others(as_owner: Visitor, as_seller: Visitor, other: User) -> None:
    for browser in (as_owner, as_seller):
        for change in ("erasure", "erasure/confirm", "erasure/withdraw", "export"):
            answer = browser.submit(f"/admin/people/{other.id}/{change}", {"confirmed": "1"})
            assert answer.status_code == 403, change
