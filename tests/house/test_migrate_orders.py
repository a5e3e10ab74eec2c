"""Orders older than the stores table get store 1, one customer per buyer, and their paid amount."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import psycopg2
import pytest

from portal.lib.folders import SQL
from tests.support.databases import execute, named, server_url

MIGRATION = "025_stores_and_customers"
EARLIER_ROWS = """
INSERT INTO users (id, email, name) VALUES (11, 'a@example.com', 'Ann'), (12, 'b@example.com', 'Bob');
INSERT INTO vendors (id, name) VALUES (5, 'Vendor');
INSERT INTO products (id, vendor_id, slug, name, price_minor, currency, stock)
VALUES (7, 5, 'tea', 'Tea', 500, 'UAH', 9), (8, 5, 'cup', 'Cup', 300, 'UAH', 9);
INSERT INTO refcodes (code, owner_user_id, wallet_address)
VALUES ('ABCDEFGH', 12, '0x00000000000000000000000000000000000000aa');
INSERT INTO orders (id, order_reference, buyer_user_id, status, total_minor, currency, referral_code, referrer_user_id,
    referrer_wallet, paid_at, created_at)
VALUES
    ('created', 'store_created_1', 11, 'created', 1300, 'UAH', 'ABCDEFGH', 12, '0xaa', NULL, '2026-01-02Z'),
    ('paid', 'store_paid_1', 11, 'paid', 500, 'UAH', 'ABCDEFGH', 12, '0xaa', '2026-01-03Z', '2026-01-01Z'),
    ('refunded', 'store_refunded_1', 12, 'refunded', 300, 'UAH', NULL, NULL, NULL, '2026-01-04Z', '2026-01-04Z'),
    ('cancelled', 'store_cancelled_1', 12, 'cancelled', 0, 'UAH', NULL, NULL, NULL, NULL, '2026-01-05Z');
INSERT INTO order_items (order_id, product_id, vendor_id, name, quantity, unit_price_minor, subtotal_minor)
VALUES ('created', 7, 5, 'Tea', 2, 500, 1000), ('created', 8, 5, 'Cup', 1, 300, 300),
    ('paid', 7, 5, 'Tea', 1, 500, 500);
INSERT INTO settlements (order_reference, vendor_id, kind, amount_minor, currency, commission_minor, net_payout_minor,
    status, scheduled_for, metadata)
