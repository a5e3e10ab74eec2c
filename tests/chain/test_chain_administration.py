"""The commands that change a deployed contract, with a key and with printed calls."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask

from portal.app import create_app
from portal.chain import DeploymentFailed, OperatorKey
from portal.chain.administration import ROLES, pause_calls, role_calls, send_calls
from portal.chain.deployment import deployer_of
from portal.chain.roles import accounts_with_role, read_admin, read_word
from tests.chain.test_chain_commands import app, invoke
from tests.support.chain_world import ADMIN, ADMIN_KEY, CHAIN_ID, OPERATOR, OPERATOR_KEY, OTHER, World

__all__ = ["app"]

TOKEN = 10**18
_DAY = 86_400


def read(world: World, signature: str) -> int:
    return read_word(world.chain().node(), world.deployment.rewards_address, signature)


def printed_calls(output: str) -> list[tuple[str, bytes]]:
    """Return target and data of each printed call."""
    pairs = re.findall(r"^To +(0x\w{40})\nValue +0\nCalldata +0x([0-9a-f]+)$", output, re.MULTILINE)
    return [(to.lower(), bytes.fromhex(data)) for to, data in pairs]


def execute(world: World, sender: str, output: str) -> None:
    """Execute printed calls as an account without a key, as a multisig does."""
    calls = printed_calls(output)
    assert calls, output
    world.anvil.request("anvil_impersonateAccount", sender)
    world.anvil.request("anvil_setBalance", sender, hex(10**18))
    for to, data in calls:
        tx_hash = world.transact(sender, to, data)
        assert world.anvil.request("eth_getTransactionReceipt", tx_hash)["status"] == "0x1"


def test_caps_are_shown_and_set_one_by_one(world: World, app: Flask) -> None:
    result = invoke(app, "chain", "caps", "--reward-cap", "1.5", "--daily-cap", "1000")
    assert result.exit_code == 0, result.output
    assert (read(world, "rewardCap()"), read(world, "dailyCap()")) == (3 * TOKEN // 2, 1000 * TOKEN)
    result = invoke(app, "chain", "caps", "--daily-cap", "0")
    assert (read(world, "rewardCap()"), read(world, "dailyCap()")) == (3 * TOKEN // 2, 0)
    assert re.search(r"Reward cap +1.5\nDaily cap +off", result.output)
    assert re.search(r"Reward cap +1.5\nDaily cap +off", invoke(app, "chain", "caps").output)


def test_amount_that_is_not_plain_is_refused(world: World, app: Flask) -> None:
    before = world.anvil.request("eth_blockNumber")
    for amount in ("1e3", "-1", "1,5", "0.0000000000000000001", "NaN", "१"):
        result = invoke(app, "chain", "caps", f"--reward-cap={amount}")
        assert result.exit_code == 2, amount
        assert "plain decimal number of tokens" in result.output
    assert world.anvil.request("eth_blockNumber") == before


def test_cap_beyond_the_contract_is_explained(world: World, app: Flask) -> None:
    result = invoke(app, "chain", "caps", "--reward-cap", str(2**96 // TOKEN + 1))
    assert result.exit_code == 1
    assert "a cap is at most" in result.output


def test_printed_calls_send_nothing_and_do_the_same(world: World, app: Flask, tmp_path: Path) -> None:
    before = world.anvil.request("eth_blockNumber")
    file = tmp_path / "safe.json"
    options = ["--calldata", "--safe-json", str(file)]
    result = invoke(app, "chain", "caps", "--reward-cap", "7", *options)
    assert result.exit_code == 0, result.output
    assert world.anvil.request("eth_blockNumber") == before
    batch = json.loads(file.read_text())
    assert (batch["chainId"], batch["version"]) == (str(CHAIN_ID), "1.0")
    ((to, data),) = printed_calls(result.output)
    (transaction,) = batch["transactions"]
    assert transaction["to"].lower() == to == world.deployment.rewards_address
    assert (transaction["value"], transaction["data"]) == ("0", "0x" + data.hex())
    execute(world, ADMIN, result.output)
    assert read(world, "rewardCap()") == 7 * TOKEN


def test_printed_calls_need_no_key(world: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEPLOYER_PRIVATE_KEY")
    assert invoke(app, "chain", "pause", "--calldata").exit_code == 0
    result = invoke(app, "chain", "pause")
    assert (result.exit_code, read(world, "paused()")) == (1, 0)
    assert "DEPLOYER_PRIVATE_KEY is not set" in result.output


def test_pause_and_unpause(world: World, app: Flask) -> None:
    assert re.search("Paused +YES", invoke(app, "chain", "pause").output)
    assert "it is paused" in invoke(app, "chain", "pause").output
    assert "Note: The contract would refuse" in invoke(app, "chain", "pause", "--calldata").output
    assert re.search("Paused +no", invoke(app, "chain", "unpause").output)
    assert "it is not paused" in invoke(app, "chain", "unpause").output


COMMANDS = (
    ("pause",),
    ("caps", "--reward-cap", "1"),
    ("grant", "pauser", OTHER),
    ("transfer-admin", OTHER),
    ("set-mode", "1"),
)


def test_account_without_the_right_is_refused_before_sending(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", OPERATOR_KEY)
    nonce = world.anvil.request("eth_getTransactionCount", OPERATOR, "latest")
    for command in COMMANDS:
        result = invoke(app, "chain", *command)
        assert result.exit_code == 1, command
        refusal = r"0x7099\w+ does not have \w+_ROLE, which this call needs. Nothing was sent"
        assert re.search(refusal, result.output), result.output
    assert world.anvil.request("eth_getTransactionCount", OPERATOR, "latest") == nonce


def test_account_without_coins_is_refused_at_once(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "0x" + "5a" * 32
    pauser = OperatorKey.from_private_key(key).address
    assert invoke(app, "chain", "grant", "pauser", pauser).exit_code == 0
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", key)
    result = invoke(app, "chain", "pause")
    assert (result.exit_code, read(world, "paused()")) == (1, 0)
    assert re.search(r"lacks 0\.\d+ coins for pausing payments", result.output), result.output


def test_change_of_several_calls_needs_the_right_to_each(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pauser may pause but not change the mode, and must not leave the contract paused."""
    assert invoke(app, "chain", "grant", "pauser", OPERATOR).exit_code == 0
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", OPERATOR_KEY)
    result = invoke(app, "chain", "set-mode", "1")
    assert (result.exit_code, read(world, "paused()")) == (1, 0)
    assert "needs. Nothing was sent." in result.output


