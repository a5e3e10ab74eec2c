"""Classify errors of nodes by their words, because codes differ: busy, a revert, or a block whose state is missing."""

from __future__ import annotations

import re

from portal.chain.contract.abi import Revert, decode_revert
from portal.chain.errors import NodeRefused

# What a node says when it has had too many requests, and what it says when it is busy or, for events, has been
# asked for too wide a range.
_RATE_LIMITED = (
    "rate limit",
    "rate exceeded",
    "too many requests",
    "request limit",
    "request count",
    "per second",
    "/second",
    "capacity",
)
_OVERLOADED = (*_RATE_LIMITED, "limit exceeded", "timed out")
# Words of a refused range, also where it is called a limit of requests.
_RANGE = re.compile(r"\branges?\b|\bblocks?\b|\bresponse size\b")
SCAN = "eth_getLogs"
_RATE_LIMITED_CODES = {429, -32016}
_OVERLOADED_CODES = {*_RATE_LIMITED_CODES, -32005}
# Words of nodes for a call that the virtual machine ended.
_ENDED_CALLS = (
    "revert",
    "out of gas",
    "outofgas",
    "invalid opcode",
    "invalid jump",
    "stack underflow",
    "stack limit",
    "write protection",
    "evm error",
    "gas required exceeds",
)
# Words of nodes that have pruned the state of a block, or do not have the block yet.
_NO_STATE = (
    "missing trie node",
    "header not found",
    "header for hash not found",
    "block not found",
    "unknown block",
    "block is out of range",
    "blockoutofrange",
    "state not available",
    "state is not available",
    "state unavailable",
    "state is unavailable",
    "no state available",
    "historical state",
    "state histories",
    "state already discarded",
    "state has been pruned",
    "state is pruned",
    "pruned state",
    "archive",
    "resource not found",
)
# What `send_raw` answers for an accepted transaction, and the words of nodes that have it already.
ACCEPTED = "accepted"
_KNOWN_TRANSACTION = re.compile("already ?known|already imported|^known transaction|same hash")
_READS_OF_STATE = {"eth_call", "eth_getTransactionCount", "eth_getBalance", "eth_getCode"}


def revert_of(refusal: NodeRefused) -> Revert | None:
    """Return the decoded revert of a node's error, None if the error is not a revert."""
    data, message = _revert_data(refusal.data), str(refusal)
    is_revert = bool(data) or refusal.rpc_code == 3
    if is_revert or any(words in message.lower() for words in _ENDED_CALLS):
        return decode_revert(data, message)
    return None


def _revert_data(data: object) -> bytes:
    """Return the hex of revert data, which nodes send as a string, as "Reverted 0x...", or in nested objects."""
    if isinstance(data, dict):
        return next((nested for nested in map(_revert_data, data.values()) if nested), b"")
    text = str(data or "").removeprefix("Reverted ").strip('"')
    try:
        return bytes.fromhex(text.removeprefix("0x")) if text.startswith("0x") else b""
    except ValueError:
        return b""


def has_no_state(method: str, message: str, data: object) -> bool:
    """Return whether a refused read means that the node lacks the state of the block, not that a call reverted."""
    if method not in _READS_OF_STATE or "revert" in message or _revert_data(data):
        return False
    return any(words in message for words in _NO_STATE)


def is_overloaded(method: str, code: object, message: str) -> bool:
    """Return whether an error means that the node is busy; for events a refused range must not be taken for that."""
    is_scan = method == SCAN
    if is_scan and _RANGE.search(message):
        return False
    codes, words = (_RATE_LIMITED_CODES, _RATE_LIMITED) if is_scan else (_OVERLOADED_CODES, _OVERLOADED)
    return code in codes or any(text in message for text in words)


def is_accepted(answer: str) -> bool:
    """Return whether the answer to a send says that the node has the transaction; it decides nothing about its fate."""
    return answer == ACCEPTED or bool(_KNOWN_TRANSACTION.search(answer.lower()))
