"""The local chain in real processes: its state across restarts and crashes, and finality without traffic."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.dev import LocalRuntimeError, anvil, chain_is_running, save_chain, start_chain, stop_chain
from portal.dev.anvil import FinalityPacer, call_rpc, chain_answers, has_code
from portal.dev.folder import write_json
from portal.dev.processes import find_running, process_command, record_process, start_mark

# Runtime: store the block number in slot 0, emit LOG1 with topic 1; on a call with data return slot 0.
_RUNTIME = "36600d57435f5560015f5fa1005b5f545f5260205ff3"
_CREATION = f"60{len(_RUNTIME) // 2:02x}8060095f395ff3{_RUNTIME}"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    stop_chain(tmp_path / "data")


def _pid(folder: Path) -> int:
    record = find_running(folder / "anvil.json")
    assert record
    return record.pid


def _kill(folder: Path) -> None:
    pid = _pid(folder)
    os.kill(pid, signal.SIGKILL)
    while start_mark(pid):
        time.sleep(0.01)


def _send(url: str, **fields: str) -> dict[str, Any]:
    sender = call_rpc(url, "eth_accounts")[0]
    tx_hash = call_rpc(url, "eth_sendTransaction", {"from": sender, "gas": "0x100000", **fields})
    while not (receipt := call_rpc(url, "eth_getTransactionReceipt", tx_hash)):
        time.sleep(0.01)
    assert receipt["status"] == "0x1"
    return dict(receipt)


def _deploy(url: str) -> str:
    return str(_send(url, data=f"0x{_CREATION}")["contractAddress"])


def _number(url: str, tag: str) -> int:
    return int(call_rpc(url, "eth_getBlockByNumber", tag, False)["number"], 16)


def _stored(url: str, contract: str, tag: str) -> int:
    return int(call_rpc(url, "eth_call", {"to": contract, "data": "0x01"}, tag), 16)


def _log_blocks(url: str, contract: str, last: str) -> list[int]:
    logs = call_rpc(url, "eth_getLogs", {"fromBlock": "0x0", "toBlock": last, "address": contract})
    return [int(log["blockNumber"], 16) for log in logs]


def test_second_start_adopts_the_running_chain(folder: Path) -> None:
    url = start_chain(folder)
    pid = _pid(folder)

    assert start_chain(folder) == url
    assert _pid(folder) == pid
    assert os.getsid(pid) != os.getsid(0)
    assert chain_answers(url, 31337)


def test_finality_is_two_blocks_behind_the_head(folder: Path) -> None:
    url = start_chain(folder, block_seconds=0)
    call_rpc(url, "anvil_mine", "0xa")

    assert (_number(url, "latest"), _number(url, "finalized")) == (10, 8)


def test_state_logs_and_finalized_reads_survive_a_restart(folder: Path) -> None:
    url = start_chain(folder, block_seconds=0)
    contract = _deploy(url)
    blocks = [int(_send(url, to=contract)["blockNumber"], 16) for _ in range(3)]
    call_rpc(url, "anvil_mine", "0x28")
    blocks += [int(_send(url, to=contract)["blockNumber"], 16) for _ in range(3)]

    stop_chain(folder)
    assert not chain_is_running(folder)
    assert start_chain(folder, block_seconds=0) == url

    assert _number(url, "latest") == blocks[-1]
    assert _number(url, "finalized") == blocks[-3]
    assert _stored(url, contract, "latest") == blocks[-1]
    assert _stored(url, contract, "finalized") == blocks[-3]
    assert _log_blocks(url, contract, "latest") == blocks
    assert _log_blocks(url, contract, "finalized") == blocks[:-2]
    assert int(_send(url, to=contract)["blockNumber"], 16) == blocks[-1] + 1


def test_saved_state_survives_a_killed_chain(folder: Path) -> None:
    url = start_chain(folder, block_seconds=0)
    contract = _deploy(url)
    assert save_chain(folder)

    _kill(folder)

    assert not chain_is_running(folder)
    assert start_chain(folder) == url
    assert has_code(url, contract)


def test_pacer_makes_a_transaction_final_and_saves_it(folder: Path) -> None:
    url = start_chain(folder, block_seconds=0)
    pacer = FinalityPacer(folder, url, every_seconds=0.05)
    pacer.start()
    sent = int(_send(url, to=_deploy(url))["blockNumber"], 16)
    deadline = time.monotonic() + 10
    while _number(url, "finalized") < sent and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)
    pacer.stop()

    assert _number(url, "finalized") == sent
    assert _number(url, "latest") == sent + 2
    _kill(folder)
    assert _number(start_chain(folder, block_seconds=0), "finalized") == sent


def test_idle_chain_mines_blocks(folder: Path) -> None:
    url = start_chain(folder, block_seconds=1)
    deadline = time.monotonic() + 10
    while _number(url, "latest") < 2 and time.monotonic() < deadline:
        time.sleep(0.1)

    assert _number(url, "latest") >= 2


def test_unreadable_state_is_renamed_and_the_chain_starts_empty(folder: Path) -> None:
    folder.mkdir()
    (folder / "chain-state.json").write_text('{"half":')

    url = start_chain(folder, block_seconds=0)

    assert _number(url, "latest") == 0
    assert [path.read_text() for path in folder.glob("chain-state.unreadable-*.json")] == ['{"half":']


def test_process_with_reused_pid_is_not_touched(folder: Path) -> None:
    folder.mkdir()
    unrelated = subprocess.Popen(["sleep", "60"])
    try:
        record = record_process(folder / "anvil.json", unrelated.pid, 20_001)
        write_json(
            folder / "anvil.json", {"pid": record.pid, "started": "another start", "port": record.port}
        )

        assert not chain_is_running(folder)
        stop_chain(folder)
        start_chain(folder)
        stop_chain(folder)

        assert unrelated.poll() is None
    finally:
        unrelated.kill()
        unrelated.wait()


def test_hanging_chain_is_replaced(folder: Path) -> None:
    start_chain(folder)
    hanging = _pid(folder)
    os.kill(hanging, signal.SIGSTOP)
    os.waitpid(hanging, os.WUNTRACED)

    url = start_chain(folder)

    assert chain_answers(url, 31337)
    assert start_mark(hanging) is None
    assert process_command(hanging) == ""


def test_missing_program_is_reported_in_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anvil, "CONTRACTS", folder)

    with pytest.raises(
        LocalRuntimeError, match=r"^The local chain \(anvil\) is missing: run `make setup`, or .*\.$"
    ):
        start_chain(folder)
