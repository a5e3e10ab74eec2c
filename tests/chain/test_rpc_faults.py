"""Nodes that lose, refuse, delay or falsify responses: a failed send proves nothing, and the other node is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from portal.chain import Chain
from portal.chain.node.rpc import Rpc
from portal.flows.minting.mint_rewards import mint_rewards
from tests.support.chain_world import CHAIN_ID, TESTER, World
from tests.support.rpc_proxy import Fault, RpcProxy

SEND = ("eth_sendRawTransaction",)


@pytest.fixture
def proxy(world: World) -> Iterator[RpcProxy]:
    proxy = RpcProxy(world.anvil.url)
    world.overrides["polygon_rpc_url"] = proxy.url
    yield proxy
    proxy.stop()


def chain_with_short_timeout(world: World, *urls: str, max_head_age: int | None = None) -> Chain:
    """Return the chain with the given nodes and a timeout of one second."""
    return replace(world.chain(), rpc=Rpc(urls, CHAIN_ID, max_head_age, timeout_seconds=1))


def finish(world: World, proxy: RpcProxy, count: int) -> None:
    proxy.faults.clear()
    world.finish()
    world.assert_paid_exactly_once(count)


@pytest.mark.parametrize("kind", ["lose_request", "lose_response"])
def test_lost_send_is_retried_only_by_a_later_round(world: World, proxy: RpcProxy, kind: str) -> None:
    world.add_rewards(5)
    proxy.faults.append(Fault(kind, SEND, times=1))
    report = world.round()
    assert (report.submitted, world.count("minting")) == (5, 5)
    assert proxy.calls.count(SEND[0]) == 1, "the client retried on its own"
    finish(world, proxy, 5)
    assert world.rows("SELECT count(*) FROM chain_attempts") == [(1,)]


@pytest.mark.parametrize(
    "message",
    ["already known", "nonce too low", "replacement transaction underpriced", "internal error"],
)
def test_refused_send_decides_nothing(world: World, proxy: RpcProxy, message: str) -> None:
    world.add_rewards(2)
    proxy.faults.append(Fault("error", SEND, times=1, error={"code": -32000, "message": message}))
    assert world.round().submitted == 2
    assert world.count("minting") == 2
    finish(world, proxy, 2)


@pytest.mark.parametrize("status", [429, 502])
def test_unavailable_node_makes_rewards_wait(world: World, proxy: RpcProxy, status: int) -> None:
    world.add_rewards(3)
    proxy.faults.append(Fault("status", status=status))
    report = world.round()
    assert (report.waiting_reason, world.count("approved")) == ("chain_away", 3)
    finish(world, proxy, 3)


@pytest.mark.parametrize("skipped", range(0, 14, 2))
def test_node_failure_at_any_call_loses_no_payment(world: World, proxy: RpcProxy, skipped: int) -> None:
    world.add_rewards(8)
    world.round()
    world.anvil.mine(5)
    proxy.faults.append(Fault("slow", times=skipped))
    proxy.faults.append(Fault("status", times=3))
    world.round()
    finish(world, proxy, 8)


def test_json_rpc_rate_limit_counts_as_unavailable(world: World, proxy: RpcProxy) -> None:
    world.add_rewards(1)
    limited = {"code": -32005, "message": "daily request count exceeded"}
    proxy.faults.append(Fault("error", ("eth_chainId",), error=limited))
    assert world.round().waiting_reason == "chain_away"
    finish(world, proxy, 1)


def test_slow_node_times_out(world: World, proxy: RpcProxy) -> None:
    world.add_rewards(2)
    proxy.faults.append(Fault("slow", seconds=3, times=1))
    report = mint_rewards(chain_with_short_timeout(world, proxy.url), world.settings(), 10, TESTER)
    assert report.waiting_reason == "chain_away"
    finish(world, proxy, 2)


def test_stale_node_is_skipped(world: World, proxy: RpcProxy) -> None:
    world.add_rewards(2)
    proxy.faults.append(Fault("rewrite", ("eth_getBlockByNumber",), rewrite=_older))
    report = mint_rewards(
        chain_with_short_timeout(world, proxy.url, max_head_age=120), world.settings(), 10, TESTER
    )
    assert report.waiting_reason == "chain_away"
    assert "seconds old" in report.waiting_detail
    chain = chain_with_short_timeout(world, proxy.url, world.anvil.url, max_head_age=120)
    assert mint_rewards(chain, world.settings(), 10, TESTER).submitted == 2
    finish(world, proxy, 2)


def test_node_of_another_chain_is_not_used(world: World, proxy: RpcProxy) -> None:
    world.add_rewards(2)
    proxy.faults.append(Fault("rewrite", ("eth_chainId",), rewrite=lambda method, result: "0x1"))
    report = world.round()
    assert (report.waiting_reason, report.submitted) == ("wrong_chain", 0)
    chain = chain_with_short_timeout(world, proxy.url, world.anvil.url)
    assert mint_rewards(chain, world.settings(), 10, TESTER).submitted == 2
    finish(world, proxy, 2)


def test_second_node_takes_over(world: World, proxy: RpcProxy) -> None:
    world.add_rewards(2)
    proxy.faults.append(Fault("status", status=503))
    report = world.round(polygon_rpc_fallback_url=world.anvil.url)
    assert report.submitted == 2
    finish(world, proxy, 2)


def test_node_without_batch_support_works(world: World, proxy: RpcProxy) -> None:
    world.add_rewards(3)
    refusal = {"error": {"code": -32600, "message": "batch requests are not supported"}, "id": None}
    proxy.refuse_batches = refusal
    world.finish()
    world.assert_paid_exactly_once(3)


def test_errors_do_not_contain_the_node_url(world: World) -> None:
    world.add_rewards(1)
    report = world.round(polygon_rpc_url="http://127.0.0.1:9/v2/secret-access-key")
    assert report.waiting_reason == "chain_away"
    assert "secret-access-key" not in report.waiting_detail


def _older(method: str, block: dict[str, str] | None) -> dict[str, str] | None:
    if block:
        block["timestamp"] = hex(int(block["timestamp"], 16) - 1000)
    return block
