"""Batch minting: the review and the job page. See docs/rules/minting.md."""

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


def start_job(app: Flask, *rewards: ReferralReward) -> int:
    chain_id = app.extensions["portal"].chain.chain_id
    return create_mint_job(Actor("test"), chain_id=chain_id, reward_ids=[reward.id for reward in rewards])


def test_review_reports_a_missing_chain(as_admin: Visitor) -> None:
    assert "No blockchain is configured" in text_of(as_admin.get(MINT))


def test_no_job_without_approved_rewards(as_admin: Visitor, other: User) -> None:
    make_reward(other)
    response = as_admin.submit(MINT, {"count": "5"})
    assert (response.status_code, response.location) == (303, "/admin/refcodes?status=approved")
    assert not MintJob.select().exists()


@pytest.mark.parametrize(
    ("count", "status"), [("0", 303), ("-3", 400), ("", 400), ("1e3", 400), ("10001", 400), ("٣", 400)]
)
def test_count_of_zero_or_none_mints_nothing(as_admin: Visitor, other: User, count: str, status: int) -> None:
    make_reward(other, "approved")
    response = as_admin.submit(MINT, {"count": count})
    assert response.status_code == status
    assert not MintJob.select().exists()


def test_job_has_the_reviewed_number_of_rewards(as_admin: Visitor, other: User) -> None:
    for _ in range(3):
        make_reward(other, "approved")
    assert as_admin.submit(MINT, {"count": "2"}).status_code == 303
    page = text_of(as_admin.get(f"{MINT}/{MintJob.get().id}"))
    assert "0 of 2" in page


def test_only_running_job_polls(app: Flask, as_admin: Visitor, other: User) -> None:
    reward = make_reward(other, "approved")
    job_id = start_job(app, reward)
    fragment = as_admin.fragment(f"{MINT}/{job_id}")
    assert "<html" not in fragment.text
    assert 'hx-trigger="every 2s"' in fragment.text
    MintJob.update(status="finished", finished_at=reward.created_at).execute()
    assert "hx-trigger" not in as_admin.fragment(f"{MINT}/{job_id}").text


def test_repeated_stop_is_harmless(app: Flask, as_admin: Visitor, other: User) -> None:
    job_id = start_job(app, make_reward(other, "approved"))
    for _ in range(2):
        assert as_admin.submit(f"{MINT}/{job_id}/stop").location == f"{MINT}/{job_id}"
    assert MintJob.get_by_id(job_id).status == "stopped"


def test_failed_rewards_are_retried_in_a_new_job(app: Flask, as_admin: Visitor, other: User) -> None:
    reward = make_reward(other, "approved")
    job_id = start_job(app, reward)
    ReferralReward.update(status="failed", failure_reason="refused").execute()
    MintJob.update(status="finished", finished_at=reward.created_at).execute()
    response = as_admin.submit(f"{MINT}/{job_id}/retry")
    assert response.location == f"{MINT}/{job_id + 1}"
    assert MintJob.get_by_id(job_id + 1).retry_of == job_id
    assert ReferralReward.get_by_id(reward.id).status == "approved"


def test_unknown_job_is_not_found(as_admin: Visitor) -> None:
    assert as_admin.get(f"{MINT}/7").status_code == 404
    for verb in ("stop", "retry"):
        assert as_admin.submit(f"{MINT}/7/{verb}").status_code == 404


def test_jobs_require_an_admin(client: Visitor, as_owner: Visitor, app: Flask, other: User) -> None:
    job_id = start_job(app, make_reward(other, "approved"))
    for url in (MINT, f"{MINT}/{job_id}"):
        assert client.get(url).status_code == 303
        assert as_owner.get(url).status_code == 403
    assert as_owner.submit(f"{MINT}/{job_id}/stop").status_code == 403
    assert MintJob.get_by_id(job_id).status == "queued"
