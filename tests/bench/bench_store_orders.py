"""First snapshots of connected stores per second, over HTTP with a key, against the same rows written by pgbench.

`python -m tests.bench.bench_store_orders [--orders 200000]`. Each snapshot is one paid and attributed order of one
line, of a new customer. The statements use the same database with its journal and constraints. The hot store is on a
database of its own and already has that many orders, events, customers, settlements and rewards. Both are measured in
turn, a round after the other, and no measurement takes longer than a minute. Ratios are printed last.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from models import Refcode, Store
from portal.db import SYSTEM, connection
from portal.db.connection import database, query
from portal.stores import create_key
from tests.bench.bench_paid_event import pgbench
from tests.bench.databases import durable_database, load_line
from tests.factories import make_code, make_store, make_user
from tests.support.beacons import WebServer, send, serving
from tests.support.databases import execute, named

CLIENTS = 8
FILLED_AT_ONCE = 50_000
# The rows of a first paid snapshot, one statement per table, without decisions.
_STATEMENTS = """
SELECT nextval('bench_order') AS n \\gset
INSERT INTO store_events (store_id, kind, verified, external_id, snapshot, body_sha256)
    VALUES (:store, 'api.order', true, 'plain:n', '{"version": 1}', 'x');
BEGIN;
INSERT INTO customers (store_id, key) VALUES (:store, 'email:plain' || :n) RETURNING id AS customer \\gset
INSERT INTO orders (id, order_reference, store_id, customer_id, external_id, collected_by, status, total_minor,
    paid_minor, currency, referral_code, referrer_user_id, referrer_wallet, referral_trace, paid_at)
    SELECT 'plain' || :n, 'store_plain' || :n || '_1', :store, :customer, 'plain' || :n, 'store', 'paid', 10000, 12000,
    'UAH', code, owner_user_id, wallet_address, '[]', now() FROM refcodes LIMIT 1;
INSERT INTO order_items (order_id, vendor_id, sku, name, quantity, subtotal_minor)
    VALUES ('plain' || :n, :vendor, 'MUG', 'Mug', 1, 10000);
INSERT INTO store_orders (order_id, store_id, external_id, number, version, snapshot, snapshot_sha256)
    VALUES ('plain' || :n, :store, 'plain' || :n, :n, 1, '{"version": 1}', 'x');
INSERT INTO payment_transactions (order_reference, purpose, processor, rail, entity_id, amount_minor, currency, status,
    paid_at) VALUES ('store_plain' || :n || '_1', 'store_order', 'external', 'merchant_redirect', 'plain' || :n, 12000,
    'UAH', 'paid', now());
INSERT INTO settlements (order_reference, order_id, vendor_id, kind, amount_minor, currency, commission_minor,
    net_payout_minor, platform_commission_minor, referral_commission_minor, split_commissions, status, scheduled_for,
    collected_by, metadata) VALUES ('store_plain' || :n || '_1', 'plain' || :n, :vendor, 'sale', 10000, 'UAH', 2500,
    7500, 2000, 500, '{}', 'pending', now(), 'store',
    '{"commissionBreakdown": {"platformCommission": "20.00", "referralCommission": "5.00"}}');
INSERT INTO erp_sales_assists (order_reference, order_id, vendor_id, referral_code, referrer_user_id, subtotal_minor,
    currency) SELECT order_reference, id, :vendor, referral_code, referrer_user_id, 10000, 'UAH' FROM orders
    WHERE id = 'plain' || :n;
INSERT INTO referral_rewards (order_reference, order_id, ref_code, referrer_user_id, referrer_wallet,
    order_total_minor, currency, reward_percent, usd_value, token_price_usd, reward_amount_wei, rail, status)
    SELECT order_reference, id, referral_code, referrer_user_id, referrer_wallet, 10000, 'UAH', 5, 0.125, 0.1,
    1250000000000000000, 'fiat', 'pending_approval' FROM orders WHERE id = 'plain' || :n;
UPDATE store_events SET outcome = 'created', order_reference = 'store_plain' || :n || '_1'
    WHERE store_id = :store AND external_id = 'plain:n';
