"""Referrer applications as JSON. See docs/rules/programme.md."""

from __future__ import annotations

import pytest
from flask import Flask

from models import EventLog, Notification, ProgrammeApplication, Refcode, User
from portal.flows.overviews.applications import APPLICATIONS_PAGE
from portal.programme import write_application
from tests.factories import ACTOR, make_user, make_wallet
from tests.web.account.factor import enrol, expire_confirmation
from tests.web.conftest import MakeApp, visitor
from tests.web.visitor import Visitor, error_of

QUEUE = "/api/admin/applications"
VERBS = ("approve", "reject")


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(referral_joining_approval=True)


@pytest.fixture
def application_id(other: User) -> int:
    return apply(other, "I write about tea.")


def apply(user: User, note: str = "") -> int:
    application_id = write_application(user.id, note, ACTOR)
    assert application_id
    return application_id


def test_queue_is_paged_by_status(as_admin: Visitor, admin: User, other: User, application_id: int) -> None:
    later = [apply(make_user()) for _ in range(APPLICATIONS_PAGE)]
    first = as_admin.get(QUEUE).get_json()
    rest = as_admin.get(f"{QUEUE}?status=waiting&cursor={first['nextCursor']}").get_json()
    assert [row["id"] for row in first["applications"]] == later[::-1]
    (row,) = rest["applications"]
    assert row.pop("createdAt").endswith("+00:00")
    assert row == {
        "id": application_id, "userId": other.id, "name": other.name, "email": other.email, "status": "waiting",
        "note": "I write about tea.", "reason": None, "decidedBy": None, "decidedAt": None,
    }  # fmt: skip
    assert rest["nextCursor"] is None
    assert as_admin.get(f"{QUEUE}?status=approved").get_json()["applications"] == []
    wrong = as_admin.get(f"{QUEUE}?status=nothing")
    assert (wrong.status_code, list(error_of(wrong)["fields"])) == (400, ["status"])


def test_approval_happens_once_and_issues_the_codes(
    as_admin: Visitor, admin: User, other: User, application_id: int
) -> None:
    make_wallet(other)
    answer = as_admin.send(f"{QUEUE}/{application_id}/approve")
    assert answer.status_code == 200
    assert (answer.get_json()["status"], answer.get_json()["decidedBy"]) == ("approved", admin.id)
    assert Refcode.get().owner_user_id == other.id
    for verb in VERBS:
        repeated = as_admin.send(f"{QUEUE}/{application_id}/{verb}", {"reason": "Too late."})
        assert (repeated.status_code, error_of(repeated)["code"]) == (409, "application_decided")
        assert error_of(repeated)["status"] == "approved"
    events = EventLog.select().where(EventLog.event == "application_approved")
    assert [event.actor_user_id for event in events] == [admin.id]
    assert [(row.user_id, row.kind) for row in Notification.select()] == [(other.id, "application_approved")]


def test_rejection_requires_a_reason(as_admin: Visitor, application_id: int) -> None:
    for reason in ("", " \n", "x" * 501):
        refused = as_admin.send(f"{QUEUE}/{application_id}/reject", {"reason": reason})
        assert (refused.status_code, list(error_of(refused)["fields"])) == (422, ["reason"])
    malformed = as_admin.send(f"{QUEUE}/{application_id}/reject", {"reason": 1})
    assert (malformed.status_code, error_of(malformed)["code"]) == (400, "field_invalid")
    assert ProgrammeApplication.get().status == "waiting"
    rejected = as_admin.send(f"{QUEUE}/{application_id}/reject", {"reason": "No page yet"}).get_json()
    assert (rejected["status"], rejected["reason"]) == ("rejected", "No page yet")


def test_decisions_require_another_admin_with_a_recent_proof(
    app: Flask,
    client: Visitor,
    as_owner: Visitor,
    as_seller: Visitor,
    admin: User,
    other: User,
    application_id: int,
) -> None:
    enrol(admin)
    as_admin = visitor(app, admin)
    own = apply(admin)
    expire_confirmation()
    refusals = [
        (client, application_id, 401, "sign_in_required"),
        (as_owner, application_id, 403, "role_required"),
        (as_seller, application_id, 403, "role_required"),
        (as_admin, application_id, 403, "step_up_required"),
        (visitor(app, admin), own, 403, "own_application"),
        (visitor(app, admin), 2**63, 404, "application_unknown"),
    ]
    for browser, number, status, code in refusals:
        for verb in VERBS:
            refused = browser.send(f"{QUEUE}/{number}/{verb}", {"reason": "because"})
            assert (refused.status_code, error_of(refused)["code"]) == (status, code)
    assert as_admin.post(f"{QUEUE}/{application_id}/approve").status_code == 400
    assert {row.status for row in ProgrammeApplication.select()} == {"waiting"}
