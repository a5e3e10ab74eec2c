"""`chain upgrade` from version 2.0.0, with rewards paid before and after it, and its refusals."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi.abi import encode
from flask import Flask

from portal.app import create_app
from portal.chain.contract.abi import encode_call
from portal.chain.contract.rewards import MINTER_ROLE
from portal.chain.deployment import creation_code, find_record, write_record
from portal.chain.errors import DeploymentFailed
from portal.chain.roles import accounts_with_role, read_admin
from portal.chain.upgrade import implementation_of, read_version, require_artifact_code
from portal.lib.folders import CONTRACTS
from tests.chain.test_chain_administration import execute
from tests.chain.test_chain_commands import invoke
from tests.support.chain_world import ADMIN, ADMIN_KEY, CHAIN_ID, OPERATOR, OTHER, World

RELEASED = json.loads((CONTRACTS / "test/fixtures/ReferralRewards-2.0.0.json").read_text())
_NO_ROLE = bytes(32)


@pytest.fixture
def old(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world whose contract is version 2.0.0 with caps and a second admin, and is recorded."""
    monkeypatch.setattr(write_record, "__defaults__", (tmp_path,))
    monkeypatch.setattr(find_record, "__defaults__", (tmp_path,))
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", ADMIN_KEY)
    token = world.deployment.token_address
    implementation = create(world, bytes.fromhex(RELEASED["bytecode"].removeprefix("0x")))
    initializer = encode_call("initialize(address,address,address,uint8)", ADMIN, OPERATOR, token, 0)
    arguments = encode(["address", "bytes"], [implementation, initializer])
    proxy = create(world, creation_code("ERC1967Proxy", arguments))
    world.admin_call(token, encode_call("grantRole(bytes32,address)", MINTER_ROLE, proxy))
    block = int(world.anvil.request("eth_blockNumber"), 16) - 1
    world.deployment = replace(
        world.deployment, rewards_address=proxy, implementation_address=implementation, block=block
    )
    write_record(world.deployment, tmp_path)
    world.rewards_call("setCaps(uint256,uint256)", 5 * 10**18, 10**21)
    world.rewards_call("grantRole(bytes32,address)", _NO_ROLE, OTHER)
    return world


@pytest.fixture
def app(old: World) -> Flask:
    return create_app(old.settings())


def create(world: World, code: bytes) -> str:
    fields = {"from": ADMIN, "data": "0x" + code.hex()}
    tx_hash = world.anvil.request("eth_sendTransaction", fields)
    receipt = None
    while receipt is None:
        receipt = world.anvil.request("eth_getTransactionReceipt", tx_hash)
    return str(receipt["contractAddress"]).lower()


