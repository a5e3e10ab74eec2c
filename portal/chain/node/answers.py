"""The answers of a node as typed values. Parsing raises one of PARSE_ERRORS when an answer has another form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.lib.clock import LATEST

PARSE_ERRORS = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)
# What a quantity of the chain can be, and what a column holds of block numbers and times.
_QUANTITY_LIMIT, _PLACE_LIMIT = 2**256, 2**63
_TIME_LIMIT = int(LATEST.timestamp())


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
    logs: tuple[Log, ...]


@dataclass(frozen=True)
class Log:
    """An event; addresses in lower case, `data` is not decoded."""

    address: str
    topics: tuple[str, ...]
    data: bytes
    tx_hash: str
    block_number: int


def parse_number(raw: Any) -> int:
    """Return a quantity, in hex or as a JSON number; one that no chain can have raises ValueError."""
    number = int(raw, 16) if isinstance(raw, str) else int(raw)
    if not 0 <= number < _QUANTITY_LIMIT:
        raise ValueError("no quantity")
    return number


def parse_place(raw: Any) -> int:
    """Return a block number."""
    number = parse_number(raw)
    if number >= _PLACE_LIMIT:
        raise ValueError("no place")
    return number


def parse_time(raw: Any) -> int:
    """Return a time in seconds since 1970 that a calendar has."""
    seconds = parse_number(raw)
    if seconds >= _TIME_LIMIT:
        raise ValueError("no time")
    return seconds


def parse_hash(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError("no hash")
    return raw


def parse_block(raw: dict[str, Any]) -> Block:
    base_fee = parse_number(raw.get("baseFeePerGas") or "0x0")
    return Block(parse_place(raw["number"]), parse_hash(raw["hash"]), parse_time(raw["timestamp"]), base_fee)


def parse_logs(raw: list[dict[str, Any]]) -> list[Log]:
    return [
        Log(
            log["address"].lower(),
            tuple(parse_hash(topic) for topic in log["topics"]),
            parse_bytes(log["data"]),
            parse_hash(log["transactionHash"]),
            parse_place(log["blockNumber"]),
        )
        for log in raw
        if not log.get("removed")
    ]


def parse_bytes(raw: Any) -> bytes:
    return bytes.fromhex(str(raw or "0x").removeprefix("0x"))


def parse_receipt(raw: dict[str, Any]) -> Receipt:
    created = raw.get("contractAddress")
    return Receipt(
        parse_hash(raw["transactionHash"]),
        parse_place(raw["blockNumber"]),
        parse_hash(raw["blockHash"]),
        parse_number(raw["status"]) == 1,
        parse_number(raw["gasUsed"]),
        parse_number(raw.get("effectiveGasPrice") or "0x0"),
        created.lower() if created else None,
        raw["from"].lower(),
        tuple(parse_logs(raw["logs"])),
    )
