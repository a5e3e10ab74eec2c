"""A node that fails is left alone for a growing time, and rounds send few requests while nothing can happen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from portal.chain.errors import ChainAway
from portal.chain.node import limits
from portal.chain.node.rpc import Node
from portal.flows.minting import mint_rewards as rounds
from portal.flows.minting.mint_rewards import MintReport, drive_minting, mint_rewards
from tests.support.chain_world import TESTER, World
from tests.support.rpc_proxy import Fault, RpcProxy

URL = "http://node.example"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Yield the monotonic time as a list of one number."""
    now = [1000.0]
    limits.forget_failures()
    monkeypatch.setattr(limits.time, "monotonic", lambda: now[0])
    yield now
    limits.forget_failures()


@pytest.fixture
def proxy(world: World) -> Iterator[RpcProxy]:
    proxy = RpcProxy(world.anvil.url)
    world.overrides["polygon_rpc_url"] = proxy.url
    yield proxy
    proxy.stop()


def test_pause_doubles_to_thirty_seconds(clock: list[float]) -> None:
    pauses = []
    for _ in range(8):
        limits.record_failure(URL)
        pauses.append(limits.pause_seconds(URL))
        clock[0] += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    limits.record_answer(URL)
    limits.record_failure(URL)
    assert limits.pause_seconds(URL) == 1


def test_failures_of_simultaneous_calls_count_once(clock: list[float]) -> None:
    for _ in range(5):
        limits.record_failure(URL)
    assert limits.pause_seconds(URL) == 1


def test_requested_pause_is_obeyed_up_to_five_minutes(clock: list[float]) -> None:
    limits.record_failure(URL, retry_after=7)
    assert limits.pause_seconds(URL) == 7
    limits.record_failure(URL, retry_after=86_400)
    assert limits.pause_seconds(URL) == 300
    with pytest.raises(limits.NodeNotAsked), limits.admit_call(URL, 10):
        pass


def test_timeout_of_a_page_does_not_pause_jobs(clock: list[float]) -> None:
    with limits.limited_node_calls(call_seconds=2, total_seconds=5):
        with pytest.raises(TimeoutError):
            _time_out(clock)
        limits.record_failure(URL, is_timeout=True)
        assert limits.pause_seconds(URL) == 5
    assert limits.pause_seconds(URL) == 0


def _time_out(clock: list[float]) -> None:
    with limits.admit_call(URL, 10):
        clock[0] += 2
        raise TimeoutError


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_of_an_answer_pauses_the_node(
    world: World, proxy: RpcProxy, status: int, form: str
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    headers = {"retry-after": "90" if form == "seconds" else later}
    proxy.faults.append(Fault("status", status=status, headers=headers))
    node = Node(proxy.url)
    with pytest.raises(ChainAway):
        node.chain_id()
    assert 80 < limits.pause_seconds(proxy.url) <= 90
    with pytest.raises(ChainAway, match="failed some seconds ago"):
        node.chain_id()
    assert len(proxy.calls) == 1


def test_json_rpc_rate_limit_pauses_the_node(world: World, proxy: RpcProxy) -> None:
    limited = {"code": -32005, "message": "daily request count exceeded"}
    proxy.faults.append(Fault("error", error=limited))
    with pytest.raises(ChainAway):
        Node(proxy.url).chain_id()
    assert limits.pause_seconds(proxy.url) > 0


def test_refused_call_does_not_pause_the_node(world: World, proxy: RpcProxy) -> None:
    proxy.faults.append(Fault("error", ("eth_call",), error={"code": -32000, "message": "strange"}))
    with pytest.raises(ChainAway):
        Node(proxy.url).eth_call("0x" + "11" * 20, b"")
    assert limits.pause_seconds(proxy.url) == 0


def test_rounds_do_not_ask_a_paused_node(world: World, proxy: RpcProxy) -> None:
    world.add_rewards(1)
    proxy.faults.append(Fault("status", status=429, headers={"retry-after": "60"}))
    chain, settings = world.chain(), world.settings()
    reports = [mint_rewards(chain, settings, 10, TESTER) for _ in range(5)]
    assert {report.waiting_reason for report in reports} == {"chain_away"}
    assert len(proxy.calls) == 1
    proxy.faults.clear()
    world.finish()
    world.assert_paid_exactly_once(1)


def test_batch_of_25_needs_few_requests(world: World, proxy: RpcProxy) -> None:
    world.add_rewards(25)
    world.overrides["referral_mint_batch_size"] = 25
    world.anvil.mine(5)
    assert world.round().submitted == 25
    claimed = len(proxy.calls)
    world.round()
    waited = len(proxy.calls)
    world.anvil.mine(6)
    assert world.round().minted == 25
    settled = len(proxy.calls)
    assert claimed + settled - waited <= 33
    assert waited - claimed <= 8


def test_waiting_for_finality_sends_few_requests(
    world: World, proxy: RpcProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add_rewards(1)
    pauses: list[float] = []
    pause_seconds = rounds._pause_seconds

    def note_pause(report: MintReport) -> float:
        pauses.append(pause_seconds(report))
        return 0.0

    monkeypatch.setattr(rounds, "_pause_seconds", note_pause)

    def mine_after_five(report: MintReport) -> None:
        if len(pauses) == 5:
            world.anvil.mine(6)

    report = drive_minting(
        world.chain(), world.settings(), TESTER, limit=10, seconds=60, on_round=mine_after_five
    )
    assert report.minted == 1
    assert all(1 <= pause <= 2 for pause in pauses[1:])
    idle = len(proxy.calls)
    assert drive_minting(world.chain(), world.settings(), TESTER, limit=10, seconds=60).minted == 0
    assert len(proxy.calls) == idle
