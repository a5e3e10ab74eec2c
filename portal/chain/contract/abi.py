"""Committed artifacts, call data, and decoded reverts.

web3 raises `ContractCustomError` with undecoded data: selectors come from the ABIs instead.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from portal.chain.contract.codec import Undecodable, decode, encode
from portal.lib.folders import CONTRACTS
from portal.lib.keccak import keccak
from portal.lib.texts import storable

ARTIFACTS_FOLDER = CONTRACTS / "artifacts"

# Errors of tokens that are not ours: OpenZeppelin 4 and 5, ERC-6093.
_FOREIGN_ERRORS = (
    ("Error", ("string",)),
    ("Panic", ("uint256",)),
    ("OwnableUnauthorizedAccount", ("address",)),
    ("EnforcedPause", ()),
    ("ERC20ExceededCap", ("uint256", "uint256")),
    ("ERC20InvalidReceiver", ("address",)),
    ("ERC20InsufficientBalance", ("address", "uint256", "uint256")),
)


@dataclass(frozen=True)
class Revert:
    """A decoded revert: the error's name ("" if unknown), its arguments, and a nested revert of the token."""

    name: str
    arguments: tuple[Any, ...] = ()
    data: bytes = field(default=b"", repr=False)
    message: str = ""
    inner: Revert | None = None

    @property
    def text(self) -> str:
        """Return the revert as one line for a failure reason."""
        if self.name == "Error":
            return storable(str(self.arguments[0]))
        own = self.name or self.message or "reverted without a reason"
        return f"{own}: {self.inner.text}" if self.inner else own

    @property
    def root(self) -> Revert:
        return self.inner.root if self.inner else self


@cache
def artifact(name: str) -> dict[str, Any]:
    """Return a committed artifact of `contracts/artifacts`: contractName, abi, bytecode."""
    loaded: dict[str, Any] = json.loads((ARTIFACTS_FOLDER / f"{name}.json").read_text())
    return loaded


def selector(signature: str) -> bytes:
    """Return the selector of a function or an error."""
    return keccak(signature.encode())[:4]


def encode_call(signature: str, *values: object) -> bytes:
    """Return call data of a function written as `name(type,...)`; tuples and arrays of them included."""
    types = split_types(signature[signature.index("(") + 1 : -1])
    return selector(signature) + encode(types, values)


def split_types(text: str) -> list[str]:
    """Split `a,(b,c)[],d` at its outer commas."""
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current] if current else parts


def event_topic(signature: str) -> str:
    return "0x" + keccak(signature.encode()).hex()


def decode_revert(data: bytes, message: str = "") -> Revert:
    """Return the decoded revert; for unknown data it has the node's message."""
    known = _known_errors().get(data[:4])
    if known is None:
        return Revert("", data=data, message=message)
    name, types = known
    try:
        arguments = decode(types, data[4:]) if types else ()
    except Undecodable:
        return Revert(name, data=data, message=message)
    return Revert(name, tuple(arguments), data, message, _inner(name, arguments))


def _inner(name: str, arguments: Sequence[Any]) -> Revert | None:
    if name == "ReferralRewards__PaymentFailed" and arguments[1]:
        return decode_revert(arguments[1])
    return None


@cache
def _known_errors() -> dict[bytes, tuple[str, tuple[str, ...]]]:
    errors = list(_FOREIGN_ERRORS)
    for name in ("ReferralRewards", "TestToken", "ERC1967Proxy"):
        for entry in artifact(name)["abi"]:
            if entry["type"] == "error":
                errors.append((entry["name"], tuple(parameter["type"] for parameter in entry["inputs"])))
    return {selector(f"{name}({','.join(types)})"): (name, types) for name, types in errors}
