"""Batch minting: a review, then a job whose page keeps its address."""

from __future__ import annotations

import pytest
from flask import Flask

from models import MintJob, ReferralReward, User
from portal.db import Actor
from portal.flows.minting.mint_jobs import create_mint_job
from tests.factories import make_reward
from tests.web.pages import text_of
from tests.web.visitor import Visitor

MINT = "/admin/refcodes/mint"


def start(app: Flask, *rewards: ReferralReward) -> int:
    chain_id = app.extensions["portal"].chain.chain_id
    return create_mint_job(Actor("test"), chain_id=chain_id, reward_ids=[reward.id for reward in rewards])


def test_the_review_says_when_there_is_no_chain(as_admin: Visitor) -> None:
    assert "No blockchain is configured" in text_of(as_admin.get(MINT))


def test_nothing_approved_is_nothing_to_mint(as_admin: Visitor, other: User) -> None:
    make_reward(other)
    answer = as_admin.submit(MINT, {"count": "5"})
    assert (answer.status_code, answer.location) == (303, "/admin/refcodes?status=approved")
    assert not MintJob.select().exists()


@pytest.mark.parametrize("count", ["0", "-3"])
def test_count_of_zero_mints_nothing(as_admin: Visitor, other: User, count: str) -> None:
    make_reward(other, "approved")
    answer = as_admin.submit(MINT, {"count": count})
    assert (answer.status_code, answer.location) == (303, "/admin/refcodes?status=approved")
    assert not MintJob.select().exists()


def test_a_job_holds_what_the_review_promised(as_admin: Visitor, other: User) -> None:
    for _ in range(3):
        make_reward(other, "approved")
    assert as_admin.submit(MINT, {"count": "2"}).status_code == 303
    page = text_of(as_admin.get(f"{MINT}/{MintJob.get().id}"))
    assert "0 of 2" in page


def test_a_running_job_asks_again_and_a_finished_one_does_not(
    app: Flask, as_admin: Visitor, other: User
) -> None:
    reward = make_reward(other, "approved")
    job_id = start(app, reward)
    fragment = as_admin.fragment(f"{MINT}/{job_id}")
    assert "<html" not in fragment.text
    assert 'hx-trigger="every 2s"' in fragment.text
    MintJob.update(status="finished", finished_at=reward.created_at).execute()
    assert "hx-trigger" not in as_admin.fragment(f"{MINT}/{job_id}").text


def test_a_job_is_stopped_once(app: Flask, as_admin: Visitor, other: User) -> None:
    job_id = start(app, make_reward(other, "approved"))
    for _ in range(2):
        assert as_admin.submit(f"{MINT}/{job_id}/stop").location == f"{MINT}/{job_id}"
    assert MintJob.get_by_id(job_id).status == "stopped"


def test_failed_rewards_of_a_job_are_retried_in_one_of_their_own(
    app: Flask, as_admin: Visitor, other: User
) -> None:
    reward = make_reward(other, "approved")
    job_id = start(app, reward)
    ReferralReward.update(status="failed", failure_reason="refused").execute()
    MintJob.update(status="finished", finished_at=reward.created_at).execute()
    answer = as_admin.submit(f"{MINT}/{job_id}/retry")
    assert answer.location == f"{MINT}/{job_id + 1}"
    assert MintJob.get_by_id(job_id + 1).retry_of == job_id
    assert ReferralReward.get_by_id(reward.id).status == "approved"


def test_an_unknown_job_is_not_found(as_admin: Visitor) -> None:
    assert as_admin.get(f"{MINT}/7").status_code == 404
    for verb in ("stop", "retry"):
        assert as_admin.submit(f"{MINT}/7/{verb}").status_code == 404


def test_jobs_are_the_admins(client: Visitor, as_owner: Visitor, app: Flask, other: User) -> None:
    job_id = start(app, make_reward(other, "approved"))
    for url in (MINT, f"{MINT}/{job_id}"):
        assert client.get(url).status_code == 303
        assert as_owner.get(url).status_code == 403
    assert as_owner.submit(f"{MINT}/{job_id}/stop").status_code == 403
    assert MintJob.get_by_id(job_id).status == "queued"
