"""Deploy `ReferralRewards`: at once for development, with a plan and a record for operators."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from portal.chain.client import Chain
from portal.chain.contract.abi import Revert, artifact, encode_call
from portal.chain.contract.codec import encode
from portal.chain.contract.rewards import MINTER_ROLE, PAUSER_ROLE, checksum
from portal.chain.contract.token import Token
from portal.chain.errors import ChainAway, DeploymentFailed
from portal.chain.node.answers import Receipt
from portal.chain.node.rpc import Node, Rpc
from portal.chain.sending.fees import GWEI, FeePolicy, Fees, first_fees
from portal.chain.sending.keys import OperatorKey
from portal.lib.addresses import canonical_address
from portal.lib.folders import CONTRACTS, IS_INSTALLED

# An installed portal keeps them beside its settings: its package is replaced by upgrades and often read-only.
DEPLOYMENTS_FOLDER = (Path.cwd() if IS_INSTALLED else CONTRACTS) / "deployments"
_RECEIPT_TIMEOUT_SECONDS = 180
_GAS_MARGIN_PERCENT = 125
_UNCAPPED = 10**30
_PAYOUTS = "payouts"


@dataclass(frozen=True)
class Deployment:
    """A deployment: addresses in stored form, the block of the proxy, caps in wei with 0 for none."""

    chain_id: int
    rewards_address: str
    implementation_address: str
    token_address: str
    admin_address: str
    operator_address: str
    mode: int
    block: int
    reward_cap: int = 0
    daily_cap: int = 0
    transactions: tuple[str, ...] = ()
    deployed_at: str = ""


@dataclass(frozen=True)
class DeploymentPlan:
    """An estimate of a deployment: gas units and the maximum cost in wei at the current fees."""

    deployer_address: str
    balance: int
    gas: int
    cost: int
    fees: Fees


Report = Callable[[str], None]


class Deployer:
    """Send the deployment transactions of one account, each after the previous one is mined."""

    def __init__(self, node: Node, chain_id: int, key: OperatorKey, policy: FeePolicy) -> None:
        self.node, self.key, self._chain_id, self._policy = node, key, chain_id, policy
        self.hashes: list[str] = []

    def create(self, name: str, arguments: bytes) -> str:
        """Deploy an artifact and return its address."""
        receipt = self._send(None, creation_code(name, arguments), f"deploying {name}")
        if receipt.contract_address is None:
            raise DeploymentFailed(f"Deploying {name} gave no address.")
        return receipt.contract_address

    def call(self, to: str, data: bytes, what: str) -> Receipt:
        return self._send(to, data, what)

    def fees(self) -> Fees:
        fees = first_fees(self.node.block("latest").base_fee, self.node.suggested_tip(), self._policy)
        if fees is None:
            raise DeploymentFailed("The chain asks higher fees than REFERRAL_MAX_FEE_GWEI allows.")
        return fees

    def _send(self, to: str | None, data: bytes, what: str) -> Receipt:
        gas = self.node.estimate_gas(self.key.address, to, data)
        if isinstance(gas, Revert):
            raise DeploymentFailed(f"The contract refuses {what}: {gas.text}.")
        fees = self.fees()
        self._require_coins(gas * _GAS_MARGIN_PERCENT // 100 * fees.max_fee, what)
        nonce = self.node.nonce(self.key.address, "pending")
        fields: dict[str, Any] = {
            "type": 2,
            "chainId": self._chain_id,
            "nonce": nonce,
            "value": 0,
            "data": data,
        }
        fields |= {"gas": gas * _GAS_MARGIN_PERCENT // 100}
        fields |= {
            "maxFeePerGas": fees.max_fee,
            "maxPriorityFeePerGas": fees.tip,
            **({"to": to} if to else {}),
        }
        signed = self.key.sign(fields)
        answer = self.node.send_raw(signed.raw)
        self.hashes.append(signed.tx_hash)
        receipt = self._wait(signed.tx_hash, what, answer)
        if not receipt.succeeded:
            raise DeploymentFailed(f"The transaction {signed.tx_hash} of {what} reverted.")
        return receipt

    def _require_coins(self, cost: int, what: str) -> None:
        """Raise DeploymentFailed where the account cannot pay, which a node would refuse after a long wait here."""
        balance = self.node.balance(self.key.address)
        if balance < cost:
            account, lacking = checksum(self.key.address), Decimal(cost - balance).scaleb(-18)
            raise DeploymentFailed(f"{account} lacks {lacking:.6f} coins for {what}; nothing was sent.")

    def _wait(self, tx_hash: str, what: str, answer: str) -> Receipt:
        deadline = time.monotonic() + _RECEIPT_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            receipt = self.node.receipts([tx_hash]).get(tx_hash)
            if receipt:
                return receipt
            time.sleep(0.05)
        raise DeploymentFailed(f"{tx_hash} of {what} was not mined in time; the node said: {answer}.")


def deploy_development(rpc_url: str, chain_id: int, admin_key: str, operator_key: str) -> Deployment:
    """Deploy test token and rewards contract on a development chain, ready to mint; raise DeploymentFailed.

    The keys are private keys in hex; the admin's account pays and administers both contracts.
    """
    admin, operator = OperatorKey.from_private_key(admin_key), OperatorKey.from_private_key(operator_key)
    node = Rpc([rpc_url], chain_id, None).choose(None)
    deployer = Deployer(node, chain_id, admin, FeePolicy(tip=GWEI, ceiling=_UNCAPPED))
    token = deploy_test_token(deployer)
    deployment = deploy_proxy(deployer, chain_id, admin.address, operator.address, token, 0)
    deployer.call(
        token, encode_call("grantRole(bytes32,address)", MINTER_ROLE, deployment.rewards_address), "granting"
    )
    return replace(deployment, transactions=tuple(deployer.hashes))


def deploy_test_token(deployer: Deployer) -> str:
    """Deploy the token for development and test networks and return its address."""
    return deployer.create("TestToken", encode(["address"], [deployer.key.address]))


def plan_deployment(deployer: Deployer, admin: str, operator: str, token: str, mode: int) -> DeploymentPlan:
    """Estimate a deployment without sending anything; raise DeploymentFailed if it would not work."""
    _require_code(deployer.node, token)
    sender = deployer.key.address
    implementation = deployer.node.estimate_gas(sender, None, creation_code("ReferralRewards", b""))
    if isinstance(implementation, Revert):
        raise DeploymentFailed(f"The implementation cannot be deployed: {implementation.text}.")
    # The proxy needs the implementation to exist, so its gas is measured on its own code and initialiser.
    gas = implementation + _PROXY_GAS + 2 * _SETTER_GAS
    fees = deployer.fees()
    return DeploymentPlan(sender, deployer.node.balance(sender), gas, gas * fees.max_fee, fees)


def read_token_decimals(node: Node, token: str) -> int:
    """Return the decimals of the token of a planned contract; raise DeploymentFailed or ContractMissing."""
    _require_code(node, token)
    return Token(token).decimals(node)


def _require_code(node: Node, token: str) -> None:
    if not node.code(token):
        raise DeploymentFailed(f"There is no token contract at {checksum(token)}.")


# Proxy with initialize() as measured by the gas report, rounded up; only used for the estimate shown.
_PROXY_GAS = 420_000
_SETTER_GAS = 60_000


def deploy_rewards(
    deployer: Deployer,
    chain_id: int,
    *,
    admin: str,
    operator: str,
    token: str,
    mode: int,
    pauser: str | None = None,
    reward_cap: int = 0,
    daily_cap: int = 0,
    for_payouts: bool = False,
    report: Report = lambda _: None,
) -> Deployment:
    """Deploy implementation and proxy for an existing token and write the record; raise DeploymentFailed.

    Pauser and caps are set when the deployer is the admin; else the admin sets them afterwards.
    """
    report("deploying the implementation and the proxy")
    deployment = deploy_proxy(deployer, chain_id, admin, operator, token, mode)
    if (reward_cap or daily_cap) and admin == deployer.key.address:
        report("setting the caps")
        data = encode_call("setCaps(uint256,uint256)", reward_cap, daily_cap)
        deployer.call(deployment.rewards_address, data, "setting the caps")
        deployment = replace(deployment, reward_cap=reward_cap, daily_cap=daily_cap)
    if pauser and admin == deployer.key.address:
        report("granting PAUSER_ROLE")
        data = encode_call("grantRole(bytes32,address)", PAUSER_ROLE, pauser)
        deployer.call(deployment.rewards_address, data, "granting PAUSER_ROLE")
    deployment = replace(deployment, transactions=tuple(deployer.hashes))
    report(f"written to {write_record(deployment, for_payouts=for_payouts)}")
    return deployment


def deploy_proxy(
    deployer: Deployer, chain_id: int, admin: str, operator: str, token: str, mode: int
) -> Deployment:
    """Deploy an implementation and its proxy, without a record; raise DeploymentFailed."""
    implementation = deployer.create("ReferralRewards", b"")
    initializer = encode_call("initialize(address,address,address,uint8)", admin, operator, token, mode)
    proxy = deployer.create("ERC1967Proxy", encode(["address", "bytes"], [implementation, initializer]))
    block = deployer.node.receipts([deployer.hashes[-1]])[deployer.hashes[-1]].block_number
    deployed_at = datetime.now(UTC).isoformat(timespec="seconds")
    return Deployment(
        chain_id, proxy, implementation, token, admin, operator, mode, block, deployed_at=deployed_at
    )


def creation_code(name: str, arguments: bytes) -> bytes:
    """Return the bytes that create an artifact with ABI-encoded constructor arguments."""
    return bytes.fromhex(artifact(name)["bytecode"].removeprefix("0x")) + arguments


def require_recordable(folder: Path = DEPLOYMENTS_FOLDER) -> None:
    """Raise DeploymentFailed, before anything is sent, if `write_record` could not write."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
        raise DeploymentFailed(
            f"The record of the deployment cannot be written to {folder}. Create this folder and let this user write"
            " to it, or run the command in another folder and copy the record there."
        )


