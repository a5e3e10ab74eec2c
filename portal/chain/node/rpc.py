"""JSON-RPC as typed calls on one chosen node.

One node is used for a whole piece of work, so that its reads are consistent;
a failure ends the work and the next choice prefers another node. Nothing is sent twice behind our back:
web3's provider retries `eth_sendRawTransaction` by itself unless configured otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint

from portal.chain.contract.abi import Revert, decode_revert
from portal.chain.errors import ChainAway, NodeRefused, WrongChain

_TIMEOUT_SECONDS = 10
_BATCH_SIZE = 50
_OVERLOADED = (
    "rate limit",
    "too many requests",
    "limit exceeded",
    "request limit",
    "over capacity",
    "timed out",
)
_OVERLOADED_CODES = {429, -32005, -32016}


@dataclass(frozen=True)
class Block:
    """The part of a block header that the sender reads; fees in wei, time in seconds since 1970."""

    number: int
    hash: str
    timestamp: int
    base_fee: int


@dataclass(frozen=True)
class Receipt:
    """A mined transaction."""

    tx_hash: str
    block_number: int
    block_hash: str
    succeeded: bool
    gas_used: int
    gas_price: int
    contract_address: str | None
    sender: str


@dataclass(frozen=True)
class Log:
    """An event of a receipt; `data` is not decoded."""

    topics: tuple[str, ...]
    data: bytes
    tx_hash: str
    block_number: int


class Node:
    """One JSON-RPC endpoint. Raises ChainAway if it does not respond, NodeRefused if it returns an error."""

    def __init__(self, url: str, timeout_seconds: int = _TIMEOUT_SECONDS) -> None:
        self._provider = HTTPProvider(
            url, request_kwargs={"timeout": timeout_seconds}, exception_retry_configuration=None
        )
        # The path often contains an access key, so only the host is shown.
        self.host = urlsplit(url).hostname or "node"
        self.is_suspect = False

    def __repr__(self) -> str:
        return f"Node({self.host})"

    def call(self, method: str, *params: object) -> Any:
        """Return the result of one call."""
        try:
            response = self._provider.make_request(cast(RPCEndpoint, method), list(params))
        except (requests.RequestException, Web3Exception, ValueError, OSError) as error:
            raise self._away(method, error) from None
        return self._result(method, response)

    def call_many(self, calls: Sequence[tuple[str, list[object]]]) -> list[Any]:
        """Return one result or NodeRefused per call, in order; one request per 50 calls."""
        results: list[Any] = []
        for start in range(0, len(calls), _BATCH_SIZE):
            results += self._call_batch(calls[start : start + _BATCH_SIZE])
        return results

    def _call_batch(self, calls: Sequence[tuple[str, list[object]]]) -> list[Any]:
        batch = [(cast(RPCEndpoint, method), params) for method, params in calls]
        try:
            responses = self._provider.make_batch_request(batch)
        except (requests.RequestException, Web3Exception, ValueError, OSError, KeyError, TypeError) as error:
            raise self._away("batch", error) from None
        if not isinstance(responses, list) or len(responses) != len(calls):
            # Some nodes accept no batches, or only short ones.
            return [
                self._outcome(method, lambda m=method, p=params: self.call(m, *p)) for method, params in calls
            ]
        return [
            self._outcome(method, lambda m=method, r=response: self._result(m, r))
            for (method, _), response in zip(calls, responses, strict=True)
        ]

    def _outcome(self, method: str, run: Any) -> Any:
        try:
            return run()
        except NodeRefused as refusal:
            return refusal

    def _result(self, method: str, response: Any) -> Any:
        error = response.get("error") if isinstance(response, dict) else "no JSON-RPC answer"
        if not error:
            return response.get("result")
        if not isinstance(error, dict):
            raise self._away(method, error)
        message, code = str(error.get("message", "")), error.get("code", 0)
        if code in _OVERLOADED_CODES or any(text in message.lower() for text in _OVERLOADED):
            raise self._away(method, message)
        raise NodeRefused(message, rpc_code=code if isinstance(code, int) else 0, data=error.get("data"))

    def _away(self, method: str, cause: object) -> ChainAway:
        self.is_suspect = True
        kind = cause if isinstance(cause, str) else type(cause).__name__
        return ChainAway(f"{self.host} did not answer {method}: {kind}", host=self.host)

    # ------------------------------------------------------------------ typed reads

    def chain_id(self) -> int:
        return _number(self.call("eth_chainId"))

    def block(self, tag: str | int) -> Block:
        """Return a block by number or tag; raise ChainAway if the node does not have it."""
        return self._block(tag, self.call("eth_getBlockByNumber", block_tag(tag), False))

    def blocks(self, numbers: Sequence[int]) -> dict[int, Block]:
        calls: list[tuple[str, list[object]]] = [("eth_getBlockByNumber", [hex(n), False]) for n in numbers]
        blocks = zip(numbers, self.call_many(calls), strict=True)
        return {number: self._block(number, raw) for number, raw in blocks if isinstance(raw, dict)}

    def _block(self, tag: str | int, raw: Any) -> Block:
        if not isinstance(raw, dict):
            raise ChainAway(f"{self.host} has no block {tag}", host=self.host)
        base_fee = _number(raw.get("baseFeePerGas") or "0x0")
        return Block(_number(raw["number"]), raw["hash"], _number(raw["timestamp"]), base_fee)

    def nonce(self, address: str, tag: str | int) -> int:
        return _number(self.call("eth_getTransactionCount", address, block_tag(tag)))

    def balance(self, address: str) -> int:
        return _number(self.call("eth_getBalance", address, "latest"))

    def code(self, address: str) -> bytes:
        return _bytes(self.call("eth_getCode", address, "latest"))

    def suggested_tip(self) -> int:
        """Return the tip that the node suggests in wei, 0 if it suggests none."""
        try:
            return _number(self.call("eth_maxPriorityFeePerGas"))
        except NodeRefused:
            return 0

    def receipts(self, hashes: Sequence[str]) -> dict[str, Receipt]:
        """Return the receipts that exist by transaction hash."""
        calls: list[tuple[str, list[object]]] = [
            ("eth_getTransactionReceipt", [tx_hash]) for tx_hash in hashes
        ]
        receipts = self.call_many(calls)
        return {
            raw["transactionHash"]: _receipt(raw)
            for raw in receipts
            if isinstance(raw, dict) and raw.get("blockHash")
        }

    def known(self, hashes: Sequence[str]) -> set[str]:
        """Return the transactions that the node knows, mined or pending."""
        calls: list[tuple[str, list[object]]] = [
            ("eth_getTransactionByHash", [tx_hash]) for tx_hash in hashes
        ]
        return {raw["hash"] for raw in self.call_many(calls) if isinstance(raw, dict)}

    def logs(self, address: str, topics: list[object], first: int, last: int) -> list[Log]:
        """Return the events of an inclusive block range; raise NodeRefused if the range is too long."""
        condition = {"address": address, "topics": topics, "fromBlock": hex(first), "toBlock": hex(last)}
        return [
            Log(
                tuple(raw["topics"]), _bytes(raw["data"]), raw["transactionHash"], _number(raw["blockNumber"])
            )
            for raw in self.call("eth_getLogs", condition)
            if not raw.get("removed")
        ]

    def eth_call(
        self, to: str, data: bytes, tag: str | int = "latest", sender: str | None = None
    ) -> bytes | Revert:
        """Return the result of a call, or the decoded revert."""
        return self.eth_calls([(to, data)], tag, sender)[0]

    def eth_calls(
        self, calls: Sequence[tuple[str, bytes]], tag: str | int = "latest", sender: str | None = None
    ) -> list[bytes | Revert]:
        """Run many calls at one block; other refusals than reverts are ChainAway."""
        origin = {"from": sender} if sender else {}
        requests_: list[tuple[str, list[object]]] = [
            ("eth_call", [{**origin, "to": to, "data": "0x" + data.hex()}, block_tag(tag)])
            for to, data in calls
        ]
        return [self._answer(raw) for raw in self.call_many(requests_)]

    def _answer(self, raw: Any) -> bytes | Revert:
        if not isinstance(raw, NodeRefused):
            return _bytes(raw)
        revert = revert_of(raw)
        if revert is None:
            raise self._away("eth_call", str(raw))
        return revert

    def estimate_gas(self, sender: str, to: str | None, data: bytes) -> int | Revert:
        """Return the gas that a transaction needs, or the decoded revert."""
        request = {"from": sender, "data": "0x" + data.hex(), **({"to": to} if to else {})}
        try:
            return _number(self.call("eth_estimateGas", request))
        except NodeRefused as refusal:
            revert = revert_of(refusal)
            if revert is None:
                raise self._away("eth_estimateGas", str(refusal)) from None
            return revert

    def send_raw(self, raw: bytes) -> str:
        """Send a signed transaction and return the response as text; an error decides nothing."""
        try:
            self.call("eth_sendRawTransaction", "0x" + raw.hex())
        except NodeRefused as refusal:
            return str(refusal)
        except ChainAway as away:
            return str(away)
        return "accepted"


class Rpc:
    """The configured nodes of one chain in order of preference."""

    def __init__(
        self,
        urls: Sequence[str],
        chain_id: int,
        max_head_age_seconds: int | None,
        *,
        timeout_seconds: int = _TIMEOUT_SECONDS,
    ) -> None:
        self.nodes = [Node(url, timeout_seconds) for url in urls if url]
        self._chain_id = chain_id
        self._max_head_age = max_head_age_seconds

    def choose(self, now: datetime | None) -> Node:
        """Return a node of the right chain with a recent block; without `now` the block's age is not checked.

        Raises WrongChain when the only nodes that answer serve another chain, else ChainAway.
        """
        problems: list[WrongChain | ChainAway] = []
        for node in sorted(self.nodes, key=lambda node: node.is_suspect):
            try:
                self._check(node, now)
            except (WrongChain, ChainAway) as problem:
                node.is_suspect = True
                problems.append(problem)
            else:
                node.is_suspect = False
                return node
        wrong = [problem for problem in problems if isinstance(problem, WrongChain)]
        raise (wrong or problems or [ChainAway("no node is configured")])[0]

    def _check(self, node: Node, now: datetime | None) -> None:
        try:
            chain_id, head = node.chain_id(), node.block("latest")
        except NodeRefused as refusal:
            raise ChainAway(f"{node.host} refused: {refusal}", host=node.host) from None
        if chain_id != self._chain_id:
            raise WrongChain(
                f"{node.host} serves chain {chain_id}, not {self._chain_id}", host=node.host, found=chain_id
            )
        if now is None or self._max_head_age is None:
            return
        age = int(now.timestamp()) - head.timestamp
        if age > self._max_head_age:
            raise ChainAway(f"the head of {node.host} is {age} seconds old", host=node.host, age=age)


def revert_of(refusal: NodeRefused) -> Revert | None:
    """Return the decoded revert of a node's error, None if the error is not a revert."""
    data, message = _revert_data(refusal.data), str(refusal)
    lowered = message.lower()
    is_revert = bool(data) or refusal.rpc_code == 3 or "revert" in lowered
    if is_revert or "out of gas" in lowered or "outofgas" in lowered or "invalid opcode" in lowered:
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


def block_tag(tag: str | int) -> str:
    return hex(tag) if isinstance(tag, int) else tag


def _number(raw: Any) -> int:
    return int(raw, 16) if isinstance(raw, str) else int(raw)


def _bytes(raw: Any) -> bytes:
    return bytes.fromhex(str(raw or "0x").removeprefix("0x"))


def _receipt(raw: dict[str, Any]) -> Receipt:
    created = raw.get("contractAddress")
    return Receipt(
        raw["transactionHash"],
        _number(raw["blockNumber"]),
        raw["blockHash"],
        _number(raw["status"]) == 1,
        _number(raw["gasUsed"]),
        _number(raw.get("effectiveGasPrice") or "0x0"),
        created.lower() if created else None,
        raw["from"].lower(),
    )
