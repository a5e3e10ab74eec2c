"""A backlog of paid callbacks per second, as after an outage, while workers are killed.

`python -m tests.bench.bench_backlog [--callbacks 50000] [--kills 3]`. Every buyer has two orders, whose signed
callbacks lie in the inbox in an order of chance. Workers are killed with SIGKILL meanwhile. At the end every callback
must be settled once, and each buyer's first order credited.
"""

from __future__ import annotations

import argparse
import json
import random
import time

from psycopg2.extras import execute_values

from models import Product, Refcode
from portal.db import connection
from portal.db.checks import run_checks
from portal.db.connection import database, query
from portal.payments import read_backlog
from tests.bench.databases import durable_database, load_line
from tests.factories import make_code, make_product, make_user
from tests.support.bursts import approved_callback, settling

PRODUCTS = 200
_SEED = 7
_BUYERS = """
INSERT INTO users (id, email, name) SELECT 1000000 + n, 'buyer' || n || '@example.test', 'Buyer ' || n
FROM generate_series(1, %(buyers)s) AS n;
INSERT INTO customers (id, store_id, user_id, key)
SELECT 1000000 + n, 1, 1000000 + n, 'user:' || 1000000 + n FROM generate_series(1, %(buyers)s) AS n
"""
_ORDERS = """
CREATE TEMP TABLE waiting AS
SELECT 'backlog' || n AS id, 'store_backlog' || n || '_1700000000000' AS reference, 1000000 + (n + 1) / 2 AS buyer,
    (%(products)s::bigint[])[1 + n %% cardinality(%(products)s::bigint[])] AS product
FROM generate_series(1, 2 * %(buyers)s) AS n;
INSERT INTO orders (id, order_reference, store_id, customer_id, buyer_user_id, status, total_minor, currency,
    referral_code, referrer_user_id, referrer_wallet, referral_trace)
SELECT w.id, reference, 1, buyer, buyer, 'created', 100000, 'UAH', c.code, c.owner_user_id, c.wallet_address, %(trace)s
FROM waiting w, refcodes c WHERE c.code = %(code)s;
INSERT INTO order_items (order_id, product_id, vendor_id, sku, name, quantity, unit_price_minor, subtotal_minor)
SELECT w.id, p.id, p.vendor_id, p.slug, p.name, 1, 100000, 100000 FROM waiting w JOIN products p ON p.id = product;
INSERT INTO payment_transactions (order_reference, purpose, processor, rail, entity_id, user_id, amount_minor, currency,
    status) SELECT reference, 'store_order', 'wayforpay', 'merchant_redirect', id, buyer, 100000, 'UAH', 'redirected'
FROM waiting
"""
# The order of each buyer whose callback came first, and the orders that are credited.
_MISFITS = """
WITH first AS (
    SELECT DISTINCT ON (p.user_id) p.entity_id AS id
    FROM payment_events e JOIN payment_transactions p USING (order_reference) ORDER BY p.user_id, e.id
)
SELECT count(*) FROM orders o LEFT JOIN first f USING (id)
WHERE (o.referral_code IS NULL) = (f.id IS NOT NULL)
    OR (o.referral_code IS NULL AND o.referral_reason <> 'not_first_purchase')
"""
_ONCE = """
SELECT (SELECT count(*) FROM payment_events WHERE outcome = 'applied'),
    (SELECT count(*) FROM orders WHERE status = 'paid'), (SELECT count(*) FROM settlements),
    (SELECT count(*) FROM event_log WHERE event = 'payment_paid'), 2 * (SELECT count(*) FROM referral_rewards)
"""


def fill(code: Refcode, callbacks: int) -> None:
    """Write unpaid orders of buyers with two each, and the callbacks of their payments into the inbox."""
    products: list[Product] = [make_product(stock=10**6) for _ in range(PRODUCTS)]
    trace = json.dumps([{"guard": "code_known", "passed": True, "reason": None, "detail": "active", "source": "cookie",
                         "stage": "order"}])  # fmt: skip
    buyers = callbacks // 2
    query(_BUYERS, {"buyers": buyers})
    query(
        _ORDERS,
        {"buyers": buyers, "products": [each.id for each in products], "trace": trace, "code": code.code},
    )
    references = [reference for (reference,) in query("SELECT reference FROM waiting ORDER BY id")]
    random.Random(_SEED).shuffle(references)
    with database.cursor() as cursor:
        execute_values(
            cursor,
            "INSERT INTO payment_events (provider, order_reference, authentic, fingerprint, payload) VALUES %s",
            [
                ("wayforpay", each.order_reference, True, each.fingerprint, each.payload)
                for each in map(approved_callback, references)
            ],
            page_size=1_000,
        )
    query("ANALYZE")


def drain(url: str, callbacks: int, kills: int) -> float:
    """Let workers settle all callbacks, each killed after an equal part of them; return the seconds."""
    started = time.monotonic()
    for part in range(1, kills + 2):
        left = callbacks - callbacks * part // (kills + 1)
        with settling(url):
            while (waiting := read_backlog().callbacks) > left:
                time.sleep(0.2)
        print(f"  {waiting:,} wait after {time.monotonic() - started:,.0f} s, {load_line()}", flush=True)
    return time.monotonic() - started


def run(url: str, arguments: argparse.Namespace) -> list[str]:
    callbacks = arguments.callbacks // 2 * 2
    fill(make_code(make_user("Bench")), callbacks)
    assert read_backlog().callbacks == callbacks
    seconds = drain(url, callbacks, arguments.kills)
    assert query(_ONCE) == [(callbacks,) * 5], query(_ONCE)
    assert query(_MISFITS) == [(0,)], query(_MISFITS)
    assert run_checks() == {}
    return [
        f"{callbacks:,} callbacks, {arguments.kills} workers killed: each settled once, in the order of each buyer",
        f"{callbacks / seconds:,.0f} per second, {load_line()}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callbacks", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=3)
    arguments = parser.parse_args()
    with durable_database() as url, connection():
        lines = run(url, arguments)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
