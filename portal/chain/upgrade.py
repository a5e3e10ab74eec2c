"""Upgrade a deployed `ReferralRewards` to the committed version, checked before anything is sent and afterwards.

The storage layout of the deployed version is compared with the new one, the code of the new implementation with the
artifact, and the state of the contract before the upgrade with the state after it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from portal.chain.administration import AdminCall, explain_refusal
from portal.chain.contract.abi import Revert, artifact, encode_call
from portal.chain.contract.codec import Undecodable, decode
from portal.chain.contract.rewards import RewardsContract, checksum
from portal.chain.deployment import Deployer, creation_code
from portal.chain.errors import ContractMissing, DeploymentFailed
from portal.chain.node.rpc import Node
from portal.chain.roles import ADMIN_ROLE, accounts_with_role, find_accounts, read_word
from portal.chain.storage_layout import Layout, find_conflicts, known_versions, load_layout

_IMPLEMENTATION_SLOT = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
_CONTRACT = "ReferralRewards"
# Before this version a contract may have several admins, and the upgrade leaves one.
_ADMIN_RULES_VERSION = "2.1.0"
_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}")


@dataclass(frozen=True)
class State:
    """What an upgrade must not change; caps in base units, `paid` by reference hash."""

    token: int
    mode: int
    paused: int
    reward_cap: int
    daily_cap: int
    paid: dict[str, bool]


@dataclass(frozen=True)
class UpgradePlan:
    """A checked upgrade of one contract: who upgrades it, and which other admins lose their role by it."""

    contract: str
    implementation: str
    deployed_version: str
    new_version: str
    admin: str
    former_admins: tuple[str, ...]
    state: State

    @property
    def is_needed(self) -> bool:
        return self.deployed_version != self.new_version

    def call(self, implementation: str) -> AdminCall:
        """Return the admin's call that upgrades to a deployed implementation."""
        initializer = b""
        if _order(self.deployed_version) < _order(_ADMIN_RULES_VERSION):
            initializer = encode_call("initializeAdminRules(address[])", list(self.former_admins))
        data = encode_call("upgradeToAndCall(address,bytes)", implementation, initializer)
        return AdminCall(self.contract, data, f"upgrading to {self.new_version}")


def plan_upgrade(
    node: Node, contract: str, *, first_block: int | None, sender: str | None, references: Sequence[str]
) -> UpgradePlan:
    """Return a checked plan without sending anything; `sender` is the admin who upgrades, None for the only one.

    Raises DeploymentFailed for an unknown version, storage that would be misread or a sender who is not admin, and
    ContractMissing.
    """
    deployed, new = read_version(node, contract), artifact_version()
    conflicts = find_conflicts(_layout(deployed), _layout(new))
    if conflicts:
        raise DeploymentFailed(f"{new} would misread the storage of {deployed}: {'; '.join(conflicts)}.")
    if _order(new) < _order(deployed):
        raise DeploymentFailed(f"The contract is {deployed} already, newer than the committed {new}.")
    admins = _admins(node, contract, deployed, first_block)
    admin = _choose_admin(admins, sender)
    others = tuple(account for account in admins if account != admin)
    state = read_state(node, contract, references)
    return UpgradePlan(contract, implementation_of(node, contract), deployed, new, admin, others, state)


def deploy_implementation(deployer: Deployer) -> str:
    """Deploy the committed implementation, compare its code and return its address."""
    address = deployer.create(_CONTRACT, b"")
    require_artifact_code(deployer.node, address)
    return address


def estimate_implementation(node: Node, sender: str) -> int:
    """Return the gas of deploying the implementation."""
    gas = node.estimate_gas(sender, None, creation_code(_CONTRACT, b""))
    if isinstance(gas, Revert):
        raise DeploymentFailed(f"The implementation cannot be deployed: {gas.text}.")
    return gas


def require_artifact_code(node: Node, implementation: str) -> None:
    """Raise DeploymentFailed unless an implementation has the committed code.

    Its immutables are its own address, by which UUPS knows a call through a proxy.
    """
    expected = bytearray.fromhex(artifact(_CONTRACT)["deployedBytecode"].removeprefix("0x"))
    own = bytes.fromhex(implementation[2:]).rjust(32, b"\0")
    for place in artifact(_CONTRACT)["immutableReferences"]:
        expected[place["start"] : place["start"] + place["length"]] = own
    if node.code(implementation) != bytes(expected):
        raise DeploymentFailed(
            f"The code at {checksum(implementation)} is not the committed {_CONTRACT} {artifact_version()}."
        )


