"""The old system's database and its rows, as documents."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from portal.db import query
from tests.support.databases import execute, named

WALLET, OTHER = f"0x{'a1':0>40}", f"0x{'b2':0>40}"
TX = f"0x{'c':0>64}"
WRONG_CHECKSUM = "0x" + "Ab" * 20


class Ring:
    """The old system's database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def documents(self, table: str, *rows: dict[str, Any]) -> None:
        """Write rows as JSON documents, as the old system stores them."""
        execute(self.url, f"CREATE TABLE IF NOT EXISTS {table} (id text, data jsonb)")
        connection = psycopg2.connect(self.url)
        with connection, connection.cursor() as cursor:
            for row in rows:
                document = json.dumps(row, default=str)
                cursor.execute(f"INSERT INTO {table} VALUES (%s, %s)", [row.get("id"), document])
        connection.close()


@pytest.fixture
def ring(database: str) -> Iterator[Ring]:
    name, server = f"ring_{os.getpid()}", named(database, "portal")
    execute(server, f"CREATE DATABASE {name}")
    yield Ring(named(database, name))
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def code(**changes: Any) -> dict[str, Any]:
    return {"code": "q7RmK2xd", "userId": "ring-7", "walletAddress": WALLET.upper().replace("0X", "0x"),
            "active": True, "visitsTotal": 41, "createdAt": "2025-01-02T03:04:05Z", **changes}  # fmt: skip


def reward(number: int, status: str, **changes: Any) -> dict[str, Any]:
    return {"orderReference": f"store_o{number}_1700000000000", "orderId": f"o{number}", "refCode": "q7RmK2xd",
            "referrerUserId": "ring-7", "referrerWallet": WALLET, "refereeUserId": "ring-9",
            "orderTotal": "480.00", "currency": "UAH", "rewardPercent": 5, "usdValue": 0.6,
            "tokenPriceUsd": "0.1", "rewardAmountWei": 6 * 10**18 + number, "rail": "fiat", "status": status,
            "createdAt": 1_700_000_000_123, **changes}  # fmt: skip


def settlement(number: int, status: str, **changes: Any) -> dict[str, Any]:
    breakdown = {"platformCommission": "96.00", "referralCommission": 24, "referralByItem": [],
                 "customSplits": [{"recipientId": "fund", "percent": "1", "amount": "4.80"}]}  # fmt: skip
    return {"id": f"s{number}", "orderReference": f"store_o{number}_1700000000000", "vendorId": "shop-1",
            "amount": 480, "currency": "UAH", "commission": "124.80", "netPayout": 355.2, "status": status,
            "scheduledFor": "2025-02-03T00:00:00+02:00",
            "metadata": {"commissionBreakdown": breakdown}, **changes}  # fmt: skip


def with_split(recipient: str) -> dict[str, Any]:
    split = {"recipientId": recipient, "percent": "1", "amount": "4.80"}
    return {"commissionBreakdown": {"referralCommission": 24, "customSplits": [split]}}


def with_items(*items: dict[str, Any]) -> dict[str, Any]:
    return {"commissionBreakdown": {"referralCommission": 0, "referralByItem": list(items)}}


def assist(number: int, **changes: Any) -> dict[str, Any]:
    return {"orderReference": f"store_o{number}_1700000000000", "vendorId": "shop-1", "referralCode": "q7RmK2xd",
            "referrerUserId": "ring-7", "subtotal": "480.00", "currency": "UAH", **changes}  # fmt: skip


def rows() -> dict[str, list[Any]]:
    tables = ("users", "refcodes", "referral_rewards", "settlements", "erp_sales_assists", "event_log",
              "journal_transfers", "vendors", "wallets")  # fmt: skip
    return {table: query(f"SELECT * FROM {table} ORDER BY 1") for table in tables}