VALUES ('store_paid_1', 5, 'sale', 500, 'UAH', 100, 400, 'pending', now(), '{"commissionBreakdown": {}}');
"""

ORDER_OF_RELEASE_BEFORE = """
INSERT INTO users (id, email, name) VALUES (13, 'c@example.com', 'Cyd');
INSERT INTO orders (id, order_reference, buyer_user_id, total_minor, currency)
VALUES ('later1', 'store_later1_1', 11, 500, 'UAH'), ('later2', 'store_later2_1', 13, 500, 'UAH');
INSERT INTO order_items (order_id, product_id, vendor_id, name, quantity, unit_price_minor, subtotal_minor)
VALUES ('later1', 7, 5, 'Tea', 1, 500, 500), ('later2', 7, 5, 'Tea', 1, 500, 500);
"""
MANY_ORDERS = """
INSERT INTO users (id, name) SELECT n, 'User ' || n FROM generate_series(100, 2100) n;
INSERT INTO customers (store_id, user_id, key) SELECT 1, n, 'user:' || n FROM generate_series(100, 2100) n;
INSERT INTO orders (id, order_reference, buyer_user_id, customer_id, total_minor, currency)
SELECT 'many' || user_id, 'store_many_' || user_id, user_id, id, 100, 'UAH' FROM customers WHERE user_id >= 100;
"""


@pytest.fixture
def migrated(postgres_kind: str) -> Iterator[str]:
    name = f"earlier_orders_{os.getpid()}"
    maintenance = named(server_url(postgres_kind), "portal")
    execute(maintenance, f"CREATE DATABASE {name}")
    url = named(maintenance, name)
    try:
        run(url, [path.read_text() for path in sorted(SQL.glob("*.sql")) if path.stem < MIGRATION])
        run(url, [EARLIER_ROWS])
        run(
            url,
            [
                (SQL / f"{MIGRATION}.sql").read_text(),
                (SQL / "functions" / "40_previous_release.sql").read_text(),
            ],
        )
        yield url
    finally:
        execute(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


def run(url: str, scripts: list[str]) -> None:
    """Run each script in a transaction of its own."""
    connection = psycopg2.connect(url)
    try:
        for script in scripts:
            with connection, connection.cursor() as cursor:
                cursor.execute(script)
    finally:
        connection.close()


@pytest.mark.system_postgres
def test_earlier_orders_are_migrated(migrated: str) -> None:
    orders = """
        SELECT o.id, o.store_id, c.key, c.user_id = o.buyer_user_id, o.paid_minor
        FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id
    """
    assert execute(migrated, orders) == [
        ("cancelled", 1, "user:12", True, 0),
        ("created", 1, "user:11", True, 0),
        ("paid", 1, "user:11", True, 500),
        ("refunded", 1, "user:12", True, 300),
    ]
    first_order = "(SELECT min(created_at) FROM orders WHERE buyer_user_id = user_id)"
    customers = f"SELECT key, created_at = {first_order} FROM customers"
    assert sorted(execute(migrated, customers)) == [("user:11", True), ("user:12", True)]
    assert execute(migrated, "SELECT order_id, sku FROM order_items ORDER BY id") == [
        ("created", "tea"),
        ("created", "cup"),
        ("paid", "tea"),
    ]
    assert execute(migrated, "SELECT collected_by FROM settlements") == [("platform",)]
    # The migration itself adds no deltas to the order totals of codes.
    deltas = (
        "SELECT code, sum(orders), sum(paid), sum(refunded), count(*) FROM code_order_deltas GROUP BY code"
    )
    assert execute(migrated, deltas) == [("ABCDEFGH", 2, 1, 0, 1)]
    execute(migrated, "UPDATE orders SET status = 'refunded' WHERE id = 'paid'")
    assert execute(migrated, deltas) == [("ABCDEFGH", 2, 1, 1, 2)]


@pytest.mark.system_postgres
def test_release_before_can_still_place_and_pay_orders(migrated: str) -> None:
    run(migrated, [ORDER_OF_RELEASE_BEFORE])
    execute(migrated, "UPDATE orders SET status = 'paid', paid_at = now() WHERE id LIKE 'later%'")
    orders = """
        SELECT o.id, c.key, c.user_id, o.paid_minor, i.sku
        FROM orders o JOIN customers c ON c.id = o.customer_id JOIN order_items i ON i.order_id = o.id
        WHERE o.id LIKE 'later%' ORDER BY o.id
    """
    assert execute(migrated, orders) == [
        ("later1", "user:11", 11, 500, "tea"),
        ("later2", "user:13", 13, 500, "tea"),
    ]


@pytest.mark.system_postgres
def test_new_stores_are_numbered_after_the_built_in_one(migrated: str) -> None:
    insert = (
        "INSERT INTO stores (public_id, name, platform) VALUES ('k3V9', 'Mugs', 'woocommerce') RETURNING id"
    )
    assert execute(migrated, insert) == [(2,)]


@pytest.mark.system_postgres
def test_earlier_paid_orders_of_a_customer_are_an_index_lookup(migrated: str) -> None:
    run(migrated, [MANY_ORDERS])
    execute(migrated, "ANALYZE orders")
    condition = (
        "store_id = 1 AND customer_id = (SELECT min(id) FROM customers) AND paid_at IS NOT NULL AND id <> 'x'"
    )
    # PostgreSQL uses an index whose table was updated by the same migration only once older transactions, of other
    # tests too, have ended.
    for _ in range(60):
        plan = str(execute(migrated, f"EXPLAIN SELECT FROM orders WHERE {condition}"))
        if "orders_customer" in plan:
            break
        time.sleep(0.5)
    assert "orders_customer" in plan
    assert "Seq Scan on orders" not in plan
