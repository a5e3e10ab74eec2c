"""Filters in the URL and decisions about many: exactly what was chosen or promised, told row by row."""

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


def test_the_chosen_are_approved_and_no_others(app: Flask, as_admin: Visitor, other: User) -> None:
    woken: list[str] = []
    app.extensions["portal"].wake = woken.append
    rewards = [make_reward(other) for _ in range(3)]
    answer = as_admin.submit(DECIDE, {"decision": "approve", "ids": [rewards[0].id, rewards[2].id]})
    assert (answer.status_code, answer.location) == (303, f"{QUEUE}?status=pending_approval")
    assert statuses() == {
        rewards[0].id: "approved",
        rewards[1].id: "pending_approval",
        rewards[2].id: "approved",
    }
    assert woken == ["mint_rewards"]
    assert "2 rewards are approved." in text_of(as_admin.get(QUEUE))


def test_what_was_decided_meanwhile_is_told(as_admin: Visitor, other: User) -> None:
    open_one, minted = make_reward(other), make_reward(other, "minted")
    as_admin.submit(DECIDE, {"decision": "reject", "reason": "a test", "ids": [open_one.id, minted.id]})
    assert statuses() == {open_one.id: "rejected", minted.id: "minted"}
    text = text_of(as_admin.get(QUEUE))
    assert "1 reward is rejected." in text
    assert "1 reward was already decided." in text


def test_who_decided_meanwhile_is_named(as_admin: Visitor, admin: User, other: User) -> None:
    reward = make_reward(other)
    form = {"decision": "approve", "ids": [reward.id]}
    as_admin.submit(DECIDE, form)
    as_admin.submit(DECIDE, form)
    assert f"1 reward was already decided by {admin.name}." in text_of(as_admin.get(QUEUE))


def test_all_matching_decides_beyond_the_page_when_the_promise_holds(as_admin: Visitor, other: User) -> None:
    rewards = [make_reward(other) for _ in range(53)]
    page = as_admin.get(QUEUE).text
    assert 'name="all_matching" value="53"' in page
    as_admin.submit(DECIDE, {"decision": "approve", "all_matching": "53"})
    assert set(statuses().values()) == {"approved"}
    assert len(rewards) == 53


@pytest.mark.parametrize("promised", ["2", "4", "0", "-3", "many", "9" * 30])
def test_all_matching_is_refused_when_the_match_is_another(
    as_admin: Visitor, other: User, promised: str
) -> None:
    rewards = [make_reward(other) for _ in range(3)]
    answer = as_admin.submit(DECIDE, {"decision": "approve", "all_matching": promised})
    assert answer.status_code == 409
    assert "now it is" in text_of(answer) or "now there are" in text_of(answer)
    assert set(statuses().values()) == {"pending_approval"}
    assert len(rewards) == 3


@pytest.mark.parametrize("ids", [[], ["x"], ["-1"], [str(2**63)]])
def test_nothing_chosen_says_so(as_admin: Visitor, other: User, ids: list[str]) -> None:
    make_reward(other)
    answer = as_admin.submit(DECIDE, {"decision": "approve", "ids": ids})
    assert answer.status_code == 422
    assert "Select at least one reward." in text_of(answer)


def test_rejecting_many_needs_a_reason(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other)
    answer = as_admin.submit(DECIDE, {"decision": "reject", "ids": [reward.id], "reason": " "})
    assert answer.status_code == 422
    assert statuses() == {reward.id: "pending_approval"}


def test_only_an_admin_decides(client: Visitor, as_owner: Visitor, as_admin: Visitor, other: User) -> None:
    reward = make_reward(other)
    form = {"decision": "approve", "ids": [reward.id]}
    assert client.submit(DECIDE, form).status_code == 401
    assert as_owner.submit(DECIDE, form).status_code == 403
    assert as_admin.post(DECIDE, data=form).status_code == 400
    assert as_admin.get(DECIDE).status_code == 405
    assert statuses() == {reward.id: "pending_approval"}


def test_filters_narrow_the_queue_and_stay_in_its_links(as_admin: Visitor, other: User) -> None:
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
        ("until=9999-12-31", "until", "Enter a date such as"),
        ("wallet=0x12", "wallet", "Enter a wallet address"),
        ("leastUsd=lots", "leastUsd", "Enter a positive amount"),
    ],
)
def test_a_filter_that_makes_no_sense_is_told_beside_its_field(
    as_admin: Visitor, query: str, field: str, words: str
) -> None:
    page = as_admin.get(f"{QUEUE}?{query}")
    assert page.status_code == 200
    assert f'href="#{field}"' in page.text
    assert f'id="{field}-error"' in page.text
    assert words in text_of(page)


def test_a_first_approval_waits_for_another_admin(
    app: Flask, as_admin: Visitor, admin: User, other: User
) -> None:
    running = app.extensions["portal"]
    running.settings = running.settings.model_copy(update={"referral_second_approval_usd": 1})
    reward = make_reward(other, usd_value=5)
    answer = as_admin.swap(f"{QUEUE}/{reward.id}/approve")
    assert "A second admin must confirm" in text_of(answer)
    assert admin.name in text_of(answer)
    assert statuses() == {reward.id: "pending_approval"}
    again = as_admin.swap(f"{QUEUE}/{reward.id}/approve")
    assert again.status_code == 409
