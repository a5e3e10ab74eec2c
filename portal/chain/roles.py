"""Who may do what on a deployed `ReferralRewards`, read from the contract; events only propose the accounts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from portal.chain.contract.abi import Revert, encode_call, event_topic
from portal.chain.contract.codec import decode
from portal.chain.contract.rewards import OPERATOR_ROLE, PAUSER_ROLE, checksum
from portal.chain.errors import ContractMissing
from portal.chain.node.logs import scan_logs
from portal.chain.node.rpc import Node

ADMIN_ROLE = bytes(32)
ROLE_NAMES = {
    ADMIN_ROLE: "DEFAULT_ADMIN_ROLE",
    OPERATOR_ROLE: "OPERATOR_ROLE",
    PAUSER_ROLE: "PAUSER_ROLE",
}
_GRANTED_TOPIC = event_topic("RoleGranted(bytes32,address,address)")
_NOBODY = "0x" + "00" * 20


@dataclass(frozen=True)
class Admin:
    """The only admin, since version 2.1, and the account that may accept the role from a time on."""

    address: str
    pending: str | None
    pending_from: int
    delay_seconds: int


def read_admin(node: Node, contract: str) -> Admin | None:
    """Return the admin of a contract since version 2.1, None for an older one, which may have several."""
    reads = ("defaultAdmin()", "pendingDefaultAdmin()", "defaultAdminDelay()")
    answers = node.eth_calls([(contract, encode_call(read)) for read in reads])
    words = [b"" if isinstance(answer, Revert) else answer for answer in answers]
    if [len(word) for word in words] != [32, 64, 32]:
        return None
    pending, pending_from = decode(["address", "uint48"], words[1])
    return Admin(
        "0x" + words[0][12:].hex(),
        None if pending == _NOBODY else str(pending).lower(),
        int(pending_from),
        int.from_bytes(words[2], "big"),
    )


def find_accounts(node: Node, contract: str, first: int) -> list[str]:
    """Return every account that ever had a role, in the order of their grants since a block."""
    head = node.block("latest").number
    topics: list[object] = [_GRANTED_TOPIC]
    logs = [log for _, part in scan_logs(node, contract, topics, first, head) for log in part]
    return list(dict.fromkeys("0x" + log.topics[2][-40:].lower() for log in logs))


def read_roles(node: Node, contract: str, accounts: Collection[str]) -> dict[str, list[str]]:
    """Return the accounts among these that have each role now, by its name; raise ContractMissing."""
    ordered = list(accounts)
    return {name: accounts_with_role(node, contract, role, ordered) for role, name in ROLE_NAMES.items()}


def accounts_with_role(node: Node, contract: str, role: bytes, accounts: Sequence[str]) -> list[str]:
    """Return the accounts among these that have a role now; raise ContractMissing."""
    calls = [(contract, encode_call("hasRole(bytes32,address)", role, account)) for account in accounts]
    answers = [word_of(answer, contract) for answer in node.eth_calls(calls)] if calls else []
    return [account for account, answer in zip(accounts, answers, strict=True) if answer == 1]


def read_word(node: Node, contract: str, signature: str) -> int:
    """Return a number that the contract answers; raise ContractMissing."""
    return word_of(node.eth_call(contract, encode_call(signature)), contract)


def word_of(answer: bytes | Revert, contract: str) -> int:
    """Return the number in an answer of the contract; raise ContractMissing."""
    if isinstance(answer, Revert) or len(answer) < 32:
        raise ContractMissing(f"No ReferralRewards contract answers at {checksum(contract)}.")
    return int.from_bytes(answer[:32], "big")
