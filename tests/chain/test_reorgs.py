"""Reorganizations, shallow and deeper than final; emptied mempools; nonces used by other transactions."""

from __future__ import annotations

import time

import pytest

from tests.support.chain_world import OPERATOR, OTHER, World
from tests.support.rpc_proxy import Fault, RpcProxy


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_reorg_before_finality_loses_no_payment(world: World, depth: int) -> None:
    world.anvil.mine(10)
    world.add_rewards(6)
    world.round()
    world.anvil.mine(depth - 1)
    world.round()
    world.anvil.request("anvil_reorg", depth, [])
    world.finish()
    world.assert_paid_exactly_once(6)


def test_reorg_deeper_than_final_reopens_rewards(world: World) -> None:
    world.anvil.mine(10)
    ids = world.add_rewards(12)
    world.finish()
    world.anvil.request("anvil_reorg", 9, [])
    assert len(world.paid_events()) < 12
    world.finish()
    world.assert_paid_exactly_once(12)
    events = world.rows(
        "SELECT DISTINCT event FROM event_log WHERE entity_id = ANY(%s)", [str(i) for i in ids]
    )
    assert ("reward_reopened",) in events


def test_reorg_with_an_unmined_transaction_loses_no_payment(world: World) -> None:
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


def test_dropped_transaction_is_sent_again(world: World) -> None:
    world.add_rewards(5)
    world.anvil.request("evm_setAutomine", False)
    world.round()
    world.anvil.request("anvil_dropAllTransactions")
    world.round()
    assert world.rows("SELECT sends FROM chain_attempts") == [(2,)]
    world.anvil.request("evm_setAutomine", True)
    world.finish()
    world.assert_paid_exactly_once(5)


def test_base_fee_spike_bumps_the_transaction(world: World) -> None:
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


def test_fee_ceiling_makes_rewards_wait(world: World) -> None:
    world.add_rewards(2)
    world.anvil.request("anvil_setNextBlockBaseFeePerGas", hex(50 * 10**9))
    world.anvil.mine()
    report = world.round(referral_max_fee_gwei=20)
    assert (report.waiting_reason, world.count("approved")) == ("fee_ceiling", 2)
    world.finish()
    world.assert_paid_exactly_once(2)


def test_nonce_used_by_another_transaction_supersedes_ours(world: World) -> None:
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


def test_nonce_gap_is_filled(world: World) -> None:
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
    world.overrides["referral_mint_open_transactions"] = 1
    reports = [world.round() for _ in range(4)]
    assert [report.submitted for report in reports] == [5, 5, 5, 5]
    assert world.statuses() == {"minting": 20}
    world.finish()
    world.assert_paid_exactly_once(20)


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_transactions_than_allowed_are_unmined(world: World, most: int) -> None:
    world.add_rewards(12)
    world.overrides["referral_mint_open_transactions"] = most
    world.anvil.request("evm_setAutomine", False)
    for _ in range(3):
        world.round()
    assert world.rows("SELECT count(*) FROM chain_transactions") == [(most,)]
    world.anvil.request("evm_setAutomine", True)
    world.finish()
    world.assert_paid_exactly_once(12)


def test_deep_reorg_with_reused_nonce_pays_again(world: World) -> None:
    """The account's nonce is correct afterwards; only the missing event shows that the payment is gone."""
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


def test_reorg_longer_than_the_rewind_of_the_audit_pays_again(world: World) -> None:
    world.anvil.mine(10)
    world.add_rewards(3)
    before = world.anvil.request("evm_snapshot")
    world.finish()
    world.anvil.mine(2_500)
    age_audit(world)
    world.round()
    world.anvil.request("evm_revert", before)
    for _ in range(len(world.rows("SELECT 1 FROM chain_transactions"))):
        world.transact(OPERATOR, OTHER, value=1)
    world.anvil.mine(4_000)
    assert world.paid_events() == []
    age_audit(world)
    world.round()
    world.finish()
    world.assert_paid_exactly_once(3)


def age_audit(world: World) -> None:
    """Let the last audit be an hour ago."""
    world.rows("UPDATE chain_audit SET audited_at = now() - interval '1 hour' RETURNING 1")


def test_lagging_nonce_reopens_nothing(world: World) -> None:
    world.anvil.mine(10)
    world.add_rewards(4)
    world.finish()
    proxy = RpcProxy(world.anvil.url)
    world.overrides["polygon_rpc_url"] = proxy.url
    stale = {"eth_getTransactionCount": "0x0"}
    proxy.faults.append(
        Fault("rewrite", tuple(stale), rewrite=lambda method, result: stale.get(method, result))
    )
    try:
        world.round()
    finally:
        proxy.stop()
        world.overrides.clear()
    assert world.statuses() == {"minted": 4}
    assert world.rows("SELECT count(*) FROM event_log WHERE event = 'reward_reopened'") == [(0,)]
    world.finish()
    world.assert_paid_exactly_once(4)