def require_accepted(node: Node, plan: UpgradePlan, implementation: str) -> AdminCall:
    """Return the checked call of the upgrade; raise DeploymentFailed if the contract would refuse it."""
    call = plan.call(implementation)
    refusal = explain_refusal(node, plan.admin, call)
    if refusal:
        raise DeploymentFailed(refusal)
    return call


def require_upgraded(node: Node, plan: UpgradePlan, implementation: str) -> State:
    """Return the state after an upgrade; raise DeploymentFailed if anything but the version changed."""
    require_artifact_code(node, implementation_of(node, plan.contract))
    state = read_state(node, plan.contract, list(plan.state.paid))
    if read_version(node, plan.contract) != plan.new_version or state != plan.state:
        raise DeploymentFailed(f"The contract is not as before: {plan.state} became {state}. Pause it.")
    if implementation_of(node, plan.contract) != implementation:
        raise DeploymentFailed("The contract has another implementation than the one deployed here.")
    return state


# ---------------------------------------------------------------------- reads


def artifact_version() -> str:
    """Return the version of the committed implementation, with which the newest layout is built."""
    return max(known_versions(), key=_order)


def read_version(node: Node, contract: str) -> str:
    """Return the version that a contract states; raise ContractMissing or DeploymentFailed."""
    answer = node.eth_call(contract, encode_call("version()"))
    try:
        text = "" if isinstance(answer, Revert) else str(decode(["string"], answer)[0])
    except Undecodable:
        text = ""
    if not _VERSION.fullmatch(text):
        raise ContractMissing(f"No ReferralRewards of a known version answers at {checksum(contract)}.")
    return text


def implementation_of(node: Node, contract: str) -> str:
    """Return the implementation behind a proxy (ERC-1967); raise ContractMissing."""
    word = str(node.call("eth_getStorageAt", contract, _IMPLEMENTATION_SLOT, "latest"))
    address = "0x" + word.removeprefix("0x").rjust(64, "0")[-40:].lower()
    if int(address, 16) == 0:
        raise ContractMissing(f"There is no proxy at {checksum(contract)}.")
    return address


def read_state(node: Node, contract: str, order_refs: Sequence[str]) -> State:
    """Return the state that an upgrade must keep, at the latest block; raise ContractMissing."""
    paid = RewardsContract(contract).paid(node, order_refs, "latest")
    reads = ("rewardToken()", "rewardMode()", "paused()", "rewardCap()", "dailyCap()")
    token, mode, paused, reward_cap, daily_cap = [read_word(node, contract, read) for read in reads]
    return State(token, mode, paused, reward_cap, daily_cap, dict(zip(order_refs, paid, strict=True)))


def _layout(version: str) -> Layout:
    layout = load_layout(version)
    if layout is None:
        raise DeploymentFailed(
            f"The storage layout of version {version} is unknown; it is not in contracts/layouts."
        )
    return layout


def _admins(node: Node, contract: str, version: str, first_block: int | None) -> list[str]:
    """Return every account with the admin role, which only events name before the admin rules."""
    if _order(version) >= _order(_ADMIN_RULES_VERSION):
        return ["0x" + read_word(node, contract, "defaultAdmin()").to_bytes(20, "big").hex()]
    if first_block is None:
        raise DeploymentFailed(
            "Give --from-block, the block of the deployment: former admins are found by events."
        )
    return accounts_with_role(node, contract, ADMIN_ROLE, find_accounts(node, contract, first_block))


def _choose_admin(admins: Sequence[str], sender: str | None) -> str:
    listed = ", ".join(map(checksum, admins)) or "nobody, by the events since this block"
    if sender is None and len(admins) == 1:
        return admins[0]
    if sender is None:
        raise DeploymentFailed(f"Give --admin, the account that will upgrade: {listed}.")
    if sender not in admins:
        raise DeploymentFailed(f"{checksum(sender)} is not the admin of the contract; the admin is {listed}.")
    return sender


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
