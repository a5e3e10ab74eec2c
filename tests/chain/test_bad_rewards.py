"""One reward at fault is set aside or failed with its reason while the others are paid; outside causes fail nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portal.chain.contract.abi import encode_call
from portal.chain.state import count_alerts, list_alerts, resolve_alerts
from portal.db import connection
from tests.support.chain_world import OPERATOR, World
from tests.support.fake_tokens import fake_token_code
from tests.support.rpc_proxy import Fault, RpcProxy

BURNER = "0x00000000000000000000000000000000000b0b00"


def _set_aside(world: World) -> dict[str, str]:
    return dict(world.rows("SELECT item_id, reason FROM failing_items WHERE queue = 'mints'"))


def test_malformed_wallet_is_set_aside(world: World) -> None:
    ids = world.add_rewards(4)
    with _any_wallet(world):
        world.rows("UPDATE referral_rewards SET referrer_wallet = '0xnonsense' WHERE id = %s", ids[1])
        _rounds(world, 6)
        assert world.statuses() == {"approved": 1, "minted": 3}
        assert list(_set_aside(world)) == [str(ids[1])]
        world.rows("UPDATE referral_rewards SET referrer_wallet = %s WHERE id = %s", "0x" + "5" * 40, ids[1])
    world.rows("UPDATE failing_items SET next_attempt_at = now()")
    world.finish()
    world.assert_paid_exactly_once(4)
    assert _set_aside(world) == {}


def test_row_that_cannot_be_claimed_is_set_aside(world: World) -> None:
    ids = world.add_rewards(5)
    with _refused_change(world, ids[2], "minting"):
        _rounds(world, 6)
        assert world.statuses() == {"approved": 1, "minted": 4}
        assert "refused" in _set_aside(world)[str(ids[2])]


def test_row_that_cannot_be_settled_does_not_hold_the_others(world: World) -> None:
    ids = world.add_rewards(5)
    world.round()
    with _refused_change(world, ids[2], "minted"):
        _rounds(world, 2)
        assert world.statuses() == {"minting": 1, "minted": 4}
        assert list(_set_aside(world)) == [str(ids[2])]
        world.add_rewards(2)
        _rounds(world, 3)
        assert world.statuses() == {"minting": 1, "minted": 6}
    world.rows("UPDATE failing_items SET next_attempt_at = now()")
    world.finish()
    world.assert_paid_exactly_once(7)
    assert world.rows("SELECT count(*) FROM chain_transactions WHERE status = 'open'") == [(0,)]


def _rounds(world: World, count: int) -> None:
    for _ in range(count):
        world.anvil.mine(4)
        world.round()


@contextmanager
def _refused_change(world: World, reward_id: int, status: str) -> Iterator[None]:
    """Let the database refuse to give a reward a status."""
    world.rows(
        "CREATE FUNCTION test_refusal() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'refused'; END $$"
    )
    world.rows(
        "CREATE TRIGGER test_refusal BEFORE UPDATE ON referral_rewards FOR EACH ROW"
        f" WHEN (NEW.id = {reward_id} AND NEW.status = '{status}') EXECUTE FUNCTION test_refusal()"
    )
    try:
        yield
    finally:
        world.rows("DROP FUNCTION test_refusal CASCADE")


@contextmanager
def _any_wallet(world: World) -> Iterator[None]:
    """Let the database accept wallets of any form."""
    check = "referral_rewards_referrer_wallet_check"
    world.rows(f"ALTER TABLE referral_rewards DROP CONSTRAINT {check}")
    try:
        yield
    finally:
        world.rows(
            f"ALTER TABLE referral_rewards ADD CONSTRAINT {check} CHECK (referrer_wallet ~ '^0x[0-9a-f]{{40}}$')"
        )


def test_seven_pauses_between_simulation_and_mining_fail_nothing(world: World) -> None:
    world.add_rewards(3)
    for _ in range(7):
        world.anvil.request("evm_setAutomine", False)
        assert world.round().submitted == 3
        world.anvil.request("anvil_dropAllTransactions")
        world.anvil.request("evm_setAutomine", True)
        world.rewards_call("pause()")
        world.round()
        world.anvil.mine(5)
        world.round()
        assert world.statuses() == {"approved": 3}
        world.rewards_call("unpause()")
    causes = world.rows("SELECT status, outside_cause FROM chain_transactions")
    assert causes == [("reverted", "paused")] * 7
    world.finish()
    world.assert_paid_exactly_once(3)


def test_reward_that_burns_gas_is_failed_alone(world: World) -> None:
    world.anvil.request(
        "anvil_setCode", world.deployment.token_address, fake_token_code(burns_gas_for=BURNER)
    )
    (burner,) = world.add_rewards(1, referrer_wallet=BURNER)
    world.add_rewards(4)
    for _ in range(5):
        world.anvil.mine(3)
        world.round()
    assert world.statuses() == {"failed": 1, "minted": 4}
    ((reason,),) = world.rows("SELECT failure_reason FROM referral_rewards WHERE id = %s", burner)
    assert "gas" in reason


def test_token_that_burns_gas_for_everybody_makes_rewards_wait(world: World) -> None:
    world.anvil.request("anvil_setCode", world.deployment.token_address, fake_token_code(burns_gas_for=""))
    world.add_rewards(3)
    assert world.round().waiting_reason == "gas_ceiling"
    assert world.statuses() == {"approved": 3}
    assert world.round(referral_max_gas_per_reward=20_000_000).submitted == 3


def test_payments_of_another_portal_are_one_alert_with_a_count(world: World) -> None:
    for number in range(5):
        _pay_foreign(world, number)
    world.anvil.mine(6)
    world.add_rewards(1)
    world.finish()
    with connection():
        assert count_alerts() == {"paid_unknown": 1}
        (alert,) = list_alerts().rows
        assert (alert.subject, alert.details["count"]) == (world.deployment.rewards_address, 5)
    # An audit from the start counts nothing twice.
    world.rows("DELETE FROM chain_audit")
    world.round()
    with connection():
        assert list_alerts().rows[0].details["count"] == 5
        assert len(resolve_alerts("paid_unknown")) == 1
    _pay_foreign(world, 5)
    world.anvil.mine(6)
    world.rows("UPDATE chain_audit SET audited_at = now() - interval '1 hour'")
    world.round()
    with connection():
        assert list_alerts().rows[0].details["count"] == 1


def _pay_foreign(world: World, number: int) -> None:
    data = encode_call(
        "payReferral(address,uint256,bytes32)", "0x" + "77" * 20, 10**18, (10**9 + number).to_bytes(32, "big")
    )
    world.transact(OPERATOR, world.deployment.rewards_address, data)


@pytest.mark.parametrize("status", ["approved", "minting"])
def test_paid_reward_without_its_event_waits_with_an_alert_that_returns(world: World, status: str) -> None:
    proxy = RpcProxy(world.anvil.url)
    world.overrides["polygon_rpc_url"] = proxy.url
    (reward_id,) = world.add_rewards(1)
    world.round()
    world.anvil.mine(6)
    if status == "approved":
        world.rows("DELETE FROM chain_transaction_items")
        world.rows("DELETE FROM chain_attempts")
        world.rows("DELETE FROM chain_transactions")
        world.rows("UPDATE referral_rewards SET status = 'approved' WHERE id = %s", reward_id)
    hidden = {"eth_getLogs": [], "eth_getTransactionReceipt": None}
    proxy.faults.append(Fault("rewrite", tuple(hidden), rewrite=lambda method, _: hidden[method]))
    for _ in range(2):
        world.round()
        assert world.statuses() == {status: 1}
        with connection():
            assert count_alerts() == {"payment_event_missing": 1}
            resolve_alerts("payment_event_missing")
    proxy.faults.clear()
    world.finish()
    world.assert_paid_exactly_once(1)
    proxy.stop()
