"""JSON-RPC as typed calls on one chosen node.

One node is used for a whole piece of work, so that its reads are consistent;
a failure ends the work and the next choice prefers another node. Nothing is sent twice behind our back:
web3's provider retries `eth_sendRawTransaction` by itself unless configured otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

import requests

from portal.chain.contract.abi import Revert
from portal.chain.errors import ChainAway, NodeRefused, NodeTimeout, StateUnavailable, WrongChain
from portal.chain.node.answers import (
    PARSE_ERRORS,
    Block,
    Log,
    Receipt,
    parse_block,
    parse_bytes,
    parse_hash,
    parse_logs,
    parse_number,
    parse_receipt,
)
from portal.chain.node.failover import Failover
from portal.chain.node.limits import NodeNotAsked, record_answer, record_failure
from portal.chain.node.log_range import LogRange
from portal.chain.node.transport import NodeSession, retry_after, rpc_error
from portal.chain.node.wordings import ACCEPTED, SCAN, has_no_state, is_overloaded, revert_of
from portal.counters import counters
from portal.lib.http import HttpFailed
from portal.lib.texts import storable

if TYPE_CHECKING:
    from web3 import HTTPProvider

_TIMEOUT_SECONDS = 10
_BATCH_SIZE = 50
_LOG_RANGE = 10_000
_CLOSED_STATUSES = {401, 403, 429}
_NO_RANGE_STATUSES = {401, 429}
T = TypeVar("T")


class Node:
    """One JSON-RPC endpoint. Raises ChainAway if it does not respond, NodeRefused if it returns an error."""

    def __init__(
        self,
        url: str,
        timeout_seconds: int = _TIMEOUT_SECONDS,
        log_range: int = _LOG_RANGE,
        finality_depth: int = 0,
    ) -> None:
        self._url = url
        self._finality_depth = finality_depth
        self._timeout_seconds = timeout_seconds
        # The path often contains an access key, so only the host is shown.
        self.host = urlsplit(url).hostname or "node"
        self.is_suspect = False
        # The latest block when this node was chosen.
        self.head: Block | None = None
        self.log_range = LogRange(log_range)

    def __repr__(self) -> str:
        return f"Node({self.host})"

    @cached_property
    def _provider(self) -> HTTPProvider:
        # Imported when a node is first asked: web3 takes a quarter of a start, and processes without a chain need none.
        from web3 import HTTPProvider  # noqa: PLC0415

        session = NodeSession(self._timeout_seconds)
        return HTTPProvider(self._url, session=session, exception_retry_configuration=None)

    def call(self, method: str, *params: object) -> Any:
        """Return the result of one call."""
        try:
            response = self._provider.make_request(cast(Any, method), list(params))
        except requests.HTTPError as error:
            return self._result(method, self._refusal(method, error))
        except _no_answer() as error:
            raise self._silent(method, error) from None
        return self._result(method, response)

    def call_many(self, calls: Sequence[tuple[str, list[object]]]) -> list[Any]:
        """Return one result or NodeRefused per call, in order; one request per 50 calls."""
        results: list[Any] = []
        for start in range(0, len(calls), _BATCH_SIZE):
            results += self._call_batch(calls[start : start + _BATCH_SIZE])
        return results

    def _call_batch(self, calls: Sequence[tuple[str, list[object]]]) -> list[Any]:
        batch = [(cast(Any, method), params) for method, params in calls]
        try:
            responses = self._provider.make_batch_request(batch)
        except requests.HTTPError as error:
            responses = cast(Any, self._refusal("batch", error))
        except _no_answer(KeyError, TypeError) as error:
            raise self._silent("batch", error) from None
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

    def _refusal(self, method: str, error: requests.HTTPError) -> dict[str, Any]:
        """Return the JSON-RPC error of an HTTP refusal; raise ChainAway if the node serves no requests at all."""
        response = cast(requests.Response, error.response)
        status = response.status_code
        details = rpc_error(response)
        if status in _CLOSED_STATUSES or status >= 500:
            # Some providers refuse a wide range of events like this.
            is_range = method == SCAN and status not in _NO_RANGE_STATUSES
            if not (is_range and details):
                raise self._silent(
                    method, f"HTTP {status}", retry_after(response), is_range=is_range
                ) from None
        return {"error": details or {"code": status, "message": f"HTTP {status}"}}

    def _result(self, method: str, response: Any) -> Any:
        error = response.get("error") if isinstance(response, dict) else "no JSON-RPC answer"
        if not error:
            record_answer(self._url)
            return response.get("result")
        if not isinstance(error, dict):
            raise self._silent(method, error)
        message, code = storable(str(error.get("message", ""))), error.get("code", 0)
        if is_overloaded(method, code, message.lower()):
            raise self._silent(method, message)
        record_answer(self._url)
        if has_no_state(method, message.lower(), error.get("data")):
            raise StateUnavailable(f"{self.host} lacks the state of a block: {message}", host=self.host)
        raise NodeRefused(message, rpc_code=code if isinstance(code, int) else 0, data=error.get("data"))

    def _silent(
        self, method: str, cause: object, retry_after: float | None = None, *, is_range: bool = False
    ) -> ChainAway:
        """Return the error for a node that serves nothing now, and let it rest; `is_range` if less may be served."""
        if not isinstance(cause, NodeNotAsked):
            is_timeout = isinstance(cause, requests.Timeout | HttpFailed)
            record_failure(self._url, is_timeout=is_timeout, retry_after=retry_after)
        return self._away(method, cause, is_range=is_range)

    def _away(self, method: str, cause: object, *, is_range: bool = False) -> ChainAway:
        self.is_suspect = True
        kind = str(cause) if isinstance(cause, str | NodeNotAsked) else type(cause).__name__
        is_timeout = is_range or isinstance(cause, requests.Timeout | HttpFailed)
        error = NodeTimeout if is_timeout else ChainAway
        return error(f"{self.host} did not answer {method}: {kind}", host=self.host)

    def _parse(self, method: str, parse: Callable[[Any], T], raw: Any) -> T:
        """Return a parsed result; an answer that cannot be parsed is none."""
        try:
            return parse(raw)
        except PARSE_ERRORS as error:
            raise self._away(method, f"unreadable answer ({type(error).__name__})") from None

    def _read_number(self, method: str, *params: object) -> int:
        return self._parse(method, parse_number, self.call(method, *params))

    # ------------------------------------------------------------------ typed reads

    def chain_id(self) -> int:
        return self._read_number("eth_chainId")

    def block(self, tag: str | int) -> Block:
        """Return a block by number or tag; raise ChainAway if the node does not have it.

        Where the node has no `finalized` block, a configured depth below the latest one takes its place.
        """
        try:
            raw = self.call("eth_getBlockByNumber", block_tag(tag), False)
        except NodeRefused:
            if tag != "finalized":
                raise
            raw = None
        if tag == "finalized" and not isinstance(raw, dict):
            return self._block_at_depth()
        return self._block(tag, raw)

    def _block_at_depth(self) -> Block:
        if not self._finality_depth:
            raise ChainAway(
                f"{self.host} has no finalized block; REFERRAL_FINALITY_DEPTH can take its place",
                host=self.host,
            )
        return self.block(max(0, self.block("latest").number - self._finality_depth))

    def blocks(self, numbers: Sequence[int]) -> dict[int, Block]:
        calls: list[tuple[str, list[object]]] = [("eth_getBlockByNumber", [hex(n), False]) for n in numbers]
        blocks = zip(numbers, self.call_many(calls), strict=True)
        return {number: self._block(number, raw) for number, raw in blocks if isinstance(raw, dict)}

    def _block(self, tag: str | int, raw: Any) -> Block:
        if not isinstance(raw, dict):
            raise ChainAway(f"{self.host} has no block {tag}", host=self.host)
        return self._parse("eth_getBlockByNumber", parse_block, raw)

    def nonce(self, address: str, tag: str | int) -> int:
        return self._read_number("eth_getTransactionCount", address, block_tag(tag))

    def balance(self, address: str) -> int:
        return self._read_number("eth_getBalance", address, "latest")

    def code(self, address: str) -> bytes:
        return self._parse("eth_getCode", parse_bytes, self.call("eth_getCode", address, "latest"))

    def suggested_tip(self) -> int:
        """Return the tip that the node suggests in wei, 0 if it suggests none."""
        try:
            return self._read_number("eth_maxPriorityFeePerGas")
        except NodeRefused:
            return 0

    def receipts(self, hashes: Sequence[str]) -> dict[str, Receipt]:
        """Return the receipts that exist by transaction hash."""
        calls: list[tuple[str, list[object]]] = [
            ("eth_getTransactionReceipt", [tx_hash]) for tx_hash in hashes
        ]
        receipts = self.call_many(calls)
        parsed = [
            self._parse("eth_getTransactionReceipt", parse_receipt, raw)
            for raw in receipts
            if isinstance(raw, dict) and raw.get("blockHash")
        ]
        return {receipt.tx_hash: receipt for receipt in parsed}

    def known(self, hashes: Sequence[str]) -> set[str]:
        """Return the transactions that the node knows, mined or pending."""
        calls: list[tuple[str, list[object]]] = [
            ("eth_getTransactionByHash", [tx_hash]) for tx_hash in hashes
        ]
        return {
            self._parse("eth_getTransactionByHash", parse_hash, raw.get("hash"))
            for raw in self.call_many(calls)
            if isinstance(raw, dict)
        }

    def logs(self, address: str, topics: list[object], first: int, last: int) -> list[Log]:
        """Return the events of an inclusive block range; raise NodeRefused if the range is too long."""
        condition = {"address": address, "topics": topics, "fromBlock": hex(first), "toBlock": hex(last)}
        return self._parse("eth_getLogs", parse_logs, self.call("eth_getLogs", condition))

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
            return self._parse("eth_call", parse_bytes, raw)
        revert = revert_of(raw)
        if revert is None:
            raise self._away("eth_call", str(raw))
        return revert

    def simulate(self, call: dict[str, str]) -> bytes | Revert:
        """Return the result of a call object at the latest block, or the decoded revert; without `to` it creates."""
        (raw,) = self.call_many([("eth_call", [call, "latest"])])
        return self._answer(raw)

    def estimate_gas(self, sender: str, to: str | None, data: bytes) -> int | Revert:
        """Return the gas that a transaction needs, or the decoded revert."""
        request = {"from": sender, "data": "0x" + data.hex(), **({"to": to} if to else {})}
        try:
            return self._read_number("eth_estimateGas", request)
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
        return ACCEPTED


def _no_answer(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """Return what a request raises that got no answer, and `more`."""
    from web3.exceptions import Web3Exception  # noqa: PLC0415 - loaded by then

    return (requests.RequestException, Web3Exception, HttpFailed, NodeNotAsked, ValueError, OSError, *more)


class Rpc:
    """The configured nodes of one chain in order of preference."""

    def __init__(
        self,
        urls: Sequence[str],
        chain_id: int,
        max_head_age_seconds: int | None,
        *,
        timeout_seconds: int = _TIMEOUT_SECONDS,
        log_range: int = _LOG_RANGE,
        finality_depth: int = 0,
    ) -> None:
        self._urls = urls
        self.nodes = [Node(url, timeout_seconds, log_range, finality_depth) for url in urls if url]
        self._failover = Failover()
        self._finality_depth = finality_depth
        self._chain_id = chain_id
        self._max_head_age = max_head_age_seconds

    def with_timeout(self, seconds: int) -> Rpc:
        """Return the same nodes with another time-out per call."""
        return Rpc(
            self._urls,
            self._chain_id,
            self._max_head_age,
            timeout_seconds=seconds,
            finality_depth=self._finality_depth,
        )

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
                counters().node_failures.labels(node.host).inc()
            else:
                node.is_suspect = False
                self._failover.choose(node.host)
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
        node.head = head
        if now is None or self._max_head_age is None:
            return
        age = int(now.timestamp()) - head.timestamp
        if age > self._max_head_age:
            raise ChainAway(f"the head of {node.host} is {age} seconds old", host=node.host, age=age)


def block_tag(tag: str | int) -> str:
    return hex(tag) if isinstance(tag, int) else tag
