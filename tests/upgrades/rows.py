"""Rows of every ledger, as a release wrote them whose newest migration is any of 010 to the present one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from psycopg2 import sql

_BREAKDOWN = {
    "platformCommission": "1.50",
    "referralCommission": "0.50",
    "totalCommission": "2.00",
    "customSplits": [],
    "referralByItem": [],
    "referralEffectivePercent": "5",
}


class State:
    """A database between two migrations; `insert` leaves out what it has no table or column for yet."""

    def __init__(self, cursor: Any, tag: int) -> None:
        self._cursor, self.tag = cursor, tag
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        )
        self._columns: dict[str, set[str]] = {}
        for table, column in cursor.fetchall():
            self._columns.setdefault(table, set()).add(column)

    def insert(self, table: str, **values: object) -> Any:
        """Insert the columns that exist and return the new row's id, None without the table or an id."""
        columns = self._columns.get(table)
        if not columns:
            return None
        present = {name: value for name, value in values.items() if name in columns}
        returned = sql.SQL(" RETURNING id") if "id" in columns else sql.SQL("")
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}){}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, present)),
            sql.SQL(", ").join(sql.Placeholder() for _ in present),
            returned,
        )
        self._cursor.execute(
            statement,
            [json.dumps(value) if isinstance(value, (dict, list)) else value for value in present.values()],
        )
        return self._cursor.fetchone()[0] if "id" in columns else None


def write_rows(cursor: Any, tag: int) -> None:
    """Write a shop with an unpaid order, and paid ones whose rewards wait, are minted and are rejected."""
    state = State(cursor, tag)
    vendor = state.insert("vendors", name=f"Vendor {tag}")
    product = state.insert(
        "products", vendor_id=vendor, slug=f"tea-{tag}", name="Tea", price_minor=500, currency="UAH", stock=4
    )
    state.insert("stock_movements", product_id=product, quantity=10, reason="initial")
    referrer = state.insert("users", name=f"Referrer {tag}", email=f"referrer{tag}@example.com")
    wallet = f"0x{tag:040x}"
    state.insert("wallets", address=wallet, user_id=referrer)
    code = f"CODE{tag:04}"
    state.insert("refcodes", code=code, owner_user_id=referrer, wallet_address=wallet, visits_total=3)
    state.insert("visit_daily", code=code, day="2026-01-05", visits=3)
    state.insert("platform_visits", day="2026-01-05", shard=tag, visits=3)
    _write_credit(state)
    for kind, write in _ORDERS.items():
        write(state, kind, vendor, product, code, referrer, wallet)


def _write_credit(state: State) -> None:
    owner = state.insert("users", name=f"Saver {state.tag}", email=f"saver{state.tag}@example.com")
    state.insert("credit_entries", user_id=owner, amount_minor=700, currency="UAH", reason="Welcome")
    state.insert("credit_balances", user_id=owner, currency="UAH", balance_minor=700)


def _write_order(
    state: State, kind: str, product: int, vendor: int, **values: object
) -> tuple[str, str, int]:
    order_id = f"s{state.tag}{kind}"
    reference = f"store_{order_id}_1700000000000"
    buyer = state.insert("users", name=f"Buyer {order_id}", email=f"{order_id}@example.com")
    customer = state.insert("customers", store_id=1, user_id=buyer, key=f"user:{buyer}")
    state.insert(
        "orders", id=order_id, order_reference=reference, buyer_user_id=buyer, customer_id=customer, store_id=1,
        total_minor=1000, currency="UAH", **values,
    )  # fmt: skip
    state.insert(
        "order_items", order_id=order_id, product_id=product, vendor_id=vendor, sku=f"tea-{state.tag}", name="Tea",
        quantity=2, unit_price_minor=500, subtotal_minor=1000,
    )  # fmt: skip
    return order_id, reference, buyer


def _write_unpaid(
    state: State, kind: str, vendor: int, product: int, code: str, referrer: int, wallet: str
) -> None:
    order_id, reference, buyer = _write_order(
        state, kind, product, vendor, status="created", referral_reason="no_code"
    )
    _write_payment(state, order_id, reference, buyer, status="redirected")


def _write_paid(
    state: State, kind: str, vendor: int, product: int, code: str, referrer: int, wallet: str
) -> None:
    paid_at = "2026-01-06 10:00+00"
    order_id, reference, buyer = _write_order(
        state, kind, product, vendor, status="paid", referral_code=code, referrer_user_id=referrer,
        referrer_wallet=wallet, paid_at=paid_at, paid_minor=1000,
    )  # fmt: skip
    state.insert(
        "stock_movements",
        product_id=product,
        order_id=order_id,
        quantity=-2,
        reason="sale",
        referral_code=code,
    )
    state.insert(
        "settlements", order_reference=reference, order_id=order_id, vendor_id=vendor, amount_minor=1000,
        currency="UAH", commission_minor=200, net_payout_minor=800, status="pending", scheduled_for="2026-01-12",
        metadata={"commissionBreakdown": _BREAKDOWN}, platform_commission_minor=150, referral_commission_minor=50,
        split_commissions={},
    )  # fmt: skip
    state.insert(
        "erp_sales_assists", order_reference=reference, order_id=order_id, vendor_id=vendor, referral_code=code,
        referrer_user_id=referrer, subtotal_minor=1000, currency="UAH",
    )  # fmt: skip
    _write_reward(state, kind, order_id, reference, code, referrer, wallet, buyer)
    _write_payment(state, order_id, reference, buyer, status="paid", paid_at=paid_at)


def _write_payment(state: State, order_id: str, reference: str, buyer: int, **values: object) -> None:
    state.insert(
        "payment_transactions", order_reference=reference, purpose="store_order", processor="wayforpay",
        rail="merchant_redirect", entity_id=order_id, user_id=buyer, amount_minor=1000, currency="UAH", **values,
    )  # fmt: skip
    if values["status"] == "paid":
        state.insert(
            "payment_events", provider="wayforpay", order_reference=reference, authentic=True, outcome="applied",
            payload="{}", fingerprint=reference,
        )  # fmt: skip


def _write_reward(
    state: State,
    status: str,
    order_id: str,
    reference: str,
    code: str,
    referrer: int,
    wallet: str,
    buyer: int,
) -> None:
    reward = state.insert(
        "referral_rewards", order_reference=reference, order_id=order_id, ref_code=code, referrer_user_id=referrer,
        referrer_wallet=wallet, referee_user_id=buyer, order_total_minor=1000, currency="UAH", reward_percent=5,
        usd_value="0.0125", token_price_usd="0.1", reward_amount_wei=125 * 10**15, granted_wei=125 * 10**15,
        rail="fiat", status=status, tx_hash=f"0x{state.tag:064x}" if status == "minted" else None,
        failure_reason="A return" if status == "rejected" else None,
    )  # fmt: skip
    state.insert(
        "event_log", event=f"reward_{status}", entity="reward", entity_id=str(reward), to_status=status,
        order_reference=reference, actor="system",
    )  # fmt: skip


_ORDERS: dict[str, Callable[[State, str, int, int, str, int, str], None]] = {
    "unpaid": _write_unpaid,
    "pending_approval": _write_paid,
    "minted": _write_paid,
    "rejected": _write_paid,
}