def write_record(
    deployment: Deployment, folder: Path = DEPLOYMENTS_FOLDER, *, for_payouts: bool = False
) -> Path:
    """Write `<chainId>.json`, addresses in EIP-55, and return its path.

    The contract that pays vendors is under `payouts`; writing one contract keeps the other.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fields = asdict(deployment)
    for name in [name for name in fields if name.endswith("_address")]:
        fields[name] = checksum(fields[name])
    path = folder / f"{deployment.chain_id}.json"
    existing = json.loads(path.read_text()) if path.exists() else {}
    if for_payouts:
        record = {**existing, _PAYOUTS: fields}
    else:
        record = fields | ({_PAYOUTS: existing[_PAYOUTS]} if _PAYOUTS in existing else {})
    path.write_text(json.dumps(record, indent=2) + "\n")
    return path


def find_record(chain_id: int, rewards_address: str, folder: Path = DEPLOYMENTS_FOLDER) -> Deployment | None:
    """Return the record of a deployed contract, None if there is none for this address."""
    path = folder / f"{chain_id}.json"
    if not path.exists():
        return None
    rewards = json.loads(path.read_text())
    payouts = rewards.pop(_PAYOUTS, None)
    deployments = [_read_deployment(fields) for fields in (rewards, payouts) if fields]
    return next((row for row in deployments if row.rewards_address == rewards_address), None)


def _read_deployment(fields: dict[str, Any]) -> Deployment:
    for name in [name for name in fields if name.endswith("_address")]:
        fields[name] = canonical_address(fields[name])
    fields["transactions"] = tuple(fields["transactions"])
    return Deployment(**fields)


# ---------------------------------------------------------------------- permission to mint


@dataclass(frozen=True)
class MinterGrant:
    """How a token permits minting: `style` access_control, ownable or unknown; whether it is `granted`."""

    style: str
    granted: bool
    holder: str


def read_minter_grant(node: Node, token: str, rewards_address: str) -> MinterGrant:
    """Return the permission by reading the token: first MINTER_ROLE, then owner()."""
    role = node.eth_call(token, encode_call("hasRole(bytes32,address)", MINTER_ROLE, rewards_address))
    if not isinstance(role, Revert) and len(role) >= 32:
        return MinterGrant("access_control", int.from_bytes(role[:32], "big") == 1, "")
    owner = node.eth_call(token, encode_call("owner()"))
    if not isinstance(owner, Revert) and len(owner) >= 32:
        holder = "0x" + owner[12:32].hex()
        return MinterGrant("ownable", holder == rewards_address, holder)
    return MinterGrant("unknown", False, "")


def grant_minter(deployer: Deployer, token: str, rewards_address: str) -> str:
    """Grant the contract the right to mint, by grantRole or transferOwnership; return what was done.

    A two-step owner is accepted by the contract's admin afterwards. Raises DeploymentFailed.
    """
    grant = read_minter_grant(deployer.node, token, rewards_address)
    if grant.granted:
        return "The contract may already mint."
    if grant.style == "access_control":
        data = encode_call("grantRole(bytes32,address)", MINTER_ROLE, rewards_address)
        deployer.call(token, data, "granting MINTER_ROLE")
        return "MINTER_ROLE granted."
    if grant.style == "ownable":
        deployer.call(
            token, encode_call("transferOwnership(address)", rewards_address), "transferring the ownership"
        )
        if read_minter_grant(deployer.node, token, rewards_address).granted:
            return "Ownership of the token transferred."
        data = encode_call("acceptTokenOwnership(address)", token)
        deployer.call(rewards_address, data, "accepting the ownership as the contract's admin")
        return "Ownership of the token offered and accepted."
    raise DeploymentFailed("The token has neither MINTER_ROLE nor an owner: use TRANSFER mode (mode 1).")


def deployer_of(chain: Chain, private_key: str) -> Deployer:
    """Return a deployer on the configured chain; raise KeyUnusable, ChainAway or WrongChain."""
    return Deployer(chain.node(), chain.chain_id, OperatorKey.from_private_key(private_key), chain.fees)


def node_of(rpc_url: str, chain_id: int) -> Node:
    """Return a node of a chain that has no contract yet; raise ChainAway or WrongChain."""
    if not rpc_url:
        raise ChainAway("POLYGON_RPC_URL is not set")
    return Rpc([rpc_url], chain_id, None).choose(None)
