"""`chain verify`: the compiler of the contracts gives the deployed code from the files that explorers take."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi.abi import encode
from flask import Flask

from portal.app import create_app
from portal.chain.contract.abi import artifact, encode_call
from portal.chain.deployment import find_record, write_record
from portal.lib.folders import CONTRACTS
from tests.chain.test_chain_commands import invoke
from tests.support.chain_world import ADMIN, OPERATOR, World

PROXY_SOURCE = "node_modules/@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol"


@pytest.fixture
def app(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(write_record, "__defaults__", (tmp_path,))
    monkeypatch.setattr(find_record, "__defaults__", (tmp_path,))
    write_record(world.deployment, tmp_path)
    return create_app(world.settings())


def compile_input(path: Path, source: str, name: str) -> str:
    """Return the creation code that solc gives for a file with standard JSON."""
    with path.open() as file:
        result = subprocess.run(
            ["node", "solc.js"], cwd=CONTRACTS, stdin=file, capture_output=True, check=True
        )
    output = json.loads(result.stdout)
    errors = [error for error in output.get("errors", []) if error["severity"] == "error"]
    assert not errors
    return "0x" + str(output["contracts"][source][name]["evm"]["bytecode"]["object"])


def creation_of(world: World) -> str:
    """Return the transaction that created the proxy."""
    receipts = [
        world.anvil.request("eth_getTransactionReceipt", tx_hash) for tx_hash in world.deployment.transactions
    ]
    contract = world.deployment.rewards_address
    return next(str(r["transactionHash"]) for r in receipts if r["contractAddress"] == contract)


def test_files_compile_to_the_deployed_code(world: World, app: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "verification"
    result = invoke(app, "chain", "verify", "--folder", str(folder))
    assert result.exit_code == 0, result.output
    deployment = world.deployment
    initializer = encode_call(
        "initialize(address,address,address,uint8)", ADMIN, OPERATOR, deployment.token_address, 0
    )
    arguments = encode(["address", "bytes"], [deployment.implementation_address, initializer])
    output = result.output.lower()
    assert re.search(rf"address +{deployment.implementation_address}\ncontract name +src/", output)
    assert re.search(rf"address +{deployment.rewards_address}\ncontract name +node_modules/", output)
    assert f"constructor arguments  {arguments.hex()}" in output
    assert "v0.8.37+commit.f401782d" in output
    proxy = compile_input(folder / "ERC1967Proxy.json", PROXY_SOURCE, "ERC1967Proxy")
    assert proxy == artifact("ERC1967Proxy")["bytecode"]
    created = world.anvil.request("eth_getTransactionByHash", creation_of(world))
    assert created["input"] == proxy + arguments.hex()
    source = "src/ReferralRewards.sol"
    rewards = compile_input(folder / "ReferralRewards.json", source, "ReferralRewards")
    assert rewards == artifact("ReferralRewards")["bytecode"]


def test_other_code_or_creation_is_refused(world: World, app: Flask, tmp_path: Path) -> None:
    other = world.deployment.transactions[0]
    result = invoke(app, "chain", "verify", "--folder", str(tmp_path), "--creation-transaction", other)
    assert result.exit_code == 1
    assert "did not create" in result.output
    world.anvil.request("anvil_setCode", world.deployment.implementation_address, "0x00")
    result = invoke(app, "chain", "verify", "--folder", str(tmp_path))
    assert result.exit_code == 1
    assert "not the committed ReferralRewards" in result.output


def test_proxy_without_a_record_is_left_out(world: World, app: Flask, tmp_path: Path) -> None:
    write_record(replace(world.deployment, transactions=()), tmp_path)
    result = invoke(app, "chain", "verify", "--folder", str(tmp_path / "files"))
    assert result.exit_code == 0, result.output
    assert "--creation-transaction" in result.output
    assert [path.name for path in (tmp_path / "files").iterdir()] == ["ReferralRewards.json"]
