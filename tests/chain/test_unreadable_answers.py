"""A node that answers with values no chain has is away: nothing it says is stored, and no round ends with an error."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from portal.chain import ChainAway, NodeRefused
from portal.chain.contract.abi import Revert
from portal.chain.node.rpc import Node, Rpc

ADDRESS = "0x" + "11" * 20
HUGE = '"0x' + "f" * 65 + '"'
BLOCK = {"number": "0x1", "hash": "0x1", "timestamp": "0x1"}
RECEIPT = {
    "transactionHash": "0x1",
    "blockNumber": "0x1",
    "blockHash": "0x1",
    "status": "0x1",
    "gasUsed": "0x1",
    "from": ADDRESS,
    "logs": [],
}
LOG = {"address": ADDRESS, "topics": [], "data": "0x", "transactionHash": "0x1", "blockNumber": "0x1"}
CALLS: dict[str, Callable[[Node], object]] = {
    "chain id": lambda node: node.chain_id(),
    "nonce": lambda node: node.nonce(ADDRESS, "latest"),
    "balance": lambda node: node.balance(ADDRESS),
    "gas": lambda node: node.estimate_gas(ADDRESS, ADDRESS, b""),
}
NUMBERS = ["1e999", "-1", '"-0x1"', HUGE, "[]", '""', '"0x"', "null", "{}"]


@pytest.fixture
def answers() -> Iterator[tuple[str, list[str]]]:
    """Return the address of a node and the result that it answers to every call, as JSON text."""
    result = ["null"]

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            many = asked if isinstance(asked, list) else [asked]
            parts = [f'{{"jsonrpc": "2.0", "id": {each["id"]}, "result": {result[0]}}}' for each in many]
            text = f"[{','.join(parts)}]" if isinstance(asked, list) else parts[0]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", result
    server.shutdown()
    server.server_close()
    thread.join()


def test_quantities_that_no_chain_has(answers: tuple[str, list[str]]) -> None:
    url, result = answers
    for result[0] in NUMBERS:
        for name, call in CALLS.items():
            with suppress(ChainAway):
                pytest.fail(f"{name} accepted {result[0]}: {call(Node(url))}")
        with pytest.raises(ChainAway):
            Rpc([url], 31337, None).choose(None)


@pytest.mark.parametrize(
    ("form", "ask", "names"),
    [
        (BLOCK, lambda node: node.block("latest"), ["number", "timestamp", "hash"]),
        (BLOCK, lambda node: node.blocks([1, 2]), ["number", "timestamp", "hash"]),
        (RECEIPT, lambda node: node.receipts(["0x1"]), ["blockNumber", "transactionHash", "gasUsed", "logs"]),
        (RECEIPT, lambda node: node.known(["0x1"]), ["hash"]),
        ([LOG], lambda node: node.logs(ADDRESS, [], 1, 2), ["blockNumber", "transactionHash", "topics"]),
    ],
    ids=["block", "blocks", "receipts", "known", "logs"],
)
def test_members_that_no_chain_has(
    answers: tuple[str, list[str]], form: Any, ask: Callable[[Node], object], names: list[str]
) -> None:
    url, result = answers
    for name in names:
        for value in ("1e999", "-1", "[[]]", "[{}]", "null"):
            part = json.dumps({**(form[0] if isinstance(form, list) else form), name: "?"})
            changed = part.replace('"?"', value)
            result[0] = f"[{changed}]" if isinstance(form, list) else changed
            with suppress(ChainAway, NodeRefused):
                pytest.fail(f"accepted {name} {value}: {ask(Node(url))}")


@pytest.mark.parametrize("time", ["0x7fffffffffffffff", "0x3afff44180"])
def test_block_of_a_time_that_no_calendar_has(answers: tuple[str, list[str]], time: str) -> None:
    url, result = answers
    result[0] = json.dumps({**BLOCK, "timestamp": time})
    with pytest.raises(ChainAway):
        Node(url).block("latest")


def test_words_of_a_node_and_of_a_contract_can_be_stored(answers: tuple[str, list[str]]) -> None:
    url, result = answers
    result[0] = '"0x", "error": {"code": -32000, "message": "busy\\u0000 \\ud83d"}'
    with pytest.raises(NodeRefused, match="busy\ufffd \ufffd"):
        Node(url).call("eth_chainId")
    assert Revert("Error", ("paused\x00",)).text == "paused\ufffd"
