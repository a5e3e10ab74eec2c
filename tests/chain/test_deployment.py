"""Deployment, minter grants and the status of the chain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portal.chain import (
    DeploymentFailed,
    OperatorKey,
    open_chain,
    read_paid_event,
    read_paid_order,
    read_status,
)
from portal.chain.contract.abi import encode_call, selector
from portal.chain.contract.rewards import MINTER_ROLE, OPERATOR_ROLE
from portal.chain.deployment import (
    Deployer,
    deploy_rewards,
    find_record,
    grant_minter,
    plan_deployment,
    read_minter_grant,
    require_recordable,
    write_record,
)
from portal.chain.sending.fees import GWEI, FeePolicy
from portal.db import connection
from tests.support.chain_world import ADMIN, ADMIN_KEY, CHAIN_ID, OPERATOR, OTHER, World

TOKEN = 10**18


@pytest.fixture
def deployer(world: World) -> Deployer:
    policy = FeePolicy(tip=GWEI, ceiling=2000 * GWEI)
    return Deployer(world.chain().node(), CHAIN_ID, OperatorKey.from_private_key(ADMIN_KEY), policy)


@pytest.fixture(autouse=True)
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write deployment records to a temporary folder."""
    monkeypatch.setattr("portal.chain.deployment.DEPLOYMENTS_FOLDER", tmp_path)
    monkeypatch.setattr(write_record, "__defaults__", (tmp_path,))
    monkeypatch.setattr(find_record, "__defaults__", (tmp_path,))
    return tmp_path


def problems(world: World, **overrides: object) -> set[str]:
    with connection():
        status = read_status(world.chain(**overrides), world.settings(**overrides))
    return {problem.code for problem in status.problems}


def test_deploy_writes_a_record_and_sets_caps(world: World, deployer: Deployer, records: Path) -> None:
    deployment = deploy_rewards(
        deployer,
        CHAIN_ID,
        admin=ADMIN,
        operator=OPERATOR,
        token=world.deployment.token_address,
        mode=0,
        reward_cap=5 * TOKEN,
        daily_cap=100 * TOKEN,
    )
    assert find_record(CHAIN_ID, deployment.rewards_address) == deployment
    assert find_record(CHAIN_ID, OTHER) is None
    written = json.loads((records / f"{CHAIN_ID}.json").read_text())
    assert written["rewards_address"].lower() == deployment.rewards_address
    assert written["rewards_address"] != deployment.rewards_address, "addresses are written in EIP-55"
    facts = world.chain(referral_rewards_address=deployment.rewards_address).contract.facts(
        deployer.node, OPERATOR
    )
    assert (facts.reward_cap, facts.daily_cap, facts.is_operator) == (5 * TOKEN, 100 * TOKEN, True)


def test_plan_sends_nothing_and_estimates_an_upper_bound(world: World, deployer: Deployer) -> None:
    nonce = deployer.node.nonce(ADMIN, "latest")
    plan = plan_deployment(deployer, ADMIN, OPERATOR, world.deployment.token_address, 0)
    assert deployer.node.nonce(ADMIN, "latest") == nonce
    before = deployer.node.balance(ADMIN)
    deploy_rewards(
        deployer, CHAIN_ID, admin=ADMIN, operator=OPERATOR, token=world.deployment.token_address, mode=0
    )
    assert 0 < before - deployer.node.balance(ADMIN) <= plan.cost
    used = sum(r.gas_used for r in deployer.node.receipts(deployer.hashes).values())
    assert used <= plan.gas <= used * 1.25


def test_plan_refuses_a_token_without_code(deployer: Deployer) -> None:
    with pytest.raises(DeploymentFailed, match="no token contract"):
        plan_deployment(deployer, ADMIN, OPERATOR, OTHER, 0)


def test_minter_role_is_granted(world: World, deployer: Deployer) -> None:
    token, rewards = world.deployment.token_address, world.deployment.rewards_address
    assert grant_minter(deployer, token, rewards) == "The contract may already mint."
    world.admin_call(token, encode_call("revokeRole(bytes32,address)", MINTER_ROLE, rewards))
    assert problems(world) == {"minter_missing"}
    assert grant_minter(deployer, token, rewards) == "MINTER_ROLE granted."
    assert problems(world) == set()


