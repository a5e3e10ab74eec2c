"""Minting as seen by the portal: reports, jobs, notifications, and concurrent decisions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.chain import Deployment
from portal.chain.sending import failpoints as labels
from portal.db import Actor, bind_database, connection
from portal.flows.approvals.retry_mint_job import retry_failed_of_job
from portal.flows.minting.mint_jobs import (
    NothingToMint,
    create_mint_job,
    get_mint_job,
    list_mint_job_rewards,
    review_mint,
    stop_mint_job,
)
from portal.flows.minting.mint_rewards import drive_minting, request_mint, run_mint
from portal.lib.errors import PortalError
from portal.rewards import RewardStatusConflict, RewardUnknown, reject_reward
from tests.support.chain_world import ADMIN, CHAIN_ID, OPERATOR, TESTER, Anvil, World, close_pool
from tests.support.chains import LocalChain


@pytest.fixture
def world(database_url: str, chain: LocalChain) -> Iterator[World]:
    bind_database(database_url)
    try:
        with connection():
            yield World(database_url, Anvil.at(chain.rpc_url), _deployment(chain))
    finally:
        labels.listen(None)
        close_pool()


def _deployment(chain: LocalChain) -> Deployment:
    return Deployment(CHAIN_ID, chain.rewards_address, "", chain.token_address, ADMIN, OPERATOR, 0, 0)


@pytest.fixture
def admin(world: World) -> int:
    return int(
        world.rows("INSERT INTO users (email, role) VALUES ('a@example.org', 'admin') RETURNING id")[0][0]
    )


def run(world: World, limit: int = 50) -> None:
    for _ in range(6):
        run_mint(world.chain(), world.settings(), limit, TESTER)
        world.anvil.mine(2)


def test_report_of_each_stage(world: World) -> None:
    world.add_rewards(3)
    first = world.round()
    assert (first.processed, first.submitted, first.minted, first.open_rewards) == (3, 3, 0, 3)
    world.anvil.mine(3)
    second = world.round()
    assert (second.processed, second.submitted, second.minted, second.open_rewards) == (0, 0, 3, 0)
    assert second.as_json() == {
        "success": True,
        "processed": 0,
        "submitted": 0,
        "minted": 3,
        "failed": 0,
        "jobId": None,
        "waitingReason": None,
    }


def test_limit_is_kept(world: World) -> None:
    world.add_rewards(4)
    assert world.round(limit=3).submitted == 3
    assert world.round(limit=0).submitted == 0


def test_oldest_first(world: World) -> None:
    newer = world.add_rewards(1, created_at="2026-02-01")
    older = world.add_rewards(1, created_at="2026-01-01")
    world.round(limit=1)
    assert world.rows("SELECT id FROM referral_rewards WHERE status = 'minting'") == [(older[0],)]
    assert world.rows("SELECT id FROM referral_rewards WHERE status = 'approved'") == [(newer[0],)]


def test_every_transition_is_logged(world: World) -> None:
    world.add_rewards(2)
    run(world)
    transitions = world.rows(
        "SELECT event, from_status, to_status, actor, count(*) FROM event_log GROUP BY 1, 2, 3, 4"
    )
    assert set(transitions) == {
        ("reward_minting", "approved", "minting", TESTER.label, 2),
        ("reward_minted", "minting", "minted", TESTER.label, 2),
    }


def test_referrer_is_notified_once(world: World) -> None:
    world.add_rewards(2)
    run(world)
    run(world)
    notifications = world.rows("SELECT kind, params ->> 'paymentHash' FROM notifications ORDER BY id")
    assert [kind for kind, _ in notifications] == ["referral_reward_minted"] * 2
    assert {payment_hash for _, payment_hash in notifications} == {
        event.order_ref for event in world.paid_events()
    }


def test_rejected_between_simulation_and_claim(world: World) -> None:
    ids = world.add_rewards(3)
    chain = world.chain()
    simulate = chain.contract.simulate

    def reject_then_simulate(*arguments: object) -> object:
        if world.count("approved") == 3:
            reject_reward(ids[1], "changed my mind", TESTER)
        return simulate(*arguments)  # type: ignore[arg-type]

    chain.contract.simulate = reject_then_simulate  # type: ignore[method-assign,assignment]
    report = run_mint(chain, world.settings(), 10, TESTER)
    assert report.submitted == 2
    run(world)
    assert world.statuses() == {"minted": 2, "rejected": 1}
    assert len(world.paid_events()) == 2


def test_drive_runs_to_the_end(world: World) -> None:
    world.add_rewards(12)
    total = drive_minting(
        world.chain(), world.settings(), TESTER, limit=50, seconds=20, on_round=lambda _: world.anvil.mine(2)
    )
    assert (total.submitted, total.minted, total.open_rewards) == (12, 12, 0)


def test_idle_round_makes_no_chain_request(world: World) -> None:
    world.add_rewards(1)
    run(world)
    away = world.chain(polygon_rpc_url="http://127.0.0.1:9")
    assert run_mint(away, world.settings(), 10, TESTER).waiting_reason is None
    world.add_rewards(1)
    assert run_mint(away, world.settings(), 10, TESTER).waiting_reason == "chain_away"


def test_minting_reports_a_reward_of_another_chain(world: World) -> None:
    world.add_rewards(1, chain_id=137)
    world.add_rewards(1)
    run(world)
    assert world.statuses() == {"approved": 1, "minted": 1}


# ---------------------------------------------------------------------- jobs


def test_request_mint_of_a_batch(world: World, admin: int) -> None:
    world.add_rewards(8)
    world.overrides["referral_mint_open_transactions"] = 1
    report = request_mint(world.chain(), world.settings(), 7, admin)
    assert (report.submitted, report.as_json()["success"]) == (5, True)
    assert report.job_id is not None
    job = get_mint_job(report.job_id)
    assert (job.total, job.done, job.is_running, job.counts) == (7, 0, True, {"minting": 5, "approved": 2})
    run(world)
    job = get_mint_job(report.job_id)
    assert (job.job.status, job.job.minted, job.done) == ("finished", 7, 7)
    rows = list_mint_job_rewards(report.job_id).rows
    assert len(rows) == 7
    assert all(row.tx_hash and row.status == "minted" for row in rows)


def test_request_mint_of_one_reward(world: World, admin: int) -> None:
    ids = world.add_rewards(3)
    report = request_mint(world.chain(), world.settings(), 10, admin, ids[2])
    assert report.submitted == 1
    assert world.rows("SELECT id FROM referral_rewards WHERE status = 'minting'") == [(ids[2],)]
    with pytest.raises(RewardStatusConflict):
        request_mint(world.chain(), world.settings(), 10, admin, ids[2])
    with pytest.raises(RewardUnknown):
        request_mint(world.chain(), world.settings(), 10, admin, 10**9)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("status", "minting", "reward_status_conflict"),
        ("refund_due", True, "reward_refund_due"),
        ("mintable_from", "2099-01-01", "reward_on_hold"),
        ("chain_id", 137, "reward_on_other_chain"),
    ],
)
def test_request_mint_of_one_reward_that_may_not_be_minted_mints_no_other(
    world: World, admin: int, column: str, value: object, code: str
) -> None:
    ids = world.add_rewards(3)
    world.rows(f"UPDATE referral_rewards SET {column} = %s WHERE id = %s", value, ids[1])
    statuses = world.statuses()
    with pytest.raises(PortalError) as caught:
        request_mint(world.chain(), world.settings(), 10, admin, ids[1])
    assert caught.value.code == code
    assert world.statuses() == statuses
    assert world.rows("SELECT count(*) FROM mint_jobs") == [(0,)]


def test_request_mint_of_one_reward_of_a_stopped_job(world: World, admin: int) -> None:
    ids = world.add_rewards(2)
    job_id = create_mint_job(Actor.user(admin), chain_id=CHAIN_ID)
    stop_mint_job(job_id, Actor.user(admin))
    assert request_mint(world.chain(), world.settings(), 10, admin, ids[1]).submitted == 1
    assert world.rows("SELECT id FROM referral_rewards WHERE status = 'minting'") == [(ids[1],)]


def test_request_mint_of_one_reward_above_the_cap_reports_the_cap(world: World, admin: int) -> None:
    world.rewards_call("setCaps(uint256,uint256)", 10**18, 0)
    ids = world.add_rewards(1, reward_amount_wei=2 * 10**18)
    report = request_mint(world.chain(), world.settings(), 10, admin, ids[0])
    assert (report.submitted, report.waiting_reason) == (0, "reward_cap")


def test_reward_on_hold_is_minted_after_its_hold_period(world: World) -> None:
    ids = world.add_rewards(2)
    world.rows("UPDATE referral_rewards SET mintable_from = '2099-01-01' WHERE id = %s", ids[0])
    run(world)
    assert world.statuses() == {"approved": 1, "minted": 1}
    world.rows("UPDATE referral_rewards SET mintable_from = now() WHERE id = %s", ids[0])
    run(world)
    assert world.statuses() == {"minted": 2}


def test_request_with_nothing_to_mint(world: World, admin: int) -> None:
    report = request_mint(world.chain(), world.settings(), 10, admin)
    assert (report.submitted, report.job_id) == (0, None)


def test_stopped_job_sends_nothing_until_resumed(world: World, admin: int) -> None:
    world.add_rewards(8)
    world.overrides["referral_mint_open_transactions"] = 1
    report = request_mint(world.chain(), world.settings(), 8, admin)
    assert report.job_id is not None
    assert stop_mint_job(report.job_id, Actor.user(admin))
    assert not stop_mint_job(report.job_id, Actor.user(admin))
    run(world)
    assert world.statuses() == {"minted": 5, "approved": 3}
    assert get_mint_job(report.job_id).job.status == "stopped"
    assert request_mint(world.chain(), world.settings(), 8, admin).job_id is None
    waiting = [row[0] for row in world.rows("SELECT id FROM referral_rewards WHERE status = 'approved'")]
    create_mint_job(Actor.user(admin), chain_id=CHAIN_ID, reward_ids=waiting)
    run(world)
    assert world.statuses() == {"minted": 8}


def test_retry_failed_only(world: World, admin: int) -> None:
    ids = world.add_rewards(3)
    job_id = create_mint_job(Actor.user(admin), chain_id=CHAIN_ID)
    world.rows("UPDATE referral_rewards SET status = 'failed', failure_reason = 'x' WHERE id = %s", ids[0])
    run(world)
    assert get_mint_job(job_id).job.status == "finished"
    again, _result = retry_failed_of_job(job_id, admin, world.chain(), world.settings())
    assert again is not None
    assert get_mint_job(again).total == 1
    run(world)
    assert world.statuses() == {"minted": 3}
    with pytest.raises(NothingToMint):
        retry_failed_of_job(job_id, admin, world.chain(), world.settings())


def test_job_reports_why_it_waits(world: World, admin: int) -> None:
    world.add_rewards(2)
    world.rewards_call("pause()")
    report = request_mint(world.chain(), world.settings(), 2, admin)
    assert report.waiting_reason == "paused"
    assert report.as_json()["success"] is False
    assert report.job_id is not None
    job = get_mint_job(report.job_id).job
    assert (job.status, job.waiting_reason) == ("queued", "paused")


def test_review_before_minting(world: World) -> None:
    world.add_rewards(7, reward_amount_wei=10**18)
    review = review_mint(world.chain(), batch_size=5, limit=50)
    assert (len(review.reward_ids), review.total_wei, review.transactions) == (7, 7 * 10**18, 2)
    assert review.gas is not None
    assert review.cost_wei is not None
    assert review.operator_balance_wei is not None
    assert 7 * 40_000 < review.gas < 7 * 80_000
    assert world.statuses() == {"approved": 7}
