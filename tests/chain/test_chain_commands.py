"""The commands `chain deploy|status|grant-minter` and `mint`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from portal.app import create_app
from portal.chain import checksum
from portal.chain.contract.abi import encode_call
from portal.chain.contract.rewards import MINTER_ROLE, PAUSER_ROLE
from portal.chain.deployment import find_record, write_record
from portal.chain.roles import accounts_with_role, read_word
from portal.chain.state import remember
from portal.db import connection
from portal.settings import Settings
from tests.support.chain_world import ADMIN, ADMIN_KEY, CHAIN_ID, OPERATOR, OTHER, World
from tests.support.rpc_proxy import Fault, RpcProxy


@pytest.fixture
def app(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(write_record, "__defaults__", (tmp_path,))
    monkeypatch.setattr(find_record, "__defaults__", (tmp_path,))
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", ADMIN_KEY)
    return create_app(world.settings())


def invoke(app: Flask, *arguments: str) -> Result:
    # `flask` opens this context before it runs a command.
    with app.app_context():
        return app.test_cli_runner().invoke(args=list(arguments))


def test_dry_run_writes_nothing_and_deploy_writes_a_record(world: World, app: Flask, tmp_path: Path) -> None:
    options = ["chain", "deploy", "--token", world.deployment.token_address, "--operator", OPERATOR]
    result = invoke(app, *options, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "Cost at most" in result.output
    assert not (tmp_path / f"{CHAIN_ID}.json").exists()
    result = invoke(app, *options, "--daily-cap", "1000", "--yes")
    assert result.exit_code == 0, result.output
    assert "REFERRAL_REWARDS_ADDRESS" in result.output
    assert (tmp_path / f"{CHAIN_ID}.json").exists()
    assert ADMIN_KEY not in result.output


def test_deploy_without_a_key_fails(world: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEPLOYER_PRIVATE_KEY")
    result = invoke(app, "chain", "deploy", "--token", world.deployment.token_address, "--dry-run")
    assert result.exit_code == 1
    assert "DEPLOYER_PRIVATE_KEY is not set" in result.output


def test_token_is_not_deployed_as_its_own_operator(world: World, app: Flask) -> None:
    token = world.deployment.token_address
    for option in (["--operator", token], ["--operator", OPERATOR, "--admin", token]):
        result = invoke(app, "chain", "deploy", "--token", token, *option, "--dry-run")
        assert (result.exit_code, "neither the admin nor the operator" in result.output) == (1, True)


def test_payout_contract_never_takes_the_minter_as_operator(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", ADMIN_KEY)
    token = world.deployment.token_address
    settings = world.settings(
        referral_minter_private_key="",
        referral_minter_address=OPERATOR,
        settlement_payout_token_address=token,
    )
    without_key = create_app(settings)
    deploy = ["chain", "deploy", "--dry-run"]
    assert checksum(OPERATOR) in invoke(without_key, *deploy, "--token", token).output
    refused = invoke(without_key, *deploy, "--payouts")
    assert (refused.exit_code, "SETTLEMENT_PAYOUT_PRIVATE_KEY or --operator" in refused.output) == (1, True)
    assert checksum(OTHER) in invoke(without_key, *deploy, "--payouts", "--operator", OTHER).output


def test_test_token_is_not_deployed_in_production(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "is_production", True)
    result = invoke(app, "chain", "deploy", "--test-token", "--operator", OPERATOR, "--yes")
    assert (result.exit_code, "Amoy (80002) only" in result.output) == (1, True)
    monkeypatch.setattr("portal.cli.chain._AMOY", CHAIN_ID)
    result = invoke(app, "chain", "deploy", "--test-token", "--operator", OPERATOR, "--yes")
    assert (result.exit_code, "REFERRAL_REWARD_TOKEN_ADDRESS" in result.output) == (0, True)


def test_status_reports_missing_role_until_it_is_granted(world: World, app: Flask) -> None:
    result = invoke(app, "chain", "status")
    assert result.exit_code == 0, result.output
    assert "Ready to mint." in result.output
    data = encode_call("revokeRole(bytes32,address)", MINTER_ROLE, world.deployment.rewards_address)
    world.admin_call(world.deployment.token_address, data)
    result = invoke(app, "chain", "status")
    assert result.exit_code == 1
    assert "grant-minter" in result.output
    assert "MINTER_ROLE granted." in invoke(app, "chain", "grant-minter").output
    assert invoke(app, "chain", "status").exit_code == 0


def test_mint_runs_until_rewards_are_final(world: World, app: Flask) -> None:
    world.anvil.request("evm_setIntervalMining", 1)
    world.add_rewards(7)
    result = invoke(app, "mint", "--limit", "7", "--timeout", "40")
    assert result.exit_code == 0, result.output
    assert "7 sent, 7 minted, 0 failed" in result.output
    world.assert_paid_exactly_once(7)


def test_mint_says_that_it_did_nothing(world: World, app: Flask) -> None:
    for _ in range(2):
        result = invoke(app, "mint", "--timeout", "1")
        assert (result.exit_code, result.output) == (0, "Nothing is ready to mint.\n")


def test_mint_reports_why_it_waits(world: World, app: Flask) -> None:
    world.add_rewards(1)
    world.rewards_call("pause()")
    result = invoke(app, "mint", "--timeout", "1")
    assert result.exit_code == 1
    assert "paused" in result.output


def test_status_reports_a_node_without_history(world: World) -> None:
    proxy = RpcProxy(world.anvil.url)
    refusal = {"code": -32000, "message": "history has been pruned for this block"}
    proxy.faults = [Fault("error", ("eth_getLogs",), error=refusal)]
    try:
        result = invoke(create_app(world.settings(polygon_rpc_url=proxy.url)), "chain", "status")
    finally:
        proxy.stop()
    assert result.exit_code == 1
    assert "history has been pruned" in result.output
    assert "keeps the logs from block" in result.output


def test_status_names_the_reason_that_the_last_round_stored(world: World, app: Flask) -> None:
    world.add_rewards(1)
    with connection():
        remember(f"mint_waiting:{CHAIN_ID}", {"code": "contract_refuses", "detail": "a test payment failed"})
    result = invoke(app, "chain", "status")
    assert result.exit_code == 1
    assert "contract_refuses" in result.output
    assert "a test payment failed" in result.output


def test_caps_that_are_off_are_a_note(world: World, app: Flask) -> None:
    world.rewards_call("setCaps(uint256,uint256)", 0, 0)
    result = invoke(app, "chain", "status")
    assert result.exit_code == 0, result.output
    assert "Note: The contract has no caps" in result.output


def deployed(world: World, output: str) -> str:
    match = re.search(r"Proxy +(0x\w{40})", output)
    assert match, output
    return match[1].lower()


def test_deploy_asks_for_pauser_and_caps(world: World, app: Flask) -> None:
    options = ["chain", "deploy", "--token", world.deployment.token_address, "--operator", OPERATOR]
    answers = f"0x123\n{OTHER}\nmany\n2.5\n100\ny\n"
    with app.app_context():
        result = app.test_cli_runner().invoke(args=options, input=answers)
    assert result.exit_code == 0, result.output
    assert "an address is 0x and 40 hex digits" in result.output
    assert "plain decimal number of tokens" in result.output
    assert re.search(r"Pauser +0x3C44\w+\nReward cap +2.5\nDaily cap +100", result.output)
    proxy, node = deployed(world, result.output), world.chain().node()
    caps = [read_word(node, proxy, name) for name in ("rewardCap()", "dailyCap()")]
    assert caps == [25 * 10**17, 100 * 10**18]
    assert accounts_with_role(node, proxy, PAUSER_ROLE, [OTHER, ADMIN]) == [OTHER]


def test_deploy_for_another_admin_prints_what_is_left(world: World, app: Flask) -> None:
    options = ["--token", world.deployment.token_address, "--operator", OPERATOR, "--admin", OTHER]
    options += ["--pauser", ADMIN, "--reward-cap", "2"]
    dry = invoke(app, "chain", "deploy", *options, "--dry-run")
    assert "The contract has one admin from the start, 0x3C44" in dry.output
    assert re.search(r"Pauser +0xf39F\w+\nReward cap +2\nDaily cap +off", dry.output)
    result = invoke(app, "chain", "deploy", *options, "--yes")
    assert result.exit_code == 0, result.output
    proxy, node = deployed(world, result.output), world.chain().node()
    assert read_word(node, proxy, "rewardCap()") == 0
    for to, data in re.findall(r"^To +(0x\w{40})\nValue +0\nCalldata +0x(\w+)$", result.output, re.MULTILINE):
        world.transact(OTHER, to, bytes.fromhex(data))
    assert read_word(node, proxy, "rewardCap()") == 2 * 10**18
    assert accounts_with_role(node, proxy, PAUSER_ROLE, [ADMIN]) == [ADMIN]
