"""Refusals of the contract, the token and recipients: rewards wait with a reason, or one fails and others continue."""

from __future__ import annotations

import json

import pytest

from portal.chain import checksum, open_chain, order_ref
from portal.chain.contract.abi import encode_call
from portal.chain.contract.rewards import MINTER_ROLE, OPERATOR_ROLE
from portal.db import connection, query
from portal.flows.approvals.decide_reward import retry
from portal.flows.minting.mint_rewards import mint_rewards, waiting_reason
from portal.flows.minting.watch_chain import last_watch, watch_chain
from tests.support.chain_world import ADMIN, CHAIN_ID, OPERATOR, OTHER, TESTER, World
from tests.support.fake_tokens import fake_token_code

BAD = "0x00000000000000000000000000000000000bad00"
TOKEN = 10**18


def test_pause_makes_rewards_wait(world: World) -> None:
    world.add_rewards(3)
    world.rewards_call("pause()")
    assert world.round().waiting_reason == "paused"
    with connection():
        reason = waiting_reason(CHAIN_ID)
    assert reason is not None
    assert reason.code == "paused"
    assert world.statuses() == {"approved": 3}
    world.rewards_call("unpause()")
    world.finish()
    world.assert_paid_exactly_once(3)
    with connection():
        assert waiting_reason(CHAIN_ID) is None


def test_transaction_reverted_by_a_pause_is_paid_later(world: World) -> None:
    world.add_rewards(3)
    world.anvil.request("evm_setAutomine", False)
    world.round()
    world.anvil.request("anvil_dropAllTransactions")
    world.anvil.request("evm_setAutomine", True)
    world.rewards_call("pause()")
    world.round()
    world.anvil.mine(5)
    world.round()
    assert world.rows("SELECT status FROM chain_transactions") == [("reverted",)]
    assert world.statuses() == {"approved": 3}
    world.rewards_call("unpause()")
    world.finish()
    world.assert_paid_exactly_once(3)


def test_revoked_operator_role_makes_rewards_wait(world: World) -> None:
    world.add_rewards(2)
    world.rewards_call("revokeRole(bytes32,address)", OPERATOR_ROLE, OPERATOR)
    assert world.round().waiting_reason == "role_missing"
    world.rewards_call("grantRole(bytes32,address)", OPERATOR_ROLE, OPERATOR)
    world.finish()
    world.assert_paid_exactly_once(2)


def test_missing_minter_role_makes_rewards_wait(world: World) -> None:
    world.add_rewards(2)
    rewards = world.deployment.rewards_address
    world.admin_call(
        world.deployment.token_address, encode_call("revokeRole(bytes32,address)", MINTER_ROLE, rewards)
    )
    assert world.round().waiting_reason == "minter_missing"
    assert world.statuses() == {"approved": 2}
    world.admin_call(
        world.deployment.token_address, encode_call("grantRole(bytes32,address)", MINTER_ROLE, rewards)
    )
    world.finish()
    world.assert_paid_exactly_once(2)


def test_operator_without_gas_makes_rewards_wait(world: World) -> None:
    world.add_rewards(2)
    world.anvil.request("anvil_setBalance", OPERATOR, "0x0")
    assert world.round().waiting_reason == "no_gas"
    world.anvil.request("anvil_setBalance", OPERATOR, hex(10**10))
    assert world.round().waiting_reason == "no_gas"
    assert world.statuses() == {"approved": 2}
    world.anvil.request("anvil_setBalance", OPERATOR, hex(10**20))
    world.finish()
    world.assert_paid_exactly_once(2)


def test_operator_emptied_after_sending_is_reported(world: World) -> None:
    world.add_rewards(2)
    world.anvil.request("evm_setAutomine", False)
    world.round()
    world.anvil.request("anvil_dropAllTransactions")
    world.anvil.request("anvil_setBalance", OPERATOR, "0x0")
    assert world.round().waiting_reason == "no_gas"
    world.anvil.request("anvil_setBalance", OPERATOR, hex(10**20))
    world.anvil.request("evm_setAutomine", True)
    world.finish()
    world.assert_paid_exactly_once(2)