def test_ownership_of_an_ownable_token_is_transferred(world: World, deployer: Deployer) -> None:
    token, rewards = world.deployment.token_address, world.deployment.rewards_address
    world.anvil.request("anvil_setCode", token, _ownable_code())
    world.anvil.request("anvil_setStorageAt", token, "0x" + "00" * 32, "0x" + ADMIN[2:].rjust(64, "0"))
    grant = read_minter_grant(deployer.node, token, rewards)
    assert (grant.style, grant.granted, grant.holder) == ("ownable", False, ADMIN)
    assert grant_minter(deployer, token, rewards) == "Ownership of the token transferred."
    assert read_minter_grant(deployer.node, token, rewards).granted


def test_token_without_known_access_control_is_reported(world: World, deployer: Deployer) -> None:
    token = world.deployment.token_address
    world.anvil.request("anvil_setCode", token, "0x600080fd")
    with pytest.raises(DeploymentFailed, match="TRANSFER"):
        grant_minter(deployer, token, world.deployment.rewards_address)


def test_status_reports_each_problem(world: World) -> None:
    assert problems(world) == set()
    world.set_mode(1)
    world.rewards_call("pause()")
    world.rewards_call("revokeRole(bytes32,address)", OPERATOR_ROLE, OPERATOR)
    world.anvil.request("anvil_setBalance", OPERATOR, "0x0")
    codes = problems(world, referral_reward_token_address=OTHER)
    assert codes == {"paused", "role_missing", "treasury_empty", "no_gas", "mode_differs", "token_differs"}
    assert problems(world, referral_minter_private_key="") >= {"no_key", "paused"}
    assert problems(world, referral_rewards_address=OTHER) == {"contract_missing"}
    assert problems(world, polygon_rpc_url="http://127.0.0.1:9") == {"chain_away"}


def test_status_without_chain_is_not_configured(world: World) -> None:
    settings = world.settings(referral_rewards_address="")
    with connection():
        status = read_status(open_chain(settings), settings)
    assert (status.configured, [problem.code for problem in status.problems]) == (False, ["not_configured"])


def test_status_estimates_days_of_gas(world: World) -> None:
    world.add_rewards(5)
    world.finish()
    with connection():
        status = read_status(world.chain(), world.settings())
    assert status.gas_per_day > 0
    assert status.days_of_gas is not None
    world.anvil.request("anvil_setBalance", OPERATOR, hex(status.gas_per_day * 2))
    assert problems(world) == {"low_gas"}


def test_paid_reference_can_be_read(world: World) -> None:
    world.add_rewards(1)
    world.finish()
    ((reference, tx_hash),) = world.rows("SELECT order_reference, tx_hash FROM referral_rewards")
    with connection():
        assert read_paid_order(world.chain(), reference) is True
        assert read_paid_order(world.chain(), "store_unknown_1") is False
        assert read_paid_order(world.chain(polygon_rpc_url="http://127.0.0.1:9"), reference) is None
        event = read_paid_event(world.chain(), reference)
    assert event is not None
    assert event.tx_hash == tx_hash


def test_event_is_found_by_reference_and_by_transaction(world: World) -> None:
    world.add_rewards(1)
    world.finish()
    world.anvil.mine(50)
    ((reference, tx_hash),) = world.rows("SELECT order_reference, tx_hash FROM referral_rewards")
    with connection():
        for known_hash in (None, "0x" + "12" * 32, tx_hash):
            event = read_paid_event(world.chain(), reference, known_hash)
            assert event is not None
            assert event.tx_hash == tx_hash
        assert read_paid_event(world.chain(), f"{reference}0", tx_hash) is None


def _ownable_code() -> str:
    """Return bytecode with only owner() and transferOwnership(address); the owner is in slot 0."""
    owner = selector("owner()").hex()
    transfer = selector("transferOwnership(address)").hex()
    dispatch = f"60003560e01c8063{owner}14601d5763{transfer}14602957600080fd"
    read, write = "5b60005460005260206000f3", "5b60043560005500"
    return f"0x{dispatch}{read}{write}"


def test_a_record_that_cannot_be_written_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeploymentFailed, match="cannot be written to"):
        require_recordable(tmp_path / "file" / "deployments")
    require_recordable(tmp_path / "new" / "deployments")
    assert not (tmp_path / "new").exists()
