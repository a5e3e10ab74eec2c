"""The chain takes blocks back, shallow and deeper than final; the mempool is emptied; nonces are stolen."""

from __future__ import annotations

import time

import pytest

from tests.support.chain_world import OPERATOR, OTHER, World


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_reorganised_before_final(world: World, depth: int) -> None:
    world.anvil.mine(10)
    world.add_rewards(6)
    world.round()
    world.anvil.mine(depth - 1)
    world.round()
    world.anvil.request("anvil_reorg", depth, [])
    world.finish()
    world.assert_paid_exactly_once(6)


def test_reorganised_deeper_than_final(world: World) -> None:
    world.anvil.mine(10)
    ids = world.add_rewards(12)
    world.finish()
    world.anvil.request("anvil_reorg", 9, [])
    assert len(world.paid_events()) < 12
    world.finish()
    world.assert_paid_exactly_once(12)
    told = world.rows("SELECT DISTINCT event FROM event_log WHERE entity_id = ANY(%s)", [str(i) for i in ids])
    assert ("reward_reopened",) in told


def test_reorganised_with_an_unmined_one_waiting(world: World) -> None:
    world.anvil.mine(10)
    world.add_rewards(10)
    world.round()
    world.anvil.mine(5)
    world.round()
    world.anvil.request("evm_setAutomine", False)
    world.round()
    world.anvil.request("anvil_reorg", 8, [])
    world.anvil.request("anvil_dropAllTransactions")
    world.anvil.request("evm_setAutomine", True)
    world.finish()
    world.assert_paid_exactly_once(10)


def test_emptied_mempool(world: World) -> None:
    world.add_rewards(5)
    world.anvil.request("evm_setAutomine", False)
    world.round()
    world.anvil.request("anvil_dropAllTransactions")
    world.round()
    assert world.rows("SELECT sends FROM chain_attempts") == [(2,)]
    world.anvil.request("evm_setAutomine", True)
    world.finish()
    world.assert_paid_exactly_once(5)


def test_base_fee_spike(world: World) -> None:
    world.add_rewards(2)
    world.anvil.request("evm_setAutomine", False)
    world.round()
    spike = 400 * 10**9
    world.anvil.request("anvil_setNextBlockBaseFeePerGas", hex(spike))
    world.anvil.mine()
    assert world.paid_events() == []
    time.sleep(1.1)
    world.anvil.request("anvil_setNextBlockBaseFeePerGas", hex(spike))
    world.round(referral_bump_after_seconds=1)
    world.anvil.request("evm_setAutomine", True)
    world.finish()
    world.assert_paid_exactly_once(2)
    assert world.rows("SELECT count(*) FROM chain_attempts")[0][0] >= 2


def test_ceiling_makes_rewards_wait(world: World) -> None:
    world.add_rewards(2)
    world.anvil.request("anvil_setNextBlockBaseFeePerGas", hex(50 * 10**9))
    world.anvil.mine()
    report = world.round(referral_max_fee_gwei=20)
    assert (report.waiting_reason, world.count("approved")) == ("fee_ceiling", 2)
    world.finish()
    world.assert_paid_exactly_once(2)


def test_stolen_nonce(world: World) -> None:
    world.add_rewards(4)
    world.anvil.request("evm_setAutomine", False)
    world.round()
    world.anvil.request("anvil_dropAllTransactions")
    world.transact(OPERATOR, OTHER, value=1, is_mined=False)
    world.anvil.mine(6)
    world.anvil.request("evm_setAutomine", True)
    world.finish()
    assert world.rows("SELECT status FROM chain_transactions ORDER BY nonce") == [
        ("superseded",),
        ("succeeded",),
    ]
    world.assert_paid_exactly_once(4)


def test_gap_left_by_a_foreign_transaction(world: World) -> None:
    world.anvil.mine(10)
    world.transact(OPERATOR, OTHER, value=1)
    world.add_rewards(3)
    world.round()
    world.anvil.request("anvil_reorg", 2, [])
    world.anvil.request("anvil_dropAllTransactions")
    world.finish()
    purposes = world.rows("SELECT purpose, status FROM chain_transactions ORDER BY nonce")
    assert purposes == [("filler", "succeeded"), ("reward", "succeeded")]
    world.assert_paid_exactly_once(3)


def test_mined_batches_do_not_wait_for_finality(world: World) -> None:
    world.add_rewards(20)
    reports = [world.round() for _ in range(4)]
    assert [report.submitted for report in reports] == [5, 5, 5, 5]
    assert world.statuses() == {"minting": 20}
    world.finish()
    world.assert_paid_exactly_once(20)


def test_never_two_unmined_transactions(world: World) -> None:
    world.add_rewards(12)
    world.anvil.request("evm_setAutomine", False)
    for _ in range(3):
        world.round()
    assert world.rows("SELECT count(*) FROM chain_transactions") == [(1,)]
    world.anvil.request("evm_setAutomine", True)
    world.finish()
    world.assert_paid_exactly_once(12)


def test_reorganised_deep_and_the_nonce_stolen(world: World) -> None:
    """The account's nonce looks right afterwards: only the events tell that the payment is gone."""
    world.anvil.mine(10)
    world.add_rewards(3)
    world.finish()
    world.anvil.request("anvil_reorg", 9, [])
    world.anvil.request("anvil_dropAllTransactions")
    assert world.paid_events() == []
    world.transact(OPERATOR, OTHER, value=1)
    world.anvil.mine(6)
    world.add_rewards(1)
    world.finish()
    world.assert_paid_exactly_once(4)
    assert ("superseded",) in world.rows("SELECT status FROM chain_transactions")
