"""Paid events per second: signed callbacks through the whole portal against plain statements in pgbench.

`python -m tests.bench.bench_paid_event [--rows 200000]`. Each event settles one attributed order of one product in both
ledgers. The statements use the same database with its journal and constraints. Then every table that an event reads or
writes is filled. Ratios are printed last.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from models import Order, Refcode
from portal.db import connection
from portal.db.connection import query
from portal.payments.providers.wayforpay.callbacks import sign_callback
from tests.bench.databases import durable_database, fill_every_table, load_line, median_ratio
from tests.factories import make_code, make_order, make_payment, make_product, make_user
from tests.support.beacons import Tally, WebServer, send, serving

MERCHANT, SECRET = "bench_merchant", "bench secret"
CLIENTS = 8
PATH = "/api/payments/wayforpay/webhook"
# The writes of a paid event, one statement per table, without decisions, inbox or event log.
_STATEMENTS = """
SELECT o.id AS id, o.order_reference AS ref FROM bench_turns t JOIN orders o ON o.id = t.order_id
WHERE t.turn = (SELECT nextval('bench_turn')) \\gset
BEGIN;
UPDATE payment_transactions SET status = 'paid', paid_at = now()
    WHERE order_reference = ':ref' AND status = 'redirected';
UPDATE orders SET status = 'paid', paid_at = now() WHERE id = ':id' AND status = 'created';
UPDATE products p SET stock = stock - 1 FROM order_items i WHERE i.order_id = ':id' AND p.id = i.product_id;
INSERT INTO stock_movements (product_id, order_id, quantity, reason)
    SELECT product_id, order_id, -1, 'sale' FROM order_items WHERE order_id = ':id';
INSERT INTO settlements (order_reference, order_id, vendor_id, kind, amount_minor, currency, commission_minor,
    net_payout_minor, platform_commission_minor, referral_commission_minor, split_commissions, status,
    scheduled_for, metadata)
    SELECT ':ref', order_id, vendor_id, 'sale', 100000, 'UAH', 25000, 75000, 20000, 5000, '{}', 'pending', now(),
    '{"commissionBreakdown": {"platformCommission": "200.00", "referralCommission": "50.00"}}'
    FROM order_items WHERE order_id = ':id';
INSERT INTO erp_sales_assists (order_reference, order_id, vendor_id, referral_code, referrer_user_id, subtotal_minor,
    currency) SELECT ':ref', i.order_id, i.vendor_id, o.referral_code, o.referrer_user_id, 100000, 'UAH'
    FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.id = ':id';
INSERT INTO referral_rewards (order_reference, order_id, ref_code, referrer_user_id, referrer_wallet, referee_user_id,
    order_total_minor, currency, reward_percent, usd_value, token_price_usd, reward_amount_wei, rail, status)
    SELECT ':ref', id, referral_code, referrer_user_id, referrer_wallet, buyer_user_id, 100000, 'UAH', 5, 1.25, 0.1,
    12500000000000000000, 'fiat', 'pending_approval' FROM orders WHERE id = ':id';
