"""Nodes without a `finalized` block, without the state of old blocks, or with backends that disagree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from portal.chain.state import count_alerts
from portal.db import connection
from tests.support.chain_world import World
from tests.support.rpc_proxy import Fault, RpcProxy


@pytest.fixture
def proxy(world: World) -> Iterator[RpcProxy]:
    proxy = RpcProxy(world.anvil.url)
    world.overrides["polygon_rpc_url"] = proxy.url
    yield proxy
    proxy.stop()


def _asks_finalized(call: dict[str, Any]) -> bool:
    return bool(call["params"][0] == "finalized")


def _without_finalized(kind: str) -> Fault:
    if kind == "error":
        error = {"code": -39001, "message": "'finalized' tag not supported on pre-merge network"}
        return Fault("error", ("eth_getBlockByNumber",), error=error, when=_asks_finalized)
    return Fault("rewrite", ("eth_getBlockByNumber",), rewrite=lambda *_: None, when=_asks_finalized)


@pytest.mark.parametrize("kind", ["error", "null"])
def test_depth_takes_the_place_of_a_finalized_block(world: World, proxy: RpcProxy, kind: str) -> None:
    world.add_rewards(3)
    proxy.faults.append(_without_finalized(kind))
    report = world.round()
    assert (report.waiting_reason, world.statuses()) == ("chain_away", {"approved": 3})
    assert "REFERRAL_FINALITY_DEPTH" in report.waiting_detail
    world.overrides["referral_finality_depth"] = 10
    assert world.round().submitted == 3
    world.anvil.mine(9)
    assert world.round().minted == 0
    world.anvil.mine(2)
    assert world.round().minted == 3
    world.assert_paid_exactly_once(3)


@pytest.mark.parametrize(
    "message",
    [
        "missing trie node 0a1b (path )",
        "header not found",
        "state not available",
        "required historical state",
    ],
)
def test_pruned_state_still_settles_what_is_provable(world: World, proxy: RpcProxy, message: str) -> None:
    """Every read of an older block's state is refused, as during a stall of finality on a node without an archive."""
    world.add_rewards(4)
    world.round()
    latest = hex(0)

    def is_old(call: dict[str, Any]) -> bool:
        tag = call["params"][-1]
        return bool(tag not in ("latest", latest))

    proxy.faults.append(
        Fault(
            "error",
            ("eth_call", "eth_getTransactionCount"),
            error={"code": -32000, "message": message},
            when=is_old,
        )
    )
    world.anvil.mine(6)
    latest = world.anvil.request("eth_blockNumber")
    world.round()
    assert world.statuses() == {"minted": 4}
    world.assert_paid_exactly_once(4)


def test_pruned_state_does_not_settle_what_is_not_provable(world: World, proxy: RpcProxy) -> None:
    world.add_rewards(2)
    world.round()
    world.anvil.mine(6)
    pruned = {"code": -32000, "message": "missing trie node"}
    proxy.faults.append(
        Fault("error", ("eth_call",), error=pruned, when=lambda call: call["params"][-1] != "latest")
    )
    assert world.round().waiting_reason == "chain_away"
    assert world.statuses() == {"minting": 2}
    proxy.faults.clear()
    world.finish()
    world.assert_paid_exactly_once(2)


class Flapping:
    """Alternate between the node's answer and that of a backend which lags."""

    def __init__(self, lagging: dict[str, Any]) -> None:
        self.lagging = lagging
        self.count = 0

    def __call__(self, method: str, result: Any) -> Any:
        if method not in self.lagging:
            return result
        self.count += 1
        return self.lagging[method] if self.count % 2 else result


def test_receipts_that_come_and_go_settle_correctly(world: World, proxy: RpcProxy) -> None:
    world.add_rewards(7)
    for _ in range(2):
        world.round()
    proxy.faults.append(
        Fault(
            "rewrite",
            ("eth_getTransactionReceipt",),
            rewrite=Flapping({"eth_getTransactionReceipt": None}),
        )
    )
    for _ in range(8):
        world.anvil.mine(2)
        world.round()
        assert world.count("failed") == 0
    proxy.faults.clear()
    world.finish()
    world.assert_paid_exactly_once(7)


def test_null_receipts_with_a_newer_nonce_fail_nothing(world: World, proxy: RpcProxy) -> None:
    world.add_rewards(3)
    world.round()
    world.anvil.mine(6)
    proxy.faults.append(Fault("rewrite", ("eth_getTransactionReceipt",), rewrite=lambda *_: None))
    for _ in range(3):
        world.round()
    assert world.statuses() == {"minting": 3}
    with connection():
        assert count_alerts() == {"payment_event_missing": 3}
    proxy.faults.clear()
    world.finish()
    world.assert_paid_exactly_once(3)


def test_backends_a_block_apart_pay_once(world: World, proxy: RpcProxy) -> None:
    world.anvil.mine(10)
    world.add_rewards(12)
    lagging: dict[str, Any] = {}
    proxy.faults.append(
        Fault(
            "rewrite",
            ("eth_getTransactionCount", "eth_getBlockByNumber"),
            rewrite=Flapping(lagging),
            when=lambda call: "latest" in call["params"],
        )
    )
    sender = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
    for _ in range(10):
        lagging["eth_getTransactionCount"] = world.anvil.request("eth_getTransactionCount", sender, "latest")
        lagging["eth_getBlockByNumber"] = world.anvil.request("eth_getBlockByNumber", "latest", False)
        world.anvil.mine()
        world.round()
        assert world.count("failed") == 0
    assert world.rows("SELECT count(*) FROM event_log WHERE event = 'reward_reopened'") == [(0,)]
    proxy.faults.clear()
    world.finish()
    world.assert_paid_exactly_once(12)
