"""The answers of a node as typed values. Parsing raises one of PARSE_ERRORS when an answer has another form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PARSE_ERRORS = (KeyError, TypeError, ValueError, AttributeError, IndexError)


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
    return int(raw, 16) if isinstance(raw, str) else int(raw)


def parse_block(raw: dict[str, Any]) -> Block:
    base_fee = parse_number(raw.get("baseFeePerGas") or "0x0")
    return Block(parse_number(raw["number"]), raw["hash"], parse_number(raw["timestamp"]), base_fee)


def parse_logs(raw: list[dict[str, Any]]) -> list[Log]:
    return [
        Log(
            log["address"].lower(),
            tuple(log["topics"]),
            parse_bytes(log["data"]),
            log["transactionHash"],
            parse_number(log["blockNumber"]),
        )
        for log in raw
        if not log.get("removed")
    ]


def parse_bytes(raw: Any) -> bytes:
    return bytes.fromhex(str(raw or "0x").removeprefix("0x"))


def parse_receipt(raw: dict[str, Any]) -> Receipt:
    created = raw.get("contractAddress")
    return Receipt(
        raw["transactionHash"],
        parse_number(raw["blockNumber"]),
        raw["blockHash"],
        parse_number(raw["status"]) == 1,
        parse_number(raw["gasUsed"]),
        parse_number(raw.get("effectiveGasPrice") or "0x0"),
        created.lower() if created else None,
        raw["from"].lower(),
        tuple(parse_logs(raw["logs"])),
    )
