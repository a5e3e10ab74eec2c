"""Queue filters and bulk decisions: only the selected or confirmed rewards change. See docs/rules/rewards.md."""

from __future__ import annotations

import pytest
from flask import Flask

from models import ReferralReward, User
from tests.factories import make_reward
from tests.web.pages import text_of
from tests.web.visitor import Visitor

QUEUE = "/admin/refcodes"
DECIDE = f"{QUEUE}/decide"


def statuses() -> dict[int, str]:
    return {row.id: row.status for row in ReferralReward.select()}


def test_only_selected_rewards_are_approved(app: Flask, as_admin: Visitor, other: User) -> None:
    woken: list[str] = []
    app.extensions["portal"].wake = woken.append
    rewards = [make_reward(other) for _ in range(3)]
    response = as_admin.submit(DECIDE, {"decision": "approve", "ids": [rewards[0].id, rewards[2].id]})
    assert (response.status_code, response.location) == (303, f"{QUEUE}?status=pending_approval")
    assert statuses() == {
        rewards[0].id: "approved",
        rewards[1].id: "pending_approval",
        rewards[2].id: "approved",
    }
    assert woken == ["mint_rewards"]
    assert "2 rewards are approved." in text_of(as_admin.get(QUEUE))


def test_already_decided_rewards_are_reported(as_admin: Visitor, other: User) -> None:
    pending, minted = make_reward(other), make_reward(other, "minted")
    as_admin.submit(DECIDE, {"decision": "reject", "reason": "a test", "ids": [pending.id, minted.id]})
    assert statuses() == {pending.id: "rejected", minted.id: "minted"}
    text = text_of(as_admin.get(QUEUE))
    assert "1 reward is rejected." in text
    assert "1 reward was already decided." in text


def test_failed_rewards_are_retried_together(as_admin: Visitor, other: User) -> None:
    failed = [make_reward(other, "failed") for _ in range(3)]
    page = as_admin.get(f"{QUEUE}?status=failed")
    assert "Retry selected" in text_of(page)
    assert "Retry selected" not in text_of(as_admin.get(QUEUE))
    pending = make_reward(other)
    form = {"decision": "retry", "status": "failed"}
    as_admin.submit(DECIDE, {**form, "ids": [failed[0].id, pending.id]})
    assert statuses() == {
        failed[0].id: "approved", failed[1].id: "failed", failed[2].id: "failed", pending.id: "pending_approval",
    }  # fmt: skip
    text = text_of(as_admin.get(QUEUE))
    assert "1 reward is approved." in text
    as_admin.submit(DECIDE, {**form, "all_matching": "2"})
    assert list(statuses().values()).count("approved") == 3


def test_previous_decider_is_named(as_admin: Visitor, admin: User, other: User) -> None:
    reward = make_reward(other)
    form = {"decision": "approve", "ids": [reward.id]}
    as_admin.submit(DECIDE, form)
    as_admin.submit(DECIDE, form)
    assert f"1 reward was already decided by {admin.name}." in text_of(as_admin.get(QUEUE))


def test_all_matching_includes_rewards_beyond_the_page(as_admin: Visitor, other: User) -> None:
    rewards = [make_reward(other) for _ in range(53)]
    page = as_admin.get(QUEUE).text
    assert 'name="all_matching" value="53"' in page
    as_admin.submit(DECIDE, {"decision": "approve", "all_matching": "53"})
    assert set(statuses().values()) == {"approved"}
    assert len(rewards) == 53


@pytest.mark.parametrize("expected_count", ["2", "4", "0", "-3", "many", "9" * 30])
def test_all_matching_is_refused_when_the_count_differs(
    as_admin: Visitor, other: User, expected_count: str
) -> None:
    rewards = [make_reward(other) for _ in range(3)]
    response = as_admin.submit(DECIDE, {"decision": "approve", "all_matching": expected_count})
    assert response.status_code == 409
    assert "now it is" in text_of(response) or "now there are" in text_of(response)
    assert set(statuses().values()) == {"pending_approval"}
    assert len(rewards) == 3


@pytest.mark.parametrize("ids", [[], ["x"], ["-1"], [str(2**63)]])
def test_empty_selection_is_refused(as_admin: Visitor, other: User, ids: list[str]) -> None:
    make_reward(other)
    response = as_admin.submit(DECIDE, {"decision": "approve", "ids": ids})
    assert response.status_code == 422
    assert "Select at least one reward." in text_of(response)


def test_bulk_rejection_requires_a_reason(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other)
    response = as_admin.submit(DECIDE, {"decision": "reject", "ids": [reward.id], "reason": " "})
    assert response.status_code == 422
    assert statuses() == {reward.id: "pending_approval"}


def test_bulk_decision_requires_admin_csrf_token_and_post(
    client: Visitor, as_owner: Visitor, as_admin: Visitor, other: User
) -> None:
    reward = make_reward(other)
    form = {"decision": "approve", "ids": [reward.id]}
    assert client.submit(DECIDE, form).status_code == 401
    assert as_owner.submit(DECIDE, form).status_code == 403
    assert as_admin.post(DECIDE, data=form).status_code == 400
    assert as_admin.get(DECIDE).status_code == 405
    assert statuses() == {reward.id: "pending_approval"}


def test_filters_narrow_the_queue(as_admin: Visitor, other: User) -> None:
    first, second = make_reward(other), make_reward(other, rail="crypto")
    page = as_admin.get(f"{QUEUE}?rail=crypto").text
    assert second.order_reference in page
    assert first.order_reference not in page
    for query in (
        f"orderReference={first.order_reference}",
        f"wallet={first.referrer_wallet}",
        f"code={first.ref_code}",
        "since=2020-01-01&until=2099-12-31",
        "leastUsd=0.01",
    ):
        assert first.order_reference in as_admin.get(f"{QUEUE}?{query}").text, query
    assert first.order_reference not in as_admin.get(f"{QUEUE}?until=2020-01-01").text
    assert "No reward matches the filter" in text_of(as_admin.get(f"{QUEUE}?code=nothing"))


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("since=yesterday", "since", "Enter a date such as"),
        ("until=2026-13-01", "until", "Enter a date such as"),
        ("until=9999-12-31", "until", "Enter a date of the years 1990 to 9998."),
        ("until=9999-01-01", "until", "Enter a date of the years 1990 to 9998."),
        ("since=1989-12-31", "since", "Enter a date of the years 1990 to 9998."),
        ("since=0001-01-01", "since", "Enter a date of the years 1990 to 9998."),
        ("wallet=0x12", "wallet", "Enter a wallet address"),
        ("leastUsd=lots", "leastUsd", "Enter a positive amount"),
    ],
)
def test_invalid_filter_is_reported_at_its_field(
    as_admin: Visitor, query: str, field: str, words: str
) -> None:
    page = as_admin.get(f"{QUEUE}?{query}")
    assert page.status_code == 200
    assert f'href="#{field}"' in page.text
    assert f'id="{field}-error"' in page.text
    assert words in text_of(page)


def test_first_approval_waits_for_a_second_admin(
    app: Flask, as_admin: Visitor, admin: User, other: User
) -> None:
    running = app.extensions["portal"]
    running.settings = running.settings.model_copy(update={"referral_second_approval_usd": 1})
    reward = make_reward(other, usd_value=5)
    response = as_admin.swap(f"{QUEUE}/{reward.id}/approve")
    assert "A second admin must confirm" in text_of(response)
    assert admin.name in text_of(response)
    assert statuses() == {reward.id: "pending_approval"}
    repeated = as_admin.swap(f"{QUEUE}/{reward.id}/approve")
    assert repeated.status_code == 409