def test_reward_above_the_cap_does_not_block_others(world: World) -> None:
    (large,) = world.add_rewards(1, reward_amount_wei=9 * TOKEN)
    world.add_rewards(4)
    world.rewards_call("setCaps(uint256,uint256)", 5 * TOKEN, 0)
    for _ in range(4):
        report = world.round()
        world.anvil.mine(3)
    assert world.statuses() == {"approved": 1, "minted": 4}
    assert report.waiting_reason == "reward_cap"
    assert world.rows("SELECT status FROM referral_rewards WHERE id = %s", large) == [("approved",)]
    world.rewards_call("setCaps(uint256,uint256)", 0, 0)
    world.finish()
    world.assert_paid_exactly_once(5)


def test_daily_cap_limits_each_day(world: World) -> None:
    world.add_rewards(5, reward_amount_wei=2 * TOKEN)
    world.rewards_call("setCaps(uint256,uint256)", 0, 5 * TOKEN)
    assert world.round().submitted == 2
    world.anvil.mine(5)
    report = world.round()
    assert (report.waiting_reason, world.count("approved")) == ("daily_cap", 3)
    world.anvil.request("evm_increaseTime", 86_400)
    world.anvil.mine()
    assert world.round().submitted == 2
    world.rewards_call("setCaps(uint256,uint256)", 0, 0)
    world.finish()
    world.assert_paid_exactly_once(5)


def test_transfer_mode_pays_only_what_the_treasury_covers(world: World) -> None:
    world.add_rewards(3, reward_amount_wei=2 * TOKEN)
    world.set_mode(1)
    world.overrides["referral_reward_mode"] = 1
    assert world.round().waiting_reason == "treasury_empty"
    token = world.deployment.token_address
    world.admin_call(token, encode_call("grantRole(bytes32,address)", MINTER_ROLE, ADMIN))
    world.admin_call(token, encode_call("mint(address,uint256)", world.deployment.rewards_address, 5 * TOKEN))
    assert world.round().submitted == 2
    world.admin_call(token, encode_call("mint(address,uint256)", world.deployment.rewards_address, 5 * TOKEN))
    world.finish()
    world.assert_paid_exactly_once(3)


def test_token_that_mints_nothing_makes_rewards_wait(world: World) -> None:
    world.add_rewards(3)
    code = world.anvil.request("eth_getCode", world.deployment.token_address, "latest")
    world.anvil.request("anvil_setCode", world.deployment.token_address, fake_token_code(counts=False))
    report = world.round()
    assert (report.waiting_reason, world.statuses()) == ("token_mints_otherwise", {"approved": 3})
    world.anvil.request("anvil_setCode", world.deployment.token_address, code)
    world.finish()
    world.assert_paid_exactly_once(3)


@pytest.mark.parametrize("reason", ["mode_differs", "token_differs", "decimals_differ", "token_missing"])
def test_contract_that_pays_something_else_makes_rewards_wait(world: World, reason: str) -> None:
    world.add_rewards(2)
    token = world.deployment.token_address
    code = world.anvil.request("eth_getCode", token, "latest")
    if reason == "mode_differs":
        world.overrides["referral_reward_mode"] = 1
    elif reason == "token_differs":
        world.overrides["referral_reward_token_address"] = OTHER
    else:
        six_decimals = "0x600660005260206000f3"
        world.anvil.request("anvil_setCode", token, six_decimals if reason == "decimals_differ" else "0x")
    assert (world.round().waiting_reason, world.statuses()) == (reason, {"approved": 2})
    world.overrides.clear()
    world.anvil.request("anvil_setCode", token, code)
    world.finish()
    world.assert_paid_exactly_once(2)


