"""Minted means paid as owed: the wallet, the amount and the token's own transfer are proven, or the reward failed."""

from __future__ import annotations

import pytest

from portal.chain import ChainAway, order_ref
from portal.chain.contract.abi import encode_call
from portal.chain.contract.rewards import OPERATOR_ROLE
from portal.db import connection
from portal.flows.approvals.pay_missing import pay_missing
from portal.rewards.errors import NothingMissing
from tests.support.chain_world import OPERATOR, OTHER, World
from tests.support.fake_tokens import fake_token_code
from tests.support.rpc_proxy import Fault, RpcProxy

TOKEN = 10**18


def pay_as_operator(world: World, reference: str, wallet: str, amount: int) -> None:
    """Pay as a thief of the operator's key would."""
    ref = bytes.fromhex(order_ref(reference)[2:])
    data = encode_call("payReferral(address,uint256,bytes32)", wallet, amount, ref)
    world.transact(OPERATOR, world.deployment.rewards_address, data)


def reward(world: World, reward_id: int) -> tuple[object, ...]:
    return world.rows(
        "SELECT status, failure_reason, payment_number, delivered_wei FROM referral_rewards WHERE id = %s",
        reward_id,
    )[0]


def owed(world: World, reward_id: int) -> tuple[str, str, int]:
    row = world.rows(
        "SELECT order_reference, referrer_wallet, reward_amount_wei FROM referral_rewards WHERE id = %s",
        reward_id,
    )[0]
    return row[0], row[1], int(row[2])


def balance(world: World, wallet: str) -> int:
    node = world.chain().node()
    answer = node.eth_call(world.deployment.token_address, encode_call("balanceOf(address)", wallet))
    assert isinstance(answer, bytes)
    return int.from_bytes(answer, "big")


def settle(world: World) -> None:
    world.anvil.mine(5)
    world.round()
    world.anvil.mine(5)
    world.round()


def approve_missing(world: World, reward_id: int) -> None:
    (admin,) = world.rows(
        "INSERT INTO users (email, name, role) VALUES ('a@example.test', 'A', 'admin') RETURNING id"
    )
    with connection():
        pay_missing(reward_id, admin[0], world.chain(), world.settings())


@pytest.mark.parametrize(
    ("wallet", "share", "delivered_share"),
    [(OTHER, 1, 0), (None, 2, 2)],
    ids=["another wallet", "half the amount"],
)
def test_reference_burned_by_another_payment_is_completed_under_its_next_reference(
    world: World, wallet: str | None, share: int, delivered_share: int
) -> None:
    (burned,) = world.add_rewards(1)
    world.add_rewards(2)
    reference, referrer, amount = owed(world, burned)
    pay_as_operator(world, reference, wallet or referrer, amount // share)
    settle(world)
    assert reward(world, burned)[:2] == ("failed", "paid_differently")
    assert world.count("minted") == 2, "the others are paid"
    approve_missing(world, burned)
    world.finish()
    delivered = amount // delivered_share if delivered_share else 0
    assert reward(world, burned) == ("minted", None, 2, delivered)
    assert balance(world, referrer) == amount, "neither more nor less than owed"
    refs = {event.order_ref for event in world.paid_events()}
    assert {order_ref(reference), order_ref(f"{reference}#2")} <= refs
    world.round()
    assert reward(world, burned)[0] == "minted", "the audit accepts both payments"
    assert world.rows("SELECT count(*) FROM chain_alerts WHERE kind = 'paid_differently'") == [(1,)]


def test_payment_that_cannot_be_proven_is_not_taken_for_nothing(world: World) -> None:
    (burned,) = world.add_rewards(1)
    reference, referrer, amount = owed(world, burned)
    pay_as_operator(world, reference, referrer, amount // 2)
    settle(world)
    proxy = RpcProxy(world.anvil.url)
    proxy.faults.append(Fault("rewrite", ("eth_getTransactionReceipt",), rewrite=lambda method, result: None))
    world.overrides["polygon_rpc_url"] = proxy.url
    try:
        with pytest.raises(ChainAway):
            approve_missing(world, burned)
    finally:
        proxy.stop()
        world.overrides.clear()
    assert reward(world, burned) == ("failed", "paid_differently", 1, 0)


def test_larger_payment_to_the_referrer_counts_as_paid(world: World) -> None:
    (reward_id,) = world.add_rewards(1)
    reference, wallet, amount = owed(world, reward_id)
    pay_as_operator(world, reference, wallet, amount + 1)
    settle(world)
    assert reward(world, reward_id)[0] == "minted"


def test_reference_burned_while_its_batch_waits_fails_alone(world: World) -> None:
    ids = world.add_rewards(3)
    reference, _, _ = owed(world, ids[1])
    world.anvil.request("evm_setAutomine", False)
    world.round()
    world.anvil.request("anvil_dropAllTransactions")
    world.anvil.request("evm_setAutomine", True)
    world.rewards_call("grantRole(bytes32,address)", OPERATOR_ROLE, OTHER)
    ref = bytes.fromhex(order_ref(reference)[2:])
    data = encode_call("payReferral(address,uint256,bytes32)", OTHER, 1, ref)
    world.transact(OTHER, world.deployment.rewards_address, data)
    settle(world)
    settle(world)
    assert [reward(world, i)[0] for i in ids] == ["minted", "failed", "minted"]
    assert reward(world, ids[1])[1] == "paid_differently"


def test_token_without_transfer_is_not_delivered(world: World) -> None:
    """A token that counts its supply but moves nothing to the wallet passes the contract and not the portal."""
    (reward_id,) = world.add_rewards(1)
    world.anvil.request("anvil_setCode", world.deployment.token_address, fake_token_code(logs=False))
    world.round()
    settle(world)
    assert reward(world, reward_id)[:2] == ("failed", "not_delivered")
    assert world.rows("SELECT kind FROM chain_alerts") == [("not_delivered",)]


def test_nothing_is_missing_of_other_failures(world: World) -> None:
    (reward_id,) = world.add_rewards(1)
    world.rows(
        "UPDATE referral_rewards SET status = 'failed', failure_reason = 'x' WHERE id = %s RETURNING id",
        reward_id,
    )
    with connection(), pytest.raises(NothingMissing):
        pay_missing(reward_id, 1, world.chain(), world.settings())


def test_failed_reward_is_proven_after_its_block_was_audited_without_receipts(world: World) -> None:
    (reward_id,) = world.add_rewards(1, status="failed", failure_reason="lost")
    pay_as_operator(world, *owed(world, reward_id))
    world.anvil.mine(6)
    proxy = RpcProxy(world.anvil.url)
    proxy.faults.append(Fault("rewrite", ("eth_getTransactionReceipt",), rewrite=lambda method, result: None))
    try:
        for alerts in (0, 1):
            world.round(polygon_rpc_url=proxy.url)
            assert reward(world, reward_id)[:2] == ("failed", "lost")
            assert world.rows("SELECT count(*) FROM chain_alerts WHERE kind = 'payment_event_missing'") == [
                (alerts,)
            ]
            make_audit_due(world)
    finally:
        proxy.stop()
    world.round()
    world.assert_paid_exactly_once(1)
    make_audit_due(world)
    world.round()
    assert world.rows("SELECT value -> 'order_refs' FROM chain_state WHERE name LIKE 'mint_unproven:%%'") == [
        ([],)
    ]


def make_audit_due(world: World) -> None:
    world.rows("UPDATE chain_audit SET audited_at = now() - interval '2 minutes' RETURNING 1")
    world.rows("UPDATE chain_state SET since = now() - interval '2 minutes' RETURNING 1")
