"""The input with which explorers verify the deployed contracts: sources, compiler settings, constructor arguments."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from portal.chain.contract.abi import artifact
from portal.chain.contract.rewards import checksum
from portal.chain.deployment import Deployment, creation_code
from portal.chain.errors import DeploymentFailed
from portal.chain.node.rpc import Node
from portal.chain.upgrade import implementation_of, require_artifact_code
from portal.lib.folders import CONTRACTS

_SOURCES = {
    "ReferralRewards": "src/ReferralRewards.sol",
    "ERC1967Proxy": "node_modules/@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol",
    "TestToken": "src/dev/TestToken.sol",
}
_PACKAGES = ("@openzeppelin/contracts/", "@openzeppelin/contracts-upgradeable/")
_IMPORT = re.compile(r"""^import\s+(?:[^"';]*\sfrom\s+)?["']([^"']+)["'];""", re.MULTILINE)


@dataclass(frozen=True)
class Verification:
    """What an explorer asks for: address, contract name as `file:name`, compiler, arguments in hex without 0x."""

    address: str
    contract_name: str
    compiler: str
    constructor_arguments: str
    standard_json: dict[str, Any]


def verify_implementation(node: Node, contract: str) -> Verification:
    """Return the verification of the implementation behind a proxy.

    Raises DeploymentFailed when its code is not the committed artifact: another version has to be checked out.
    """
    address = implementation_of(node, contract)
    require_artifact_code(node, address)
    return _verification("ReferralRewards", address, "")


def verify_proxy(node: Node, contract: str, creation_transaction: str) -> Verification:
    """Return the verification of a proxy, its arguments from the transaction that created it.

    Raises DeploymentFailed when that transaction did not create it with the committed artifact.
    """
    receipt = node.receipts([creation_transaction]).get(creation_transaction)
    raw = node.call("eth_getTransactionByHash", creation_transaction)
    code = creation_code("ERC1967Proxy", b"").hex()
    data = str(raw.get("input", "")).removeprefix("0x") if isinstance(raw, dict) else ""
    if receipt is None or receipt.contract_address != contract or not data.startswith(code):
        raise DeploymentFailed(
            f"{creation_transaction} did not create {checksum(contract)} with the committed proxy."
        )
    return _verification("ERC1967Proxy", contract, data.removeprefix(code))


def find_creation(node: Node, record: Deployment) -> str | None:
    """Return the transaction of a deployment that created the proxy, None if the node does not know it."""
    receipts = node.receipts(record.transactions).values()
    return next((r.tx_hash for r in receipts if r.contract_address == record.rewards_address), None)


def standard_json(name: str) -> dict[str, Any]:
    """Return the compiler's standard JSON input of an artifact; raise DeploymentFailed if a source is missing."""
    settings = artifact(name)["compiler"]["settings"]
    outputs = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]
    return {
        "language": "Solidity",
        "sources": {file: {"content": text} for file, text in sorted(_sources_of(_SOURCES[name]))},
        "settings": {
            "remappings": [f"{package}=node_modules/{package}" for package in _PACKAGES],
            **settings,
            "outputSelection": {"*": {"*": outputs}},
        },
    }


def _verification(name: str, address: str, arguments: str) -> Verification:
    compiler = f"v{artifact(name)['compiler']['version']}"
    return Verification(address, f"{_SOURCES[name]}:{name}", compiler, arguments, standard_json(name))


def _sources_of(file: str) -> Iterator[tuple[str, str]]:
    """Yield a source and everything it imports, by the names under which they are compiled."""
    seen, waiting = {file}, [file]
    while waiting:
        current = waiting.pop()
        text = _read(current)
        yield current, text
        for imported in _IMPORT.findall(text):
            name = _resolve(current, imported)
            if name not in seen:
                seen.add(name)
                waiting.append(name)


def _resolve(importer: str, imported: str) -> str:
    if imported.startswith(_PACKAGES):
        return f"node_modules/{imported}"
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), imported))


def _read(file: str) -> str:
    path = CONTRACTS / file
    if not path.is_file():
        raise DeploymentFailed(f"The source {file} is missing: run `npm ci` in the folder contracts.")
    return path.read_text()