def test_reward_above_the_treasury_does_not_block_smaller_ones(world: World) -> None:
    world.add_rewards(30, reward_amount_wei=9 * TOKEN)
    small = world.add_rewards(2, reward_amount_wei=2 * TOKEN)
    world.set_mode(1)
    world.overrides["referral_reward_mode"] = 1
    token = world.deployment.token_address
    world.admin_call(token, encode_call("grantRole(bytes32,address)", MINTER_ROLE, ADMIN))
    world.admin_call(token, encode_call("mint(address,uint256)", world.deployment.rewards_address, 5 * TOKEN))
    report = world.round()
    assert (report.submitted, report.waiting_reason) == (2, "treasury_empty")
    minting = {row[0] for row in world.rows("SELECT id FROM referral_rewards WHERE status = 'minting'")}
    assert minting == set(small)


def test_reward_above_the_daily_rest_does_not_block_smaller_ones(world: World) -> None:
    world.rewards_call("setCaps(uint256,uint256)", 0, 5 * TOKEN)
    world.add_rewards(1, reward_amount_wei=3 * TOKEN)
    assert world.round().submitted == 1
    world.anvil.mine(5)
    world.add_rewards(30, reward_amount_wei=4 * TOKEN)
    world.add_rewards(1, reward_amount_wei=1 * TOKEN)
    assert world.round().submitted == 1


def test_impossible_amounts_fail_without_blocking_others(world: World) -> None:
    world.add_rewards(30, reward_amount_wei=2**256)
    world.add_rewards(2)
    assert world.round().submitted == 2
    world.finish()
    assert world.statuses() == {"failed": 30, "minted": 2}
    assert world.rows("SELECT DISTINCT failure_reason FROM referral_rewards WHERE status = 'failed'") == [
        ("the amount is larger than any token amount",)
    ]


@pytest.mark.parametrize("position", [0, 2, 4])
def test_reverting_recipient_does_not_block_its_batch(world: World, position: int) -> None:
    world.add_rewards(position)
    (bad,) = world.add_rewards(1, referrer_wallet=BAD)
    world.add_rewards(9 - position)
    world.anvil.request("anvil_setCode", world.deployment.token_address, fake_token_code(refuses=BAD))
    report = world.round()
    assert (report.submitted, report.failed) == (9, 1)
    world.finish()
    status, reason = world.rows("SELECT status, failure_reason FROM referral_rewards WHERE id = %s", bad)[0]
    assert status == "failed"
    assert "PaymentFailed" in reason
    world.assert_paid_exactly_once(9)


def test_single_reverting_recipient_fails(world: World) -> None:
    world.add_rewards(1, referrer_wallet=BAD)
    world.anvil.request("anvil_setCode", world.deployment.token_address, fake_token_code(refuses=BAD))
    assert world.round().failed == 1
    moves = world.rows("SELECT from_status, to_status FROM event_log WHERE entity = 'reward' ORDER BY id")
    assert moves == [("approved", "minting"), ("minting", "failed")]


def test_recipient_that_reverts_only_when_sent_is_isolated(world: World) -> None:
    (bad,) = world.add_rewards(1, referrer_wallet=BAD)
    world.add_rewards(6)
    world.anvil.request(
        "anvil_setCode", world.deployment.token_address, fake_token_code(refuses=BAD, only_when_sent=True)
    )
    world.finish(rounds=80)
    assert world.rows("SELECT status FROM referral_rewards WHERE id = %s", bad) == [("failed",)]
    world.assert_paid_exactly_once(6)


def test_reward_paid_by_another_transaction_becomes_minted(world: World) -> None:
    (reward_id,) = world.add_rewards(1)
    reference, wallet, amount = world.rows(
        "SELECT order_reference, referrer_wallet, reward_amount_wei FROM referral_rewards WHERE id = %s",
        reward_id,
    )[0]
    ref = bytes.fromhex(order_ref(reference)[2:])
    data = encode_call("payReferral(address,uint256,bytes32)", wallet, int(amount), ref)
    world.transact(OPERATOR, world.deployment.rewards_address, data)
    assert world.round().submitted == 0
    assert world.count("approved") == 1, "not final yet"
    world.finish()
    world.assert_paid_exactly_once(1)


def test_failed_reward_that_was_paid_becomes_minted(world: World) -> None:
    world.add_rewards(1)
    world.round()
    world.anvil.mine(5)
    world.rows(
        "UPDATE referral_rewards SET status = 'failed', failure_reason = 'lost' WHERE status = 'minting'",
    )
    world.round()
    world.finish()
    world.assert_paid_exactly_once(1)


