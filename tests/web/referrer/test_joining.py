"""Joining the programme by approval, as people, admins and operators meet it. See docs/rules/programme.md."""

from __future__ import annotations

import pytest
from flask import Flask

from models import EventLog, MailOutbox, Notification, ProgrammeApplication, Refcode, User
from portal.db import Actor
from portal.flows.programme import joining
from portal.lib.clock import utc_now
from portal.programme.terms_operations import save_terms
from tests.factories import make_admin, make_code, make_user, make_wallet
from tests.support.threads import at_once
from tests.support.wallets import TestWallet
from tests.web.account.factor import enrol, expire_confirmation
from tests.web.account.test_wallet_sign_in_routes import sign_in
from tests.web.account.wallet_links import link
from tests.web.conftest import MakeApp
from tests.web.pages import text_of
from tests.web.production import PRODUCTION, browse, submit
from tests.web.visitor import Visitor

QUEUE, JOIN = "/admin/programme/applications", "/refcodes/programme/join"
BY_APPROVAL = {"referral_joining_approval": True}


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(**BY_APPROVAL)


@pytest.fixture
def person(app: Flask) -> User:
    return make_user(email="ada@example.test", email_confirmed_at=utc_now())


@pytest.fixture
def as_person(app: Flask, person: User) -> Visitor:
    return signed_in(app, person)


def signed_in(app: Flask, user: User) -> Visitor:
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    return visitor.sign_in_as(user)


def codes_of(user: User) -> int:
    return Refcode.select().where(Refcode.owner == user.id).count()


def waiting() -> ProgrammeApplication:
    return ProgrammeApplication.get(ProgrammeApplication.status == "waiting")


def test_nothing_is_earned_before_the_approval(app: Flask, as_person: Visitor, person: User) -> None:
    admin = make_admin()
    linked = link(as_person, TestWallet())
    assert (linked.status_code, "code" in linked.get_json()) == (201, False)
    assert codes_of(person) == 0
    page = text_of(as_person.get("/refcodes"))
    assert "Apply to become a referrer" in page
    as_person.submit(JOIN, {"note": "I write about tea.\n<b>Really</b>"})
    assert "Your application is waiting" in text_of(as_person.get("/refcodes"))
    assert "Your application is waiting" in text_of(as_person.get("/account/wallets"))
    assert codes_of(person) == 0
    as_admin = signed_in(app, admin)
    assert "Referrer applications" in text_of(as_admin.get("/admin"))
    queue = as_admin.get(QUEUE)
    assert "&lt;b&gt;Really&lt;/b&gt;" in queue.text
    approved = as_admin.submit(f"{QUEUE}/{waiting().id}/approve")
    assert (approved.status_code, approved.location) == (303, QUEUE)
    code = Refcode.get(Refcode.owner == person.id)
    assert code.code in as_person.get("/refcodes").text
    assert 'id="joining"' not in as_person.get("/refcodes").text
    visitor = app.test_client()
    assert visitor.post("/api/refcodes/track", json={"code": code.code}).status_code == 200
    kinds = {(row.user_id, row.kind) for row in Notification.select()}
    assert {(admin.id, "application_made"), (person.id, "application_approved")} <= kinds
    events = [row.event for row in EventLog.select().where(EventLog.entity == "application")]
    assert events == ["application_made", "application_approved"]
    assert link(as_person, TestWallet()).get_json()["code"], "one approval is enough"


def test_rejection_gives_its_reason_and_allows_another_application(
    app: Flask, as_person: Visitor, person: User
) -> None:
    admin = signed_in(app, make_admin())
    as_person.submit(JOIN, {})
    number = waiting().id
    refused = admin.submit(f"{QUEUE}/{number}/reject", {"reason": " "})
    assert (refused.status_code, "Enter a reason" in text_of(refused)) == (422, True)
    assert admin.submit(f"{QUEUE}/{number}/reject", {"reason": "No page yet"}).status_code == 303
    assert "No page yet" in text_of(as_person.get("/refcodes"))
    letter = MailOutbox.get(MailOutbox.user_id == person.id)
    assert letter.params["params"]["reason"] == "No page yet"
    late = admin.submit(f"{QUEUE}/{number}/approve")
    assert (late.status_code, "already been decided" in text_of(late)) == (409, True)
    as_person.submit(JOIN, {"note": "Now there is one"})
    assert waiting().id != number
    assert "No page yet" in text_of(admin.get(f"{QUEUE}?status=rejected"))
    download = admin.get(f"{QUEUE}.csv?status=all").text
    assert "No page yet" in download
    assert "Now there is one" in download