def test_upgrade_keeps_everything_and_minting_goes_on(old: World, app: Flask) -> None:
    old.add_rewards(4)
    old.finish()
    old.add_rewards(3)
    contract, before = old.deployment.rewards_address, old.anvil.request("eth_blockNumber")
    dry = invoke(app, "chain", "upgrade", "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert re.search(r"Deployed +2.0.0[\s\S]*Storage +compatible[\s\S]*Loses the role 0x3C44", dry.output)
    assert old.anvil.request("eth_blockNumber") == before
    result = invoke(app, "chain", "upgrade", "--yes")
    assert result.exit_code == 0, result.output
    assert re.search(r"Version +2.1.0, state as before", result.output)
    assert re.search(r"Paid +4 of 4 references", result.output)
    assert re.search(r"Reward cap +5\nDaily cap +1000", result.output)
    node = old.chain().node()
    admin = read_admin(node, contract)
    assert admin is not None
    assert (read_version(node, contract), admin.address) == ("2.1.0", ADMIN)
    assert accounts_with_role(node, contract, _NO_ROLE, [ADMIN, OTHER]) == [ADMIN]
    record = find_record(CHAIN_ID, contract)
    assert record is not None
    assert record.implementation_address == implementation_of(node, contract)
    assert record.implementation_address != old.deployment.implementation_address
    old.finish()
    old.assert_paid_exactly_once(7)
    again = invoke(app, "chain", "upgrade", "--yes")
    assert again.exit_code == 0, again.output
    assert implementation_of(node, contract) == record.implementation_address


def test_multisig_executes_the_printed_upgrade(old: World, app: Flask) -> None:
    """The contract that has the admin role stands for a Safe; any account deploys the implementation."""
    safe = create(old, creation_code("TestToken", encode(["address"], [ADMIN])))
    old.rewards_call("grantRole(bytes32,address)", _NO_ROLE, safe)
    refused = invoke(app, "chain", "upgrade", "--calldata", "--admin", safe)
    assert (refused.exit_code, "--deploy-only" in refused.output) == (1, True)
    deployed = invoke(app, "chain", "upgrade", "--deploy-only", "--admin", safe, "--yes")
    assert deployed.exit_code == 0, deployed.output
    assert read_version(old.chain().node(), old.deployment.rewards_address) == "2.0.0"
    match = re.search(r"Implementation (0x\w{40}), its code", deployed.output)
    assert match
    options = ["chain", "upgrade", "--calldata", "--implementation", match[1]]
    assert "Give --admin" in invoke(app, *options).output
    assert "is not the admin" in invoke(app, *options, "--admin", OPERATOR).output
    printed = invoke(app, *options, "--admin", safe)
    assert printed.exit_code == 0, printed.output
    execute(old, safe, printed.output)
    node = old.chain().node()
    assert implementation_of(node, old.deployment.rewards_address) == match[1].lower()
    assert accounts_with_role(node, old.deployment.rewards_address, _NO_ROLE, [ADMIN, OTHER, safe]) == [safe]
    checked = invoke(app, "chain", "upgrade", "--calldata")
    assert checked.exit_code == 0, checked.output
    assert "The implementation is recorded" in checked.output


def test_refusals_send_nothing(old: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    before = old.anvil.request("eth_blockNumber")

    def refusal(*options: str, **settings: object) -> str:
        using = create_app(old.settings(**settings)) if settings else app
        result = invoke(using, "chain", "upgrade", "--yes", *options)
        assert result.exit_code == 1, result.output
        return result.output

    assert "serves chain 31337, not 137" in refusal(referral_chain_id=137)
    assert "not the committed ReferralRewards 2.1.0" in refusal(
        "--implementation", old.deployment.implementation_address
    )
    assert "known version" in refusal("--contract", old.deployment.token_address)
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", "0x" + "5a" * 32)
    assert "is not the admin of the contract" in refusal()
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", ADMIN_KEY)
    monkeypatch.setattr("portal.chain.upgrade.load_layout", lambda _: None)
    assert "storage layout of version 2.0.0 is unknown" in refusal()
    assert old.anvil.request("eth_blockNumber") == before


def test_layout_conflict_is_refused(
    old: World, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("2.0.0", "2.1.0"):
        layout = json.loads((CONTRACTS / "layouts" / f"{version}.json").read_text())
        if version == "2.1.0":
            layout["members"][1], layout["members"][3] = layout["members"][3], layout["members"][1]
        (tmp_path / "layouts").mkdir(exist_ok=True)
        (tmp_path / "layouts" / f"{version}.json").write_text(json.dumps(layout))
    monkeypatch.setattr("portal.chain.storage_layout.LAYOUTS_FOLDER", tmp_path / "layouts")
    before = old.anvil.request("eth_blockNumber")
    result = invoke(app, "chain", "upgrade", "--yes")
    assert result.exit_code == 1
    assert "would misread the storage of 2.0.0: uint96 rewardCap" in result.output
    assert old.anvil.request("eth_blockNumber") == before


def test_code_is_compared_with_its_immutables(world: World) -> None:
    node, implementation = world.chain().node(), world.deployment.implementation_address
    require_artifact_code(node, implementation)
    copy = "0x" + "cd" * 20
    world.anvil.request("anvil_setCode", copy, "0x" + node.code(implementation).hex())
    with pytest.raises(DeploymentFailed, match="not the committed"):
        require_artifact_code(node, copy)


def test_older_contract_lists_its_admins_and_has_no_transfer(old: World, app: Flask) -> None:
    listed = invoke(app, "chain", "roles")
    assert listed.exit_code == 0, listed.output
    assert re.search(r"Admin +0xf39F\w+\nAdmin +0x3C44\w+\nOperator +0x7099\w+\nPauser +none", listed.output)
    result = invoke(app, "chain", "transfer-admin", OTHER, "--calldata")
    assert result.exit_code == 1
    assert "older than version 2.1" in result.output
