"""Event scans against the limits of real providers: any refusal of a range is answered with half of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from portal.chain import ChainAway
from portal.chain.audits import find_mark
from portal.chain.node.limits import forget_failures
from portal.chain.node.rpc import Node
from portal.db import connection
from tests.support.chain_world import CHAIN_ID, World
from tests.support.rpc_proxy import Fault, RpcProxy

LOGS = ("eth_getLogs",)
# (HTTP status, JSON-RPC code, message) with which providers refuse a range.
REFUSALS = [
    (200, -32602, "eth_getLogs is limited to a 10,000 range"),
    (200, -32614, "Block range limit exceeded. See more details at the documentation"),
    (200, -32005, "query returned more than 10000 results"),
    (200, -32005, "exceed maximum block range: 5000"),
    (400, -32600, "You can make eth_getLogs requests with up to a 10 block range"),
    (413, 0, ""),
    (200, -32000, "query timed out"),
    (200, -32062, "Block range is too large"),
    (200, -32001, "limit exceeded"),
    (200, 35, "ranges over 10000 blocks are not supported on freetier"),
    (200, -32005, "block range request limit of 2000 blocks exceeded"),
    (200, 429, "eth_getLogs: capacity of 500 blocks per request"),
    (200, -32008, "Response size exceeded the capacity of the plan"),
    (403, -32000, "eth_getLogs over 1000 blocks is forbidden on your plan"),
    (500, -32000, "block range too wide"),
    (503, -32603, "query exceeds the range"),
    (200, -32600, "logs matched by query exceeds limit of 10000"),
]


@pytest.fixture
def proxy(world: World) -> Iterator[RpcProxy]:
    proxy = RpcProxy(world.anvil.url)
    world.overrides["polygon_rpc_url"] = proxy.url
    yield proxy
    proxy.stop()


def wider_than(blocks: int) -> Callable[[dict[str, Any]], bool]:
    def is_wide(call: dict[str, Any]) -> bool:
        condition = call["params"][0]
        return int(condition["toBlock"], 16) - int(condition["fromBlock"], 16) + 1 > blocks

    return is_wide


def refuse_ranges(proxy: RpcProxy, blocks: int, status: int, code: int, message: str) -> None:
    error = {"code": code, "message": message}
    proxy.faults.append(Fault("error", LOGS, status=status, error=error, when=wider_than(blocks)))


@pytest.mark.parametrize(("status", "code", "message"), REFUSALS, ids=[r[2][:24] or "413" for r in REFUSALS])
def test_refused_range_is_halved(world: World, proxy: RpcProxy, status: int, code: int, message: str) -> None:
    world.add_rewards(1)
    world.finish()
    proxy.calls.clear()
    refuse_ranges(proxy, 5, status, code, message)
    node = Node(proxy.url)
    head = node.block("latest").number
    assert len(world.chain().contract.paid_events(node, 0, head)) == 1
    assert 3 <= node.log_range.length <= 5, "the length that works is remembered"
    count = proxy.calls.count(LOGS[0])
    world.chain().contract.paid_events(node, 0, head)
    assert proxy.calls.count(LOGS[0]) - count <= head // 3 + 2, "and nothing longer is asked for again"


def test_gateway_that_gives_up_on_wide_ranges_is_asked_for_less_by_each_round(
    world: World, proxy: RpcProxy
) -> None:
    world.anvil.mine(50)
    proxy.faults.append(Fault("status", LOGS, status=504, when=wider_than(5)))
    node = Node(proxy.url, log_range=32)
    for _ in range(3):
        with pytest.raises(ChainAway):
            world.chain().contract.paid_events(node, 0, 40)
        forget_failures()
    world.chain().contract.paid_events(node, 0, 40)
    assert node.log_range.length == 4


def test_provider_of_single_blocks_is_enough(world: World, proxy: RpcProxy) -> None:
    refuse_ranges(proxy, 1, 200, -32600, "only single blocks are served")
    world.add_rewards(4)
    world.finish()
    world.assert_paid_exactly_once(4)


def test_refusal_of_one_block_is_an_outage(world: World, proxy: RpcProxy) -> None:
    refuse_ranges(proxy, 0, 200, -32601, "the method eth_getLogs is not available")
    node = Node(proxy.url)
    with pytest.raises(ChainAway, match="refused the events of a block"):
        world.chain().contract.paid_events(node, 0, 40)
    assert node.log_range.length == 10_000, "an outage teaches nothing about ranges"


@pytest.mark.parametrize(
    ("status", "message"),
    [(429, "too many requests"), (200, "request rate limited"), (200, "15/second request limit reached")],
)
def test_rate_limit_is_no_refused_range(world: World, proxy: RpcProxy, status: int, message: str) -> None:
    proxy.faults.append(Fault("error", LOGS, status=status, error={"code": -32005, "message": message}))
    node = Node(proxy.url)
    with pytest.raises(ChainAway):
        world.chain().contract.paid_events(node, 0, 40)
    assert proxy.calls.count(LOGS[0]) == 1


def test_longer_ranges_are_tried_again_later(world: World, proxy: RpcProxy) -> None:
    node = Node(proxy.url, log_range=8)
    world.anvil.mine(200)
    refuse_ranges(proxy, 1, 200, -32005, "busy")
    world.chain().contract.paid_events(node, 0, 66)
    assert node.log_range.length <= 2
    proxy.faults.clear()
    world.chain().contract.paid_events(node, 0, node.block("latest").number)
    assert node.log_range.length > 2


def test_audit_ends_though_every_tenth_request_is_limited(world: World, proxy: RpcProxy) -> None:
    world.add_rewards(2)
    world.finish()
    world.anvil.mine(240)
    world.rows("DELETE FROM chain_audit")
    world.overrides["referral_log_range"] = 4
    requests: list[dict[str, Any]] = []

    def is_tenth(call: dict[str, Any]) -> bool:
        requests.append(call)
        return len(requests) % 10 == 0

    limited = {"code": 429, "message": "too many requests"}
    proxy.faults.append(Fault("error", LOGS, error=limited, when=is_tenth))
    chain, positions = world.chain(), []
    for _ in range(12):
        world.round()
        with connection():
            mark = find_mark(CHAIN_ID, chain.contract.address)
        positions.append(mark.block_number if mark else 0)
    assert positions == sorted(positions)
    assert len(set(positions)) > 2, "each round goes on where the last one stopped"
    assert positions[-1] >= chain.node().block("finalized").number - 4


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("eth_getTransactionCount", "0x"),
        ("eth_getBalance", None),
        ("eth_getTransactionReceipt", {"blockHash": "0x1", "transactionHash": "0x2"}),
        ("eth_getLogs", None),
        ("eth_getBlockByNumber", {"number": "0x", "hash": "0x1", "timestamp": "0x1"}),
        ("eth_estimateGas", "0x"),
    ],
)
def test_unreadable_answer_is_an_outage(world: World, proxy: RpcProxy, method: str, result: Any) -> None:
    world.add_rewards(2)
    world.round()
    world.anvil.mine(5)
    world.add_rewards(1)
    fault = Fault("rewrite", (method,), rewrite=lambda name, answer: result if name == method else answer)
    proxy.faults.append(fault)
    report = world.round()
    assert report.waiting_reason == "chain_away"
    assert "unreadable" in report.waiting_detail
    proxy.faults.clear()
    world.finish()
    world.assert_paid_exactly_once(3)


def test_paid_references_are_read_in_one_call(world: World, proxy: RpcProxy) -> None:
    node = Node(proxy.url)
    refs = [f"0x{number:064x}" for number in range(1, 101)]
    assert world.chain().contract.paid(node, refs, "latest") == [False] * 100
    assert proxy.calls == ["eth_call"]
