"""A local EVM chain in the data folder: Foundry's anvil, whose state survives restarts.

A block is mined with every transaction and otherwise every few seconds, so that memory and the state file stay small
over days. `finalized` is two blocks behind the head; `FinalityPacer` mines those two blocks within two seconds of a
transaction.
"""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import threading
import time
import urllib.request
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

from portal.dev.folder import prepare_folder, write_atomically
from portal.dev.processes import (
    LOOPBACK,
    LocalRuntimeError,
    ProcessRecord,
    end_process,
    find_running,
    last_lines,
    pick_port,
    read_record,
    record_process,
    spawn_server,
    wait_until_ready,
)
from portal.lib.folders import CONTRACTS
from portal.logs import get_logger

# The first two accounts of anvil's published mnemonic, which are known to every tool.
ADMIN_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
OPERATOR_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
IDLE_BLOCK_SECONDS = 12
BLOCKS_TO_FINALITY = 2
# Reads at a finalized block need its state; every stored state costs memory.
_STORED_STATES = 16
_WITH_STORED_STATES = True
_START_SECONDS = 60
_STOP_SECONDS = 5
_UNAVAILABLE = (OSError, HTTPException, ValueError)
_log = get_logger(__name__)


def start_chain(data_dir: Path, *, chain_id: int = 31337, block_seconds: int = IDLE_BLOCK_SECONDS) -> str:
    """Start the folder's chain from its saved state, or adopt the running one, and return its RPC URL.

    A block is mined with every transaction and, unless `block_seconds` is 0, every `block_seconds`. Raises
    LocalRuntimeError or DataFolderUnusable.
    """
    folder = prepare_folder(data_dir)
    running = find_running(_record(folder))
    if running and chain_answers(_url(running.port), chain_id):
        return _url(running.port)
    if running:
        end_process(running.pid, signal.SIGTERM, _STOP_SECONDS)
    return _url(_start(folder, chain_id, block_seconds).port)


def stop_chain(data_dir: Path) -> None:
    """Save the state of the folder's chain and stop it; do nothing if none is running."""
    folder = data_dir.resolve()
    running = find_running(_record(folder))
    if running:
        save_chain(folder)
        end_process(running.pid, signal.SIGTERM, _STOP_SECONDS)


def chain_is_running(data_dir: Path) -> bool:
    """Return whether the folder's chain is running."""
    return find_running(_record(data_dir.resolve())) is not None


def save_chain(data_dir: Path) -> bool:
    """Write the state of the running chain to its file atomically; return False if that was not possible."""
    running = find_running(_record(data_dir))
    try:
        packed = call_rpc(_url(running.port), "anvil_dumpState", _WITH_STORED_STATES) if running else None
    except _UNAVAILABLE:
        packed = None
    if packed:
        write_atomically(_state(data_dir), gzip.decompress(bytes.fromhex(packed.removeprefix("0x"))))
    return packed is not None


def call_rpc(url: str, method: str, *parameters: object, seconds: float = 30) -> Any:
    """Return the result of a JSON-RPC call. Raises ValueError with the node's message, OSError if unreachable."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=seconds) as response:  # noqa: S310
        answer = json.load(response)
    if "error" in answer:
        raise ValueError(answer["error"].get("message", "the node gave no reason"))
    return answer["result"]


def chain_answers(url: str, chain_id: int) -> bool:
    """Return whether a node with this chain id answers."""
    try:
        return int(call_rpc(url, "eth_chainId", seconds=3), 16) == chain_id
    except _UNAVAILABLE:
        return False


def has_code(url: str, address: str) -> bool:
    """Return whether there is a contract at an address."""
    return bool(call_rpc(url, "eth_getCode", address, "latest") != "0x")


def anvil_program() -> Path:
    """Return the path of anvil in the contract tools. Raises LocalRuntimeError if they are not installed."""
    for program in sorted(CONTRACTS.glob("node_modules/@foundry-rs/anvil-*/bin/anvil")):
        return program
    raise LocalRuntimeError("The local chain (anvil) is missing: run `make setup`, or set POLYGON_RPC_URL.")


def _start(folder: Path, chain_id: int, block_seconds: int) -> ProcessRecord:
    log = folder / "logs" / "anvil.log"
    last = read_record(_record(folder))
    for _ in range(3):
        port = pick_port(last.port if last else None)
        process = spawn_server(_command(folder, port, chain_id, block_seconds), log)
        record = record_process(_record(folder), process.pid, port)
        if wait_until_ready(process, partial(chain_answers, _url(port), chain_id), _START_SECONDS):
            return record
        _clear_failed_start(folder, process, log)
    reason = last_lines(log) or "anvil gave no reason"
    raise LocalRuntimeError(f"The local chain did not start: {reason} (log: {log}).")


def _clear_failed_start(folder: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    """Remove the cause of a failed start: a hanging process, or a state file that anvil cannot read."""
    if process.poll() is None:
        end_process(process.pid, signal.SIGTERM, 5)
    elif _state(folder).exists() and "in use" not in last_lines(log):
        unreadable = folder / f"chain-state.unreadable-{int(time.time())}.json"
        _state(folder).rename(unreadable)
        _log.warning("chain state unreadable", moved_to=str(unreadable))


def _command(folder: Path, port: int, chain_id: int, block_seconds: int) -> list[str]:
    options: dict[str, object] = {
        "host": LOOPBACK,
        "port": port,
        "chain-id": chain_id,
        # The fork the contracts are compiled for; later forks store a hash per block and mine 80 times slower.
        "hardfork": "cancun",
        "slots-in-an-epoch": 1,
        "prune-history": _STORED_STATES,
    }
    if block_seconds:
        options["block-time"] = block_seconds
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    flags += ["--mixed-mining"] if block_seconds else []
    state = ["--load-state", str(_state(folder))] if _state(folder).exists() else []
    return [str(anvil_program()), "--quiet", *flags, *state]


def _record(folder: Path) -> Path:
    return folder / "anvil.json"


def _state(folder: Path) -> Path:
    return folder / "chain-state.json"


def _url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


class FinalityPacer:
    """Mine the blocks that make a transaction final, about one per second, then save the state of the chain."""

    def __init__(self, data_dir: Path, url: str, every_seconds: float = 0.7) -> None:
        self._data_dir = data_dir
        self._url = url
        self._every_seconds = every_seconds
        self._seen = 0
        self._final_block = 0
        self._unsaved = True
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="finality-pacer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stopped.wait(self._every_seconds):
            try:
                self.pace()
            except _UNAVAILABLE as error:
                _log.debug("local chain unavailable", error=str(error))

    def pace(self) -> None:
        """Inspect the new blocks once and mine one more if a transaction is not final yet."""
        head = int(call_rpc(self._url, "eth_blockNumber"), 16)
        for number in range(max(min(self._seen, head) + 1, head - _STORED_STATES), head + 1):
            if int(call_rpc(self._url, "eth_getBlockTransactionCountByNumber", hex(number)) or "0x0", 16):
                self._final_block = number + BLOCKS_TO_FINALITY
                self._unsaved = True
        self._seen = head
        if head < self._final_block <= head + BLOCKS_TO_FINALITY:
            call_rpc(self._url, "evm_mine")
        elif self._unsaved:
            self._unsaved = not save_chain(self._data_dir)
