"""Approve, reject and retry on the page: the response is the updated row, with any error."""

from __future__ import annotations

import pytest
from flask import Flask

from models import EventLog, Notification, ReferralReward, User
from tests.factories import make_reward
from tests.web.pages import text_of
from tests.web.visitor import Visitor

QUEUE = "/admin/refcodes"


def decision_url(reward: ReferralReward, verb: str) -> str:
    return f"{QUEUE}/{reward.id}/{verb}"


def status_of(reward: ReferralReward) -> str:
    return str(ReferralReward.get_by_id(reward.id).status)


def test_approval_swaps_the_row(app: Flask, as_admin: Visitor, admin: User, other: User) -> None:
    woken: list[str] = []
    app.extensions["portal"].wake = woken.append
    reward = make_reward(other)
    response = as_admin.swap(decision_url(reward, "approve"))
    assert response.status_code == 200
    assert response.text.lstrip().startswith(f'<tr id="reward-{reward.id}"')
    assert "<html" not in response.text
    assert "Approved" in text_of(response)
    assert "data-announce" in response.text
    assert (status_of(reward), ReferralReward.get_by_id(reward.id).approved_by) == ("approved", admin.id)
    assert woken == ["mint_rewards"]
    assert Notification.get().user_id == other.id


def test_approval_without_script_redirects_to_the_queue(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other)
    response = as_admin.submit(decision_url(reward, "approve"))
    assert (response.status_code, response.location) == (303, QUEUE)
    assert 'class="notice notice-success"' in as_admin.get(QUEUE).text
    assert status_of(reward) == "approved"


def test_second_decision_is_a_conflict_with_the_current_row(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other)
    as_admin.swap(decision_url(reward, "approve"))
    repeated = as_admin.swap(decision_url(reward, "approve"))
    assert repeated.status_code == 409
    assert repeated.text.lstrip().startswith(f'<tr id="reward-{reward.id}"')
    assert "field-error" in repeated.text
    assert "is already" in text_of(repeated)
    page = as_admin.submit(decision_url(reward, "approve"))
    assert page.status_code == 409
    assert "<html" in page.text
    assert EventLog.select().where(EventLog.event == "reward_approved").count() == 1
    assert Notification.select().count() == 1


@pytest.mark.parametrize("locale", ["en", "uk", "ru"])
def test_rejection_requires_a_reason(as_admin: Visitor, other: User, locale: str) -> None:
    reward = make_reward(other)
    for reason in ("", "   ", "x" * 501):
        response = as_admin.swap(f"/{locale}{decision_url(reward, 'reject')}", {"reason": reason})
        assert response.status_code == 422
        # The dialog shows it and keeps the reason; the row stays as it is.
        assert 'id="error-block"' in response.text
        assert response.headers["HX-Retarget"] == "#toasts"
        assert "500" in text_of(response)
    assert status_of(reward) == "pending_approval"
    assert not Notification.select().exists()


def test_reason_has_a_page_without_script(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other)
    page = as_admin.get(decision_url(reward, "reject"))
    assert f'action="{decision_url(reward, "reject")}"' in page.text
    assert reward.order_reference in text_of(page)
    refused = as_admin.submit(decision_url(reward, "reject"), {"reason": " " + "x" * 501})
    assert refused.status_code == 422
    assert 'href="#reject-reason"' in refused.text
    assert "x" * 501 in refused.text
    assert status_of(reward) == "pending_approval"
    assert as_admin.submit(decision_url(reward, "reject"), {"reason": "a test"}).location == QUEUE
    assert status_of(reward) == "rejected"


@pytest.mark.parametrize("before", ["pending_approval", "approved", "failed"])
def test_rejection_shows_the_referrer_its_reason(
    as_admin: Visitor, as_other: Visitor, other: User, before: str
) -> None:
    reward = make_reward(other, before)
    response = as_admin.swap(decision_url(reward, "reject"), {"reason": "  Two accounts\n of one person. "})
    assert response.status_code == 200
    assert status_of(reward) == "rejected"
    for page in ("/refcodes", "/notifications"):
        assert "Two accounts of one person." in text_of(as_other.get(page))


def test_minted_reward_cannot_be_rejected(as_admin: Visitor, other: User) -> None:
    for before in ("minted", "minting"):
        reward = make_reward(other, before)
        response = as_admin.swap(decision_url(reward, "reject"), {"reason": "late"})
        assert (response.status_code, status_of(reward)) == (409, before)


def test_failed_reward_is_retried(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other, "failed")
    assert as_admin.swap(decision_url(reward, "retry")).status_code == 200
    assert status_of(reward) == "approved"
    repeated = as_admin.swap(decision_url(reward, "retry"))
    assert repeated.status_code == 409


def test_decision_about_own_reward_is_refused(as_admin: Visitor, admin: User) -> None:
    reward = make_reward(admin)
    for verb, form in (("approve", {}), ("reject", {"reason": "mine"})):
        response = as_admin.swap(decision_url(reward, verb), form)
        assert response.status_code == 403
        assert "field-error" in response.text
    assert status_of(reward) == "pending_approval"


def test_decisions_require_admin_csrf_token_and_post(
    client: Visitor, as_owner: Visitor, as_seller: Visitor, as_other: Visitor, as_admin: Visitor, other: User
) -> None:
    reward = make_reward(other)
    for verb in ("approve", "reject", "retry"):
        assert client.swap(decision_url(reward, verb)).status_code == 401
        for visitor in (as_owner, as_seller, as_other):
            assert visitor.swap(decision_url(reward, verb), {"reason": "x"}).status_code == 403
        assert as_admin.post(decision_url(reward, verb), data={"reason": "x"}).status_code == 400
        assert as_admin.get(decision_url(reward, verb)).status_code == (200 if verb == "reject" else 405)
    assert status_of(reward) == "pending_approval"


def test_unknown_reward_is_not_found(as_admin: Visitor) -> None:
    for verb in ("approve", "reject", "retry"):
        response = as_admin.swap(f"{QUEUE}/999999/{verb}", {"reason": "x"})
        assert response.status_code == 404
        assert "<html" not in response.text


def test_mint_now_starts_a_job(app: Flask, as_admin: Visitor, other: User) -> None:
    woken: list[str] = []
    app.extensions["portal"].wake = woken.append
    make_reward(other, "approved")
    response = as_admin.submit(f"{QUEUE}/mint", {"count": "1"})
    assert response.status_code == 303
    assert response.location.startswith(f"{QUEUE}/mint/")
    assert woken == ["mint_rewards"]
    assert as_admin.get(f"{QUEUE}/mint").status_code == 200


def test_mint_now_requires_admin_and_csrf_token(
    client: Visitor, as_owner: Visitor, as_admin: Visitor
) -> None:
    assert client.submit(f"{QUEUE}/mint").status_code == 401
    assert as_owner.submit(f"{QUEUE}/mint").status_code == 403
    assert as_admin.post(f"{QUEUE}/mint").status_code == 400