COMMIT;
"""
# What a store of a year has: a row for each order in every table whose rows a report reads, or writes among others.
_NUMBERS = "FROM generate_series(%(first)s, %(last)s) AS n"
_FILL = (
    f"""INSERT INTO customers (id, store_id, key) OVERRIDING SYSTEM VALUE
        SELECT 1000000000 + n, %(store)s, 'email:' || md5(n::text) {_NUMBERS}""",
    f"""INSERT INTO orders (id, order_reference, store_id, customer_id, external_id, collected_by, status, total_minor,
        paid_minor, currency, referral_code, referrer_user_id, referrer_wallet, referral_trace, paid_at, created_at)
        SELECT 'old' || n, 'store_old' || n || '_1', %(store)s, 1000000000 + n, 'old' || n, 'store', 'paid', 10000,
        12000, 'UAH', r.code, r.owner_user_id, r.wallet_address, '[]', now() - make_interval(secs => n),
        now() - make_interval(secs => n) {_NUMBERS}, (SELECT * FROM refcodes LIMIT 1) r""",
    f"""INSERT INTO order_items (order_id, vendor_id, sku, name, quantity, subtotal_minor)
        SELECT 'old' || n, %(vendor)s, 'MUG', 'Mug', 1, 10000 {_NUMBERS}""",
    f"""INSERT INTO store_orders (order_id, store_id, external_id, number, version, snapshot, snapshot_sha256)
        SELECT 'old' || n, %(store)s, 'old' || n, n, 1, '{{"version": 1}}', 'x' {_NUMBERS}""",
    f"""INSERT INTO store_events (store_id, kind, verified, external_id, order_reference, outcome, snapshot)
        SELECT %(store)s, 'api.order', true, 'old' || n, 'store_old' || n || '_1', 'created', '{{"version": 1}}'
        {_NUMBERS}""",
    f"""INSERT INTO payment_transactions (order_reference, purpose, processor, rail, entity_id, amount_minor, currency,
        status, paid_at) SELECT 'store_old' || n || '_1', 'store_order', 'external', 'merchant_redirect', 'old' || n,
        12000, 'UAH', 'paid', now() {_NUMBERS}""",
    f"""INSERT INTO settlements (order_reference, order_id, vendor_id, kind, amount_minor, currency, commission_minor,
        net_payout_minor, platform_commission_minor, referral_commission_minor, split_commissions, status,
        scheduled_for, collected_by, metadata)
        SELECT 'store_old' || n || '_1', 'old' || n, %(vendor)s, 'sale', 10000, 'UAH', 2500, 7500, 2000, 500, '{{}}',
        'pending', now(), 'store',
        '{{"commissionBreakdown": {{"platformCommission": "20.00", "referralCommission": "5.00"}}}}' {_NUMBERS}""",
    f"""INSERT INTO erp_sales_assists (order_reference, order_id, vendor_id, referral_code, referrer_user_id,
        subtotal_minor, currency) SELECT 'store_old' || n || '_1', 'old' || n, %(vendor)s, r.code, r.owner_user_id,
        10000, 'UAH' {_NUMBERS}, (SELECT * FROM refcodes LIMIT 1) r""",
    f"""INSERT INTO referral_rewards (order_reference, order_id, ref_code, referrer_user_id, referrer_wallet,
        order_total_minor, currency, reward_percent, usd_value, token_price_usd, reward_amount_wei, rail, status)
        SELECT 'store_old' || n || '_1', 'old' || n, r.code, r.owner_user_id, r.wallet_address, 10000, 'UAH', 5, 0.125,
        0.1, 10 ^ 18, 'fiat', 'pending_approval' {_NUMBERS}, (SELECT * FROM refcodes LIMIT 1) r""",
)


def reports(key: str, code: Refcode, numbers: Iterator[int], count: int) -> list[bytes]:
    """Return requests that report a first paid order each."""
    return [_report(key, code, next(numbers)) for _ in range(count)]


def _report(key: str, code: Refcode, number: int) -> bytes:
    line = {"externalId": "1", "sku": "MUG", "name": "Mug", "quantity": 1, "amount": "100.00", "tax": "20.00"}
    body = json.dumps({
        "externalId": f"bench{number}", "version": 1, "currency": "UAH", "status": "paid", "paidAmount": "120.00",
        "referralCode": code.code, "customer": {"email": f"buyer{number}@example.test"}, "lines": [line],
    }).encode()  # fmt: skip
    head = (
        f"POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send_reports(port: int, requests: Sequence[bytes]) -> float:
    """Return how many reports per second were answered; a server that needs more than a minute is measured by it."""
    # Connections that have run out of orders repeat the last one until all are answered.
    source = iter(requests)
    tally = send(
        port, lambda: next(source, requests[-1]), answers=len(requests), seconds=60, connections=CLIENTS
    )
    assert set(tally.by_status) <= {200, 201}, tally.by_status
    return tally.rate


@dataclass(frozen=True)
class Shop:
    """A store on a portal and database of its own."""

    url: str
    store: Store
    key: str
    code: Refcode
    running: WebServer


def plain_rate(shop: Shop, orders: int) -> float:
    """Return how many orders per second pgbench writes with 8 clients."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_STATEMENTS)
        script.flush()
        output = subprocess.run(
            [pgbench(), "-n", "-c", str(CLIENTS), "-j", "2", "-t", str(max(1, orders // CLIENTS)),
             "-D", f"store={shop.store.id}", "-D", f"vendor={shop.store.default_vendor_id}", "-f", script.name,
             shop.url],
            stdout=subprocess.PIPE, text=True, check=True,
        ).stdout  # fmt: skip
    (line,) = (line for line in output.splitlines() if line.startswith("tps"))
    return float(line.split()[2])


def measure(empty: Shop, hot: Shop, arguments: argparse.Namespace) -> dict[str, float]:
    """Measure both stores in turn, so that what else the machine does slows both, and return the median rates."""
    rates: defaultdict[str, list[float]] = defaultdict(list)
    numbers = itertools.count()
    for _ in range(arguments.rounds):
        for name, shop in (("", empty), ("hot ", hot)):
            requests = reports(shop.key, shop.code, numbers, arguments.reports)
            rates[f"{name}first"].append(send_reports(shop.running.port, requests))
            rates[f"{name}duplicate"].append(send_reports(shop.running.port, requests))
        rates["plain"].append(plain_rate(empty, arguments.reports))
        print("  " + ", ".join(f"{name} {values[-1]:,.0f}/s" for name, values in rates.items()), flush=True)
    return {name: statistics.median(values) for name, values in rates.items()}


def fill(store: Store, orders: int) -> None:
    """Give a store that many orders, a portion at a time, without the triggers: no total is read from them here."""
    started = time.monotonic()
    query("SET session_replication_role = replica")
    for first in range(1, orders + 1, FILLED_AT_ONCE):
        numbers = {"first": first, "last": min(orders, first + FILLED_AT_ONCE - 1)}
        for statement in _FILL:
            query(statement, {"store": store.id, "vendor": store.default_vendor_id, **numbers})
        print(f"  {numbers['last']:,} orders after {time.monotonic() - started:,.0f} s", flush=True)
    query("SET session_replication_role = origin")
    query("ANALYZE")


def run(url: str, arguments: argparse.Namespace) -> list[str]:
    with connection():
        store, code = make_store(), make_code(make_user("Bench"))
        key = create_key(store.id, "live", SYSTEM).text
        query("CREATE SEQUENCE bench_order")
    database.close_all()
    empty_url = named(url, "bench_empty")
    execute(named(url, "postgres"), "CREATE DATABASE bench_empty TEMPLATE bench")
    with connection(), portal_on(empty_url) as empty, portal_on(url) as hot:
        fill(store, arguments.orders)
        rates = measure(Shop(empty_url, store, key, code, empty), Shop(url, store, key, code, hot), arguments)
        orders = query("SELECT count(*) FROM orders WHERE starts_with(external_id, 'bench')")[0][0]
        settled = query("SELECT count(*) FROM settlements WHERE NOT starts_with(order_id, 'old')")[0][0]
    assert orders == settled, f"{settled} settlements for {orders} orders"
    return [
        load_line(),
        f"first snapshot: {rates['first'] / rates['plain']:.2f} of the plain statements",
        f"duplicate: {rates['duplicate'] / rates['first']:.2f} of the first",
        f"in a store of {arguments.orders:,} orders, first: {rates['hot first'] / rates['first']:.2f} of an empty one",
        f"the same, duplicate: {rates['hot duplicate'] / rates['duplicate']:.2f} of an empty one",
    ]


def portal_on(url: str) -> AbstractContextManager[WebServer]:
    """Run a portal on a database; it writes no access log, which would take a part of the time."""
    environment = {
        "DATABASE_URL": url,
        "REFERRAL_TOKEN_USD_PRICE": "0.1",
        "RATE_LIMIT_STORE_KEY": "1000000 per minute",
        "LOG_LEVEL": "warning",
    }
    return serving("wsgi:app", **environment)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reports", type=int, default=300)
    arguments = parser.parse_args()
    with durable_database() as url:
        lines = run(url, arguments)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
