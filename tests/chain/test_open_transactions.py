"""Several unmined transactions of one account: each fault ends with every reward paid once, and the ledger equal."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from portal.chain.contract.abi import encode_call
from portal.db import bind_database
from tests.chain.test_database_faults import at_failpoint, end_sessions
from tests.support.chain_world import OPERATOR, OTHER, World, close_pool, run_and_die
from tests.support.databases import execute, named
from tests.support.fake_tokens import fake_token_code
from tests.support.rpc_proxy import Fault, RpcProxy

BAD = "0x00000000000000000000000000000000000bad00"
TOKEN = 10**18
REWARDS = 18  # four transactions of at most five


def hold(world: World) -> None:
    """Leave transactions in the mempool until `release`."""
    world.anvil.request("evm_setAutomine", False)


def release(world: World, paid: int, **overrides: object) -> None:
    """Mine again, finish, and compare chain and ledger."""
    world.anvil.request("evm_setAutomine", True)
    world.finish(80, **overrides)
    world.assert_paid_exactly_once(paid)


def send_held(world: World, rewards: int = REWARDS) -> list[tuple[int, str, bytes]]:
    """Send several transactions that are not mined; return nonce, hash and bytes of each."""
    world.add_rewards(rewards)
    hold(world)
    assert world.round().submitted == rewards
    rows = world.rows(
        "SELECT t.nonce, a.tx_hash, a.raw FROM chain_transactions t JOIN chain_attempts a ON a.transaction_id = t.id"
        " WHERE t.status = 'open' ORDER BY t.nonce"
    )
    assert [row[0] for row in rows] == list(range(rows[0][0], rows[0][0] + len(rows)))
    assert len(rows) == -(-rewards // 5)
    return [(row[0], row[1], bytes(row[2])) for row in rows]


def statuses(world: World) -> list[str]:
    return [row[0] for row in world.rows("SELECT status FROM chain_transactions ORDER BY nonce")]


# ---------------------------------------------------------------------- killed processes


@pytest.mark.parametrize(("label", "stored"), [("signed", 2), ("committed", 3), ("sent", 3)])
def test_kill_between_two_sends_loses_no_payment(world: World, label: str, stored: int) -> None:
    world.add_rewards(REWARDS)
    hold(world)
    assert run_and_die(world, label, 3)
    assert statuses(world) == ["open"] * stored
    release(world, REWARDS)


@pytest.mark.parametrize("label", ["settling", "zero balance", "audited"])
def test_kill_between_two_settlements_loses_no_payment(world: World, label: str) -> None:
    send_held(world)
    world.anvil.mine(6)
    assert run_and_die(world, label, 1 if label == "audited" else 2)
    release(world, REWARDS)


@pytest.mark.parametrize("label", ["bump_committed", "bump_sent"])
def test_kill_while_bumping_the_first_loses_no_payment(world: World, label: str) -> None:
    send_held(world)
    time.sleep(1.1)
    assert run_and_die(world, label, referral_bump_after_seconds=1)
    assert world.rows("SELECT count(*) FROM chain_attempts") == [(5,)]
    release(world, REWARDS)


def test_kill_while_sending_again_loses_no_payment(world: World) -> None:
    send_held(world)
    world.anvil.request("anvil_dropAllTransactions")
    assert run_and_die(world, "resent", 2)
    release(world, REWARDS)


def test_kill_while_reopening_loses_no_payment(world: World) -> None:
    world.anvil.mine(10)
    world.add_rewards(REWARDS)
    world.finish()
    world.anvil.request("anvil_reorg", 9, [])
    assert run_and_die(world, "reopened")
    assert statuses(world).count("open") == 4
    release(world, REWARDS)


# ---------------------------------------------------------------------- mempool and reorganizations


@pytest.mark.parametrize("dropped", [0, 1, 3])
def test_lost_transaction_is_sent_again_without_a_new_nonce(world: World, dropped: int) -> None:
    sent = send_held(world)
    world.anvil.request("anvil_dropTransaction", sent[dropped][1])
    release(world, REWARDS)
    assert world.rows("SELECT count(*), max(sends) FROM chain_attempts") == [(4, 2)]


def test_reorg_that_drops_the_middle_transaction_loses_no_payment(world: World) -> None:
    world.anvil.mine(10)
    first, _, third, _ = send_held(world)
    world.anvil.mine(2)
    world.round()
    world.anvil.request("anvil_reorg", 2, [])
    world.anvil.request("anvil_dropAllTransactions")
    for _, _, raw in (first, third):
        world.anvil.request("eth_sendRawTransaction", "0x" + raw.hex())
    world.anvil.mine()
    assert len(world.paid_events()) == 5, "the third waits for the second"
    world.round()
    release(world, REWARDS)
    assert statuses(world) == ["succeeded"] * 4


def test_stolen_middle_nonce_supersedes_only_one_transaction(world: World) -> None:
    sent = send_held(world)
    world.anvil.request("anvil_dropTransaction", sent[1][1])
    theft = {"from": OPERATOR, "to": OTHER, "value": "0x1", "nonce": hex(sent[1][0])}
    world.anvil.request("eth_sendTransaction", theft)
    world.anvil.mine(6)
    release(world, REWARDS)
    assert statuses(world) == ["succeeded", "superseded", "succeeded", "succeeded", "succeeded"]


def test_refused_send_adds_nothing_until_the_node_accepts(world: World) -> None:
    proxy = RpcProxy(world.anvil.url)
    world.overrides["polygon_rpc_url"] = proxy.url
    refusal = Fault(
        "error", ("eth_sendRawTransaction",), error={"code": -32000, "message": "txpool is full"}, times=2
    )
    proxy.faults.append(refusal)
    world.add_rewards(REWARDS)
    hold(world)
    try:
        sent = [world.round().submitted for _ in range(3)]
    finally:
        proxy.stop()
        world.overrides.clear()
    assert sent == [5, 0, 13]
    release(world, REWARDS)


# ---------------------------------------------------------------------- fees


def test_only_the_first_transaction_is_bumped_for_its_age(world: World) -> None:
    send_held(world)
    time.sleep(1.1)
    world.round(referral_bump_after_seconds=1)
    attempts = "SELECT count(*) FROM chain_attempts a JOIN chain_transactions t ON t.id = a.transaction_id"
    assert world.rows(f"{attempts} GROUP BY t.nonce ORDER BY t.nonce") == [(2,), (1,), (1,), (1,)]
    release(world, REWARDS)


def test_base_fee_spike_bumps_all_transactions_at_once(world: World) -> None:
    send_held(world)
    spike = hex(400 * 10**9)
    for _ in range(2):
        world.anvil.request("anvil_setNextBlockBaseFeePerGas", spike)
        world.anvil.mine()
    assert world.paid_events() == []
    time.sleep(1.1)
    world.round(referral_bump_after_seconds=1)
    assert world.rows("SELECT count(*) FROM chain_attempts") == [(8,)]
    world.anvil.request("anvil_setNextBlockBaseFeePerGas", spike)
    world.anvil.mine()
    assert len(world.paid_events()) == REWARDS
    release(world, REWARDS)


def test_bump_waits_for_gas_of_all_transactions(world: World) -> None:
    send_held(world)
    ((reserved,),) = world.rows(
        "SELECT sum(t.gas_limit * a.max_fee_wei) FROM chain_transactions t JOIN chain_attempts a"
        " ON a.transaction_id = t.id"
    )
    world.anvil.request("anvil_setBalance", OPERATOR, hex(int(reserved) + 1))
    time.sleep(1.1)
    assert world.round(referral_bump_after_seconds=1).waiting_reason == "no_gas"
    assert world.rows("SELECT count(*) FROM chain_attempts") == [(4,)]
    release(world, REWARDS)


# ---------------------------------------------------------------------- limits


def test_daily_cap_counts_unmined_payments(world: World) -> None:
    world.rewards_call("setCaps(uint256,uint256)", 2 * TOKEN, 13 * TOKEN)
    world.add_rewards(REWARDS)
    hold(world)
    assert world.round().submitted == 12
    report = world.round()
    assert (report.submitted, report.waiting_reason) == (0, "daily_cap")
    world.anvil.request("evm_setAutomine", True)
    world.rewards_call("setCaps(uint256,uint256)", 2 * TOKEN, 50 * TOKEN)
    release(world, REWARDS)
    assert set(statuses(world)) == {"succeeded"}


def test_treasury_counts_unmined_payments(world: World) -> None:
    world.rewards_call("pause()")
    world.rewards_call("setRewardMode(uint8)", 1)
    world.rewards_call("unpause()")
    mint(world, 13 * TOKEN)
    world.overrides["referral_reward_mode"] = 1
    world.add_rewards(REWARDS)
    hold(world)
    assert world.round().submitted == 12
    assert world.round().waiting_reason == "treasury_empty"
    world.anvil.request("evm_setAutomine", True)
    mint(world, 50 * TOKEN)
    release(world, REWARDS)
    assert set(statuses(world)) == {"succeeded"}


def mint(world: World, amount: int) -> None:
    """Mint tokens to the contract by its own role."""
    contract = world.deployment.rewards_address
    world.anvil.request("anvil_setBalance", contract, hex(10**18))
    world.anvil.request("anvil_impersonateAccount", contract)
    world.transact(
        contract, world.deployment.token_address, encode_call("mint(address,uint256)", contract, amount)
    )


def test_operator_balance_counts_unmined_transactions(world: World) -> None:
    send_held(world, 5)
    ((cost,),) = world.rows(
        "SELECT t.gas_limit * a.max_fee_wei FROM chain_transactions t JOIN chain_attempts a"
        " ON a.transaction_id = t.id"
    )
    world.add_rewards(13)
    world.anvil.request("anvil_setBalance", OPERATOR, hex(int(cost) * 5 // 2))
    reports = [world.round() for _ in range(2)]
    assert [report.submitted for report in reports] == [5, 0]
    assert [report.waiting_reason for report in reports] == [None, None]
    assert world.rows("SELECT DISTINCT last_answer FROM chain_attempts") == [("accepted",)]
    world.anvil.request("anvil_setBalance", OPERATOR, hex(10**20))
    release(world, REWARDS)


# ---------------------------------------------------------------------- reverts and retries


def test_revert_of_one_batch_does_not_touch_the_others(world: World) -> None:
    world.add_rewards(6)
    (bad,) = world.add_rewards(1, referrer_wallet=BAD)
    world.anvil.request(
        "anvil_setCode", world.deployment.token_address, fake_token_code(refuses=BAD, only_when_sent=True)
    )
    send_held_with(world, 11)
    assert statuses(world) == ["open"] * 4
    world.anvil.mine(6)
    world.round()
    assert statuses(world)[:4] == ["succeeded", "reverted", "succeeded", "succeeded"]
    release(world, 17)
    assert world.rows("SELECT status FROM referral_rewards WHERE id = %s", bad) == [("failed",)]


def send_held_with(world: World, rewards: int) -> None:
    world.add_rewards(rewards)
    hold(world)
    world.round()


def test_pause_before_mining_fails_no_reward(world: World) -> None:
    send_held(world)
    world.anvil.request("anvil_dropAllTransactions")
    world.anvil.request("evm_setAutomine", True)
    world.rewards_call("pause()")
    world.round()
    world.anvil.mine(6)
    assert world.round().waiting_reason == "paused"
    assert statuses(world) == ["reverted"] * 4
    assert world.rows("SELECT DISTINCT outside_cause FROM chain_transactions") == [("paused",)]
    assert world.statuses() == {"approved": REWARDS}
    world.rewards_call("unpause()")
    release(world, REWARDS)


def test_retried_reward_is_not_claimed_while_its_transaction_is_open(world: World) -> None:
    send_held(world)
    world.rows(
        "UPDATE referral_rewards SET status = 'failed', failure_reason = 'lost' WHERE status = 'minting'"
    )
    world.rows(
        "UPDATE referral_rewards SET status = 'approved', failure_reason = NULL WHERE status = 'failed'"
    )
    assert world.round().submitted == 0
    assert statuses(world) == ["open"] * 4
    release(world, REWARDS)


# ---------------------------------------------------------------------- leaders and databases


def test_replaced_leader_adds_no_transaction(world: World) -> None:
    """Another leader sends the second transaction while the first leader still believes in its lock."""
    world.add_rewards(REWARDS)
    hold(world)

    def replace_leader() -> None:
        name = world.database_url.rpartition("/")[2]
        execute(
            named(world.database_url, "portal"),
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            f" WHERE l.locktype = 'advisory' AND d.datname = '{name}'",
        )
        assert in_another_process(world, lambda: world.round(5).submitted) == 5

    at_failpoint("sent", replace_leader)
    report = world.round()
    assert (report.waiting_reason, report.submitted) == ("leader_lost", 5)
    assert statuses(world) == ["open"] * 2
    release(world, REWARDS)


def in_another_process(world: World, work: Callable[[], int]) -> int:
    """Return the result of `work` as the exit status of a process of its own."""
    pid = os.fork()
    if pid == 0:
        # The parent's connections are not this process's to use or to close.
        bind_database(world.database_url)
        os._exit(work())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_ended_sessions_between_two_sends_lose_no_payment(world: World) -> None:
    world.add_rewards(REWARDS)
    hold(world)
    at_failpoint("sent", lambda: end_sessions(world))
    with pytest.raises(Exception, match=r"(?i)closed|terminat|away|connection|^$"):
        world.round()
    close_pool()
    release(world, REWARDS)


def test_restored_backup_with_several_open_pays_nothing_twice(world: World) -> None:
    """The mempool holds transactions that the restored database does not know; their nonces are signed again."""
    world.add_rewards(REWARDS)
    name = world.database_url.rpartition("/")[2]
    maintenance, backup = named(world.database_url, "portal"), f"{name}_backup"
    close_pool()
    execute(maintenance, f"CREATE DATABASE {backup} TEMPLATE {name} STRATEGY FILE_COPY")
    try:
        hold(world)
        assert world.round().submitted == REWARDS
        close_pool()
        world.database_url = named(world.database_url, backup)
        bind_database(world.database_url)
        world.add_rewards(5)
        world.round()
        release(world, REWARDS + 5)
    finally:
        close_pool()
        execute(maintenance, f"DROP DATABASE {backup} WITH (FORCE)")
