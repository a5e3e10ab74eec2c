"""Approve, reject and retry from the page: the row comes back as it stands, with what went wrong."""

from __future__ import annotations

import pytest
from flask import Flask

from models import EventLog, Notification, ReferralReward, User
from tests.factories import make_reward
from tests.web.pages import text_of
from tests.web.visitor import Visitor

QUEUE = "/admin/refcodes"


def url(reward: ReferralReward, verb: str) -> str:
    return f"{QUEUE}/{reward.id}/{verb}"


def status(reward: ReferralReward) -> str:
    return str(ReferralReward.get_by_id(reward.id).status)


def test_approving_swaps_the_row(app: Flask, as_admin: Visitor, admin: User, other: User) -> None:
    woken: list[str] = []
    app.extensions["portal"].wake = woken.append
    reward = make_reward(other)
    answer = as_admin.swap(url(reward, "approve"))
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith(f'<tr id="reward-{reward.id}"')
    assert "<html" not in answer.text
    assert "Approved" in text_of(answer)
    assert "data-announce" in answer.text
    assert (status(reward), ReferralReward.get_by_id(reward.id).approved_by) == ("approved", admin.id)
    assert woken == ["mint_rewards"]
    assert Notification.get().user_id == other.id


def test_approving_without_script_leads_back(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other)
    answer = as_admin.submit(url(reward, "approve"))
    assert (answer.status_code, answer.location) == (303, QUEUE)
    assert 'class="notice notice-success"' in as_admin.get(QUEUE).text
    assert status(reward) == "approved"


def test_a_second_decision_is_a_conflict_with_the_row_as_it_stands(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other)
    as_admin.swap(url(reward, "approve"))
    again = as_admin.swap(url(reward, "approve"))
    assert again.status_code == 409
    assert again.text.lstrip().startswith(f'<tr id="reward-{reward.id}"')
    assert "field-error" in again.text
    assert "is already" in text_of(again)
    page = as_admin.submit(url(reward, "approve"))
    assert page.status_code == 409
    assert "<html" in page.text
    assert EventLog.select().where(EventLog.event == "reward_approved").count() == 1
    assert Notification.select().count() == 1


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_rejecting_needs_a_reason(as_admin: Visitor, other: User, locale: str) -> None:
    reward = make_reward(other)
    for reason in ("", "   ", "x" * 501):
        answer = as_admin.swap(f"/{locale}{url(reward, 'reject')}", {"reason": reason})
        assert answer.status_code == 422
        assert "field-error" in answer.text
        assert "500" in text_of(answer)
    assert status(reward) == "pending_approval"
    assert not Notification.select().exists()


@pytest.mark.parametrize("before", ["pending_approval", "approved", "failed"])
def test_rejecting_tells_the_referrer_why(
    as_admin: Visitor, as_other: Visitor, other: User, before: str
) -> None:
    reward = make_reward(other, before)
    answer = as_admin.swap(url(reward, "reject"), {"reason": "  Two accounts\n of one person. "})
    assert answer.status_code == 200
    assert status(reward) == "rejected"
    for page in ("/refcodes", "/notifications"):
        assert "Two accounts of one person." in text_of(as_other.get(page))


def test_a_minted_reward_cannot_be_rejected(as_admin: Visitor, other: User) -> None:
    for before in ("minted", "minting"):
        reward = make_reward(other, before)
        answer = as_admin.swap(url(reward, "reject"), {"reason": "late"})
        assert (answer.status_code, status(reward)) == (409, before)


def test_a_failed_reward_is_retried(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other, "failed")
    assert as_admin.swap(url(reward, "retry")).status_code == 200
    assert status(reward) == "approved"
    again = as_admin.swap(url(reward, "retry"))
    assert again.status_code == 409


def test_an_own_reward_is_refused(as_admin: Visitor, admin: User) -> None:
    reward = make_reward(admin)
    for verb, form in (("approve", {}), ("reject", {"reason": "mine"})):
        answer = as_admin.swap(url(reward, verb), form)
        assert answer.status_code == 403
        assert "field-error" in answer.text
    assert status(reward) == "pending_approval"


def test_decisions_need_the_role_the_token_and_post(
    client: Visitor, as_owner: Visitor, as_seller: Visitor, as_other: Visitor, as_admin: Visitor, other: User
) -> None:
    reward = make_reward(other)
    for verb in ("approve", "reject", "retry"):
        assert client.swap(url(reward, verb)).status_code == 401
        for visitor in (as_owner, as_seller, as_other):
            assert visitor.swap(url(reward, verb), {"reason": "x"}).status_code == 403
        assert as_admin.post(url(reward, verb), data={"reason": "x"}).status_code == 400
        assert as_admin.get(url(reward, verb)).status_code == 405
    assert status(reward) == "pending_approval"


def test_a_reward_that_is_not_there(as_admin: Visitor) -> None:
    for verb in ("approve", "reject", "retry"):
        answer = as_admin.swap(f"{QUEUE}/999999/{verb}", {"reason": "x"})
        assert answer.status_code == 404
        assert "<html" not in answer.text


def test_minting_now_is_asked_for_once(app: Flask, as_admin: Visitor, other: User) -> None:
    woken: list[str] = []
    app.extensions["portal"].wake = woken.append
    make_reward(other, "approved")
    answer = as_admin.submit(f"{QUEUE}/mint")
    assert answer.status_code == 303
    assert answer.location.startswith(f"{QUEUE}/mint/")
    assert woken == ["mint_rewards"]
    assert as_admin.get(f"{QUEUE}/mint").status_code == 200


def test_minting_now_is_the_admins(client: Visitor, as_owner: Visitor, as_admin: Visitor) -> None:
    assert client.submit(f"{QUEUE}/mint").status_code == 401
    assert as_owner.submit(f"{QUEUE}/mint").status_code == 403
    assert as_admin.post(f"{QUEUE}/mint").status_code == 400