def test_rejected_reward_that_was_paid_raises_an_alert(world: World) -> None:
    world.add_rewards(1)
    world.round()
    world.rows(
        "UPDATE referral_rewards SET status = 'rejected', failure_reason = 'no' WHERE status = 'minting'"
    )
    world.anvil.mine(5)
    world.round()
    assert world.rows("SELECT kind FROM chain_alerts") == [("paid_unapproved",)]


def test_reward_of_another_chain_waits(world: World) -> None:
    world.add_rewards(1, chain_id=137)
    assert world.round().waiting_reason == "other_chain"
    assert world.statuses() == {"approved": 1}


def test_reward_of_another_token_is_sized_again_before_it_is_paid(world: World) -> None:
    """As many units of another token are worth something else."""
    sizing = json.dumps({"percentExact": "5", "lines": []})
    world.add_rewards(1, reward_token=checksum(world.deployment.token_address))
    world.add_rewards(1)  # no token was configured
    columns = {"reward_token": OTHER, "sizing": sizing, "usd_value": 5, "reward_amount_wei": 500 * TOKEN}
    (other,) = world.add_rewards(1, **columns, granted_wei=600 * TOKEN, netted_wei=100 * TOKEN)
    (rest,) = world.add_rewards(1, **columns, payment_number=2, delivered_wei=TOKEN)
    report = world.round()
    assert (report.processed, report.submitted, report.failed) == (3, 2, 1)
    assert world.statuses() == {"minting": 2, "failed": 1, "approved": 1}
    amounts = "reward_amount_wei, granted_wei, netted_wei"
    row = f"SELECT status, failure_reason, {amounts} FROM referral_rewards WHERE id = %s"
    assert world.rows(row, other) == [("failed", "token_changed", 500 * TOKEN, 600 * TOKEN, 100 * TOKEN)]
    with connection():
        admin = query("INSERT INTO users (name, role) VALUES ('Admin', 'admin') RETURNING id")[0][0]
        retry(other, admin, world.chain(), world.settings())
    # 100.00 UAH at 40 UAH and 0.1 USD a token.
    assert world.rows(row, other) == [("approved", None, 1_250_000_000_000_000_000, None, 0)]
    world.rows("UPDATE referral_rewards SET status = 'rejected', failure_reason = 'no' WHERE id = %s", rest)
    world.finish()
    world.assert_paid_exactly_once(3)


def test_missing_chain_key_or_contract_makes_rewards_wait(world: World) -> None:
    world.add_rewards(1)
    settings = world.settings(referral_rewards_address="")
    assert mint_rewards(open_chain(settings), settings, 10, TESTER).waiting_reason == "not_configured"
    settings = world.settings(referral_minter_private_key="")
    assert mint_rewards(open_chain(settings), settings, 10, TESTER).waiting_reason == "no_key"
    assert world.round(referral_rewards_address=OTHER).waiting_reason == "contract_missing"
    assert world.statuses() == {"approved": 1}


def test_reason_comes_from_the_process_with_the_key_if_there_is_one(world: World) -> None:
    world.add_rewards(1)
    world.round()
    settings = world.settings(referral_minter_private_key="")
    chain = open_chain(settings)
    with connection():
        for minutes, code in ((14, None), (16, "no_key")):
            query("UPDATE chain_state SET updated_at = now() - make_interval(mins => %s)", [minutes])
            assert mint_rewards(chain, settings, 10, TESTER).waiting_reason == "no_key"
            waiting = waiting_reason(chain.chain_id)
            assert (waiting.code if waiting else None) == code
        world.round()
        assert waiting_reason(chain.chain_id) is None


def test_process_without_a_key_reports_no_empty_account(world: World) -> None:
    settings = world.settings(referral_minter_private_key="")
    chain = open_chain(settings)
    with connection():
        assert watch_chain(chain, settings) == ["no_key"]
        watch = last_watch(chain)
    assert watch
    assert watch.operator_balance_wei is None