def test_change_that_stops_halfway_says_what_was_done(world: World) -> None:
    """The second call is made to fail by its own argument."""
    contract = world.deployment.rewards_address
    deployer = deployer_of(world.chain(), ADMIN_KEY)
    calls = [
        *pause_calls(contract),
        *role_calls(contract, "pauser", OTHER, is_granted=True),
        *pause_calls(contract),
    ]
    with pytest.raises(
        DeploymentFailed, match=r"it is paused\. Done before: pausing payments; granting PAUSER_ROLE"
    ):
        send_calls(deployer, calls)


def test_file_that_cannot_be_written_is_named(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = invoke(app, "chain", "pause", "--safe-json", str(tmp_path / "file" / "safe.json"))
    assert result.exit_code == 1
    assert "cannot be written" in result.output


@pytest.mark.parametrize("role", sorted(ROLES))
def test_roles_are_granted_listed_and_revoked(world: World, app: Flask, role: str) -> None:
    def holders() -> list[str]:
        accounts = [OTHER]
        return accounts_with_role(
            world.chain().node(), world.deployment.rewards_address, ROLES[role], accounts
        )

    result = invoke(app, "chain", "grant", role, OTHER)
    assert (result.exit_code, holders()) == (0, [OTHER]), result.output
    assert "has the role already" in invoke(app, "chain", "grant", role, OTHER).output
    listed = invoke(app, "chain", "roles").output
    assert re.search(rf"{role.capitalize()} +0x3C44", listed), listed
    assert re.search("Admin +0xf39F", listed)
    assert re.search("Operator +0x7099", listed)
    assert invoke(app, "chain", "revoke", role, OTHER).exit_code == 0
    assert holders() == []
    assert "does not have the role" in invoke(app, "chain", "revoke", role, OTHER).output
    assert "0x3C44" not in invoke(app, "chain", "roles").output


def test_role_of_the_token_is_refused(world: World, app: Flask) -> None:
    result = invoke(app, "chain", "grant", "operator", world.deployment.token_address)
    assert result.exit_code == 1
    assert "can use no role" in result.output


def test_unknown_role_and_mistyped_address_are_refused(app: Flask) -> None:
    assert invoke(app, "chain", "grant", "admin", OTHER).exit_code == 2
    assert (
        invoke(app, "chain", "grant", "operator", "0x3c44CdDdB6a900fa2b585dd299e03d12FA4293Bc").exit_code == 2
    )


def test_roles_without_a_record_on_a_long_chain(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.cli.chain_changes._SHORT_CHAIN", 0)
    result = invoke(app, "chain", "roles")
    assert result.exit_code == 0, result.output
    assert re.search("Operator +0x7099", result.output), (
        "the account of the settings is checked without events"
    )
    assert "give --from-block" in result.output
    assert "give --from-block" not in invoke(app, "chain", "roles", "--from-block", "0").output


def test_admin_is_transferred_to_a_multisig_in_two_steps(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    safe = world.deployment.token_address.replace("0x", "")[:-1]
    safe = f"0x{safe}{'1' if world.deployment.token_address[-1] != '1' else '2'}"
    assert "not offered" in invoke(app, "chain", "accept-admin", "--calldata").output
    result = invoke(app, "chain", "transfer-admin", safe)
    assert result.exit_code == 0, result.output
    assert "may accept after" in result.output
    assert "may accept after" in invoke(app, "chain", "roles").output
    early = invoke(app, "chain", "accept-admin", "--calldata")
    assert "cannot accept before" in early.output
    world.anvil.request("evm_increaseTime", _DAY + 1)
    world.anvil.mine()
    assert "is not the account to which" in invoke(app, "chain", "accept-admin").output
    ready = invoke(app, "chain", "accept-admin", "--calldata")
    assert "Note" not in ready.output
    execute(world, safe, ready.output)
    admin = read_admin(world.chain().node(), world.deployment.rewards_address)
    assert admin is not None
    assert (admin.address, admin.pending) == (safe, None)
    assert "does not have DEFAULT_ADMIN_ROLE" in invoke(app, "chain", "unpause").output


def test_admin_role_is_accepted_with_a_key(world: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert invoke(app, "chain", "transfer-admin", OPERATOR).exit_code == 0
    world.anvil.request("evm_increaseTime", _DAY + 1)
    world.anvil.mine()
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", OPERATOR_KEY)
    result = invoke(app, "chain", "accept-admin")
    assert result.exit_code == 0, result.output
    assert re.search("Admin +0x7099", result.output)


@pytest.mark.parametrize("is_paused", [False, True])
def test_mode_changes_while_paused_and_pause_stays(world: World, app: Flask, is_paused: bool) -> None:
    if is_paused:
        world.rewards_call("pause()")
    result = invoke(app, "chain", "set-mode", "1")
    assert result.exit_code == 0, result.output
    assert (read(world, "rewardMode()"), read(world, "paused()")) == (1, int(is_paused))
    printed = invoke(app, "chain", "set-mode", "0", "--calldata").output
    assert len(printed_calls(printed)) == (1 if is_paused else 3)
    execute(world, ADMIN, printed)
    assert (read(world, "rewardMode()"), read(world, "paused()")) == (0, int(is_paused))


def test_token_is_changed_to_one_with_18_decimals(world: World, app: Flask) -> None:
    other_token = world.anvil.request("eth_getCode", world.deployment.token_address, "latest")
    new = "0x" + "ab" * 20
    assert "There is no token" in invoke(app, "chain", "set-token", new).output
    world.anvil.request("anvil_setCode", new, "0x600660005260206000f3")
    assert "6 decimals" in invoke(app, "chain", "set-token", new).output
    world.anvil.request("anvil_setCode", new, other_token)
    result = invoke(app, "chain", "set-token", new)
    assert result.exit_code == 0, result.output
    assert (read(world, "rewardToken()"), read(world, "paused()")) == (int(new, 16), 0)


def test_another_contract_is_named_by_its_address(world: World, app: Flask) -> None:
    result = invoke(app, "chain", "caps", "--contract", OTHER)
    assert result.exit_code == 1
    assert "No ReferralRewards contract answers" in result.output


def test_wrong_chain_is_refused(world: World) -> None:
    result = invoke(create_app(world.settings(referral_chain_id=137)), "chain", "pause", "--calldata")
    assert result.exit_code == 1
    assert "serves chain 31337, not 137" in result.output
