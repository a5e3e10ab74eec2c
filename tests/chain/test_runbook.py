"""Every command of docs/on-chain.md, in its order, on a new chain; the admin is a contract without a key."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_account import Account

from portal.app import create_app
from portal.chain.contract.rewards import OPERATOR_ROLE
from portal.chain.deployment import creation_code, find_record, write_record
from portal.chain.roles import accounts_with_role, read_admin, read_word
from portal.chain.upgrade import implementation_of
from tests.chain.test_chain_administration import execute, printed_calls
from tests.chain.test_chain_upgrade import create
from tests.support.chain_world import ADMIN, ADMIN_KEY, World

PAGE = Path(__file__).resolve().parents[2] / "docs" / "on-chain.md"
PASSWORD = "correct horse battery"
PREFIX = "flask --app wsgi "
_DAY = 86_400


def commands() -> list[str]:
    """Return the commands of the page's blocks in their order."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


class Operator:
    """A person who works through the page: what they enter, and what they note down."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.safe, self.new_safe = (
            create(world, creation_code("TestToken", encode(["address"], [ADMIN]))) for _ in range(2)
        )
        self.contract, self.key, self.new_key = "", "0x" + "11" * 32, ""
        self.names = {
            "SAFE": self.safe,
            "NEW_SAFE": self.new_safe,
            "PAUSER": ADMIN,
            "TOKEN": world.deployment.token_address,
        }

    def run(self, line: str) -> None:
        """Run a command as written, then do what the page says to do with its output."""
        assert line.startswith(PREFIX), line
        arguments = shlex.split(
            re.sub(r"\$(\w+)", lambda name: self.names[name[1]], line.removeprefix(PREFIX))
        )
        self.before(arguments)
        settings = self.world.settings(
            referral_rewards_address=self.contract,
            referral_minter_private_key=self.key,
            referral_reward_token_address=self.world.deployment.token_address,
        )
        application = create_app(settings)
        with application.app_context():
            answer = f"{PASSWORD}\n{PASSWORD}\n" if "keystore" in arguments else "y\n"
            result = application.test_cli_runner().invoke(args=arguments, input=answer)
        assert result.exit_code == 0, f"{line}\n{result.output}"
        self.after(arguments, result.output)

    def before(self, arguments: list[str]) -> None:
        if arguments[:2] == ["chain", "accept-admin"]:
            self.world.anvil.request("evm_increaseTime", _DAY + 1)
            self.world.anvil.mine()
        if arguments[0] == "mint":
            self.world.add_rewards(1)
            self.world.anvil.request("evm_setIntervalMining", 1)
        if arguments[:2] == ["chain", "revoke"]:
            self.key = self.new_key

    def after(self, arguments: list[str], output: str) -> None:
        if "keystore" in arguments:
            self.take_key(Path(arguments[-1]))
        if proxy := re.search(r"^Proxy +(0x\w{40})", output, re.MULTILINE):
            self.contract = proxy[1].lower()
            self.names["IMPLEMENTATION"] = implementation_of(self.world.chain().node(), self.contract)
        if printed_calls(output):
            execute(self.world, self.new_safe if "accept-admin" in arguments else self.safe, output)
        if arguments[0] == "mint":
            self.world.anvil.request("evm_setIntervalMining", 0)
            self.world.anvil.request("evm_setAutomine", True)

    def take_key(self, path: Path) -> None:
        """Note the address of a keystore and fund it."""
        key = "0x" + bytes(Account.decrypt(json.loads(path.read_text()), PASSWORD)).hex()
        address = str(Account.from_key(key).address).lower()
        self.world.anvil.request("anvil_setBalance", address, hex(10**20))
        if "OPERATOR" in self.names:
            self.new_key, self.names["NEW_OPERATOR"] = key, address
        else:
            self.key, self.names["OPERATOR"] = key, address


@pytest.fixture
def operator(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.setattr(write_record, "__defaults__", (tmp_path,))
    monkeypatch.setattr(find_record, "__defaults__", (tmp_path,))
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", ADMIN_KEY)
    monkeypatch.chdir(tmp_path)
    return Operator(world, tmp_path)


def test_every_command_of_the_page_works_in_its_order(world: World, operator: Operator) -> None:
    lines = commands()
    shown = {shlex.split(line.removeprefix(PREFIX))[1] for line in lines if " chain " in line}
    assert shown >= {
        "keystore", "deploy", "verify", "grant-minter", "roles", "status", "caps", "set-token", "set-mode",
        "grant", "revoke", "pause", "unpause", "transfer-admin", "accept-admin", "upgrade",
    }  # fmt: skip
    for line in lines:
        operator.run(line)
    node, contract = world.chain().node(), operator.contract
    admin = read_admin(node, contract)
    assert admin is not None
    assert (admin.address, admin.pending) == (operator.new_safe, None)
    caps = [read_word(node, contract, name) for name in ("rewardCap()", "dailyCap()", "paused()")]
    assert caps == [2000 * 10**18, 40_000 * 10**18, 0]
    accounts = [operator.names["OPERATOR"], operator.names["NEW_OPERATOR"]]
    assert accounts_with_role(node, contract, OPERATOR_ROLE, accounts) == accounts[1:]
    assert world.count("minted") == 1
    assert [path.name for path in sorted((operator.folder / "verification").iterdir())] == [
        "ERC1967Proxy.json",
        "ReferralRewards.json",
    ]
