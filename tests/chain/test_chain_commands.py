"""The commands `chain deploy|status|grant-minter` and `mint`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from portal.app import create_app
from portal.chain.contract.abi import encode_call
from portal.chain.contract.rewards import MINTER_ROLE
from portal.chain.deployment import find_record, write_record
from tests.support.chain_world import ADMIN_KEY, CHAIN_ID, OPERATOR, World


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


def test_mint_reports_why_it_waits(world: World, app: Flask) -> None:
    world.add_rewards(1)
    world.rewards_call("pause()")
    result = invoke(app, "mint", "--timeout", "1")
    assert result.exit_code == 1
    assert "paused" in result.output