COMMIT;
"""


def waiting_orders(code: str, count: int) -> list[Order]:
    """Create attributed first orders of one product each, with an open payment."""
    credited = Refcode.get_by_id(code)
    orders = []
    for _ in range(count):
        order = make_order(make_user(), [(make_product(), 1)], code=credited)
        make_payment(order)
        orders.append(order)
    return orders


def approved(order: Order) -> bytes:
    """Return the request with which the provider reports an order as paid."""
    fields = {
        "merchantAccount": MERCHANT,
        "orderReference": order.order_reference,
        "amount": "1000.00",
        "currency": "UAH",
        "authCode": "541963",
        "cardPan": "41****8217",
        "transactionStatus": "Approved",
        "reasonCode": "1100",
    }
    body = json.dumps(sign_callback(SECRET, fields)).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send_callbacks(port: int, callbacks: Sequence[bytes]) -> Tally:
    # Connections that have run out of callbacks repeat the last one until all are answered.
    source = iter(callbacks)
    tally = send(
        port,
        lambda: next(source, callbacks[-1]),
        answers=len(callbacks),
        seconds=120,
        connections=2 * CLIENTS,
    )
    assert set(tally.by_status) == {200}, tally.by_status
    return tally


def plain_rate(url: str, orders: Sequence[Order]) -> float:
    """Return how many paid events per second pgbench writes with 8 clients."""
    query("DROP TABLE IF EXISTS bench_turns")
    query("DROP SEQUENCE IF EXISTS bench_turn")
    query("CREATE TABLE bench_turns AS SELECT o AS order_id, n AS turn FROM unnest(%s) WITH ORDINALITY t (o, n)",
          [[order.id for order in orders]])  # fmt: skip
    query("CREATE UNIQUE INDEX ON bench_turns (turn)")
    query("CREATE SEQUENCE bench_turn")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_STATEMENTS)
        script.flush()
        turns = str(len(orders) // CLIENTS)
        output = subprocess.run(
            [pgbench(), "-n", "-c", str(CLIENTS), "-j", "2", "-t", turns, "-f", script.name, url],
            stdout=subprocess.PIPE, text=True, check=True,
        ).stdout  # fmt: skip
    (line,) = (line for line in output.splitlines() if line.startswith("tps"))
    return float(line.split()[2])


def pgbench() -> str:
    """Return the path of the pgbench installed with the running server."""
    program = Path(f"/proc/{query('SELECT pg_backend_pid()')[0][0]}/exe").resolve().with_name("pgbench")
    return os.fspath(program)


def measure(url: str, code: str, running: WebServer, rounds: int, events: int) -> dict[str, list[float]]:
    """Measure each in turn and return the rates of every round."""
    rates: dict[str, list[float]] = {"plain": [], "first": [], "duplicate": []}
    for _ in range(rounds):
        orders = waiting_orders(code, 2 * events)
        callbacks = [approved(order) for order in orders[:events]]
        rates["first"].append(send_callbacks(running.port, callbacks).rate)
        rates["duplicate"].append(send_callbacks(running.port, callbacks).rate)
        rates["plain"].append(plain_rate(url, orders[events:]))
        print("  " + ", ".join(f"{name} {values[-1]:,.0f}/s" for name, values in rates.items()), flush=True)
    settled = query("SELECT count(*) FROM referral_rewards WHERE sizing <> '{}'")[0][0]
    assert settled == rounds * events, f"{settled} rewards for {rounds * events} callbacks"
    query("UPDATE referral_rewards SET sizing = '{}' WHERE sizing <> '{}'")
    return rates


def run(url: str, code: str, arguments: argparse.Namespace) -> list[str]:
    environment = {
        "DATABASE_URL": url,
        "WAYFORPAY_MERCHANT_ACCOUNT": MERCHANT,
        "WAYFORPAY_SECRET_KEY": SECRET,
        "WAYFORPAY_DOMAIN": "bench.example",
        "REFERRAL_TOKEN_USD_PRICE": "0.1",
        "RATE_LIMIT_HOOKS": "1000000 per minute",
        "LOG_LEVEL": "warning",
    }
    with serving("wsgi:app", **environment) as running:
        small = measure(url, code, running, arguments.rounds, arguments.events)
        fill_every_table(url, arguments.rows, per_copy=2 * arguments.rounds * arguments.events)
        large = measure(url, code, running, arguments.rounds, arguments.events)
    among = f"among {arguments.rows:,} rows in every table"
    return [
        f"paid event: {median_ratio(small, 'first', 'plain'):.2f} of the plain statements",
        f"duplicate: {median_ratio(small, 'duplicate', 'first'):.2f} of the first",
        f"paid event {among}: {median_ratio(large, 'first', 'plain'):.2f} of the plain statements there",
        f"plain statements {among}: {fmean(large['plain']) / fmean(small['plain']):.2f} of among none",
        load_line(),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=200)
    arguments = parser.parse_args()
    with durable_database() as url, connection():
        lines = run(url, make_code(make_user("Bench")).code, arguments)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