def test_admin_does_not_decide_on_the_own_application(app: Flask) -> None:
    admin = make_admin()
    visitor = signed_in(app, admin)
    visitor.submit(JOIN, {})
    number = waiting().id
    for path in (f"{QUEUE}/{number}/approve", f"{QUEUE}/{number}/reject"):
        assert visitor.submit(path, {"reason": "x"}).status_code == 403
    assert waiting().id == number
    assert f"{number}/approve" not in visitor.get(QUEUE).text


def test_codes_that_exist_keep_working(app: Flask) -> None:
    owner = make_user()
    make_code(owner, code="Ab3dE5gH")
    visitor = signed_in(app, owner)
    assert 'id="joining"' not in visitor.get("/refcodes").text
    assert link(visitor, TestWallet()).get_json()["code"]
    answer = visitor.submit(JOIN, {})
    assert "You are a referrer already" in text_of(visitor.get(answer.location))


def test_new_wallet_account_waits_for_the_approval(app: Flask) -> None:
    visitor, wallet = app.test_client(), TestWallet()
    assert isinstance(visitor, Visitor)
    assert sign_in(visitor, wallet).status_code == 201
    owner = User.get()
    assert codes_of(owner) == 0
    visitor.submit(JOIN, {})
    joining.approve(waiting().id, Actor("command:test"), app.extensions["portal"].settings)
    assert codes_of(owner) == 1


def test_terms_are_accepted_besides(app: Flask, as_person: Visitor, person: User) -> None:
    terms = save_terms({"en": "Share honestly."}, 0, Actor("command:test"))
    make_wallet(person)
    as_person.submit(JOIN, {})
    joining.approve(waiting().id, Actor("command:test"), app.extensions["portal"].settings)
    assert codes_of(person) == 0
    as_person.submit("/terms", {"terms": str(terms.id), "accepted": "1"})
    assert codes_of(person) == 1


def test_open_joining_hands_out_what_waited(make_app: MakeApp, as_person: Visitor, person: User) -> None:
    make_wallet(person)
    as_person.submit(JOIN, {})
    visitor = signed_in(make_app(), person)
    assert "Your wallets have no share code yet" in text_of(visitor.get("/refcodes"))
    visitor.submit(JOIN, {})
    assert codes_of(person) == 1


def test_parallel_applications_are_one(app: Flask, person: User) -> None:
    settings = app.extensions["portal"].settings
    at_once([lambda: joining.apply_to_join(person.id, "", settings)] * 4)
    assert ProgrammeApplication.select().count() == 1


def test_stored_setting_switches_the_approval_on(make_app: MakeApp) -> None:
    app = make_app()
    admin = signed_in(app, make_admin())
    page = admin.get("/admin/settings")
    assert 'name="referral_joining_approval"' in page.text
    answer = admin.submit(
        "/admin/settings",
        {
            "version": "0", "brand_name": "Ring", "brand_color": "#1f5fa8", "brand_token_symbol": "RING",
            "order_expires_hours": "72", "offered_languages": ["en", "uk", "ru"], "referral_joining_approval": "1",
        },
    )  # fmt: skip
    assert answer.status_code == 303
    assert "Apply to become a referrer" in text_of(signed_in(app, make_user()).get("/refcodes"))


def test_joining_in_production(make_app: MakeApp, person: User) -> None:
    app = make_app(**PRODUCTION, **BY_APPROVAL)
    make_wallet(person)
    assert submit(browse(app, person), "/refcodes", JOIN, note="Tea").status_code == 303
    admin = make_admin()
    enrol(admin)
    path = f"{QUEUE}/{waiting().id}/approve"
    as_admin = browse(app, admin)
    expire_confirmation()
    interrupted = submit(as_admin, QUEUE, path)
    assert interrupted.status_code == 403
    assert f"Approve referrer application {waiting().id}" in text_of(interrupted)
    assert codes_of(person) == 0
    assert submit(browse(app, admin), QUEUE, path).status_code == 303
    assert codes_of(person) == 1
