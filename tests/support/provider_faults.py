"""Kinds of provider faults for soak tests, each with a name: lost, refused, late, stale and unreadable answers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.support.rpc_proxy import Fault, RpcProxy

_SEND = ("eth_sendRawTransaction",)
_READS = (
    "eth_call",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
    "eth_getBlockByNumber",
    "eth_getTransactionByHash",
    "eth_estimateGas",
)


def _status(status: int, headers: Mapping[str, str] | None = None) -> Fault:
    return Fault("status", status=status, headers=dict(headers or {}))


def _error(message: str, *methods: str, code: int = -32000, status: int | None = None) -> Fault:
    return Fault("error", methods, error={"code": code, "message": message}, status=status)


def _rewrite(method: str, answer: Any) -> Fault:
    return Fault("rewrite", (method,), rewrite=lambda name, result: answer if name == method else result)


# One fault per name; a node that says a transaction is "already known" without having it loses it silently.
KINDS: dict[str, Callable[[], Fault]] = {
    "read lost": lambda: Fault("lose_request", _READS),
    "read answer lost": lambda: Fault("lose_response", _READS),
    "send lost": lambda: Fault("lose_request", _SEND),
    "send answer lost": lambda: Fault("lose_response", _SEND),
    "send kept from the network": lambda: _error("already known", *_SEND),
    "pool full": lambda: _error("txpool is full", *_SEND),
    "nonce too low": lambda: _error("nonce too low", *_SEND),
    "underpriced": lambda: _error("replacement transaction underpriced", *_SEND),
    "429": lambda: _status(429),
    "429 with Retry-After": lambda: _status(429, {"Retry-After": "1"}),
    "502": lambda: _status(502),
    "403": lambda: _status(403),
    "page instead of an answer": lambda: _status(200),
    "late answer": lambda: Fault("slow", _READS, seconds=0.3),
    "rate limit in JSON": lambda: _error("request rate exceeded", code=-32005),
    "state missing": lambda: _error("header not found", "eth_call"),
    "range refused": lambda: _error("Block range limit exceeded", "eth_getLogs", code=-32602),
    "range too large": lambda: _error("too large", "eth_getLogs", status=413),
    "logs missing": lambda: _rewrite("eth_getLogs", []),
    "wrong chain": lambda: _rewrite("eth_chainId", "0x1"),
    "nonce of genesis": lambda: _rewrite("eth_getTransactionCount", "0x0"),
    "receipts missing": lambda: _rewrite("eth_getTransactionReceipt", None),
    "transactions unknown": lambda: _rewrite("eth_getTransactionByHash", None),
    "blocks missing": lambda: _rewrite("eth_getBlockByNumber", None),
    "empty quantity": lambda: _rewrite("eth_getTransactionCount", "0x"),
}


class FaultyProvider:
    """A proxy that commits faults; `committed` counts by kind those that hit a call."""

    def __init__(self, target: str, chance: random.Random) -> None:
        self.proxy = RpcProxy(target)
        self.committed: Counter[str] = Counter()
        self._chance = chance
        self._pending: dict[str, Fault] = {}

    def plan_fault(self, least: int) -> None:
        """Add a fault of a kind that has not hit a call `least` times yet, of any kind when all have."""
        self.count_committed()
        rare = [kind for kind in KINDS if self.committed[kind] < least and kind not in self._pending]
        self._plan([self._chance.choice(rare or list(KINDS))])

    def plan_every_kind(self) -> None:
        """Add one fault of each kind, so that each hits the first call that it is meant for."""
        self._plan(list(KINDS))

    def _plan(self, kinds: Sequence[str]) -> None:
        for kind in kinds:
            if kind not in self._pending:
                self._pending[kind] = KINDS[kind]()
                self._pending[kind].times = 1
        self.proxy.faults = list(self._pending.values())

    def count_committed(self) -> None:
        """Count the faults that hit a call since the last count."""
        hit = [kind for kind, fault in self._pending.items() if fault.times < 1]
        for kind in hit:
            del self._pending[kind]
        self.committed.update(hit)
        self.proxy.calls.clear()

    def has_committed(self, least: int) -> bool:
        """Return whether every kind has hit a call at least this often."""
        self.count_committed()
        return all(self.committed[kind] >= least for kind in KINDS)
