"""Paid events per second: signed callbacks through the whole portal against plain statements in pgbench.

`python -m tests.bench.bench_paid_event [--rows 100000]`. Each event settles one attributed order of one product in
both ledgers: by its own request where callbacks come one by one, otherwise by the worker. The statements use the same
database with its journal and constraints. Then every table that an event reads or writes is filled. Ratios are
printed last.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from models import Order
from portal.db import connection
from portal.db.connection import query
from portal.payments import SETTLED_AT_ONCE
from tests.bench.databases import durable_database, fill_every_table, load_line, median_ratio
from tests.factories import make_code, make_user
from tests.support.beacons import Tally, WebServer, send, serving
from tests.support.bursts import PROVIDER, approved, settling, waiting_orders

CLIENTS = 8
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


@dataclass(frozen=True)
class Burst:
    """Rates per second at which callbacks were accepted and settled, and the seconds after the last answer."""

    accepted: float
    settled: float
    seconds_after: float


def send_burst(port: int, callbacks: Sequence[bytes]) -> Burst:
    """Send first callbacks as fast as they are accepted and wait until the worker has settled all."""
    started = time.monotonic()
    accepted = send_callbacks(port, callbacks).rate
    answered = time.monotonic()
    while query("SELECT EXISTS (SELECT FROM payment_events WHERE outcome IS NULL)")[0][0]:
        time.sleep(0.01)
    ended = time.monotonic()
    return Burst(accepted, len(callbacks) / (ended - started), ended - answered)


def send_callbacks(port: int, callbacks: Sequence[bytes], connections: int = 2 * CLIENTS) -> Tally:
    # Connections that have run out of callbacks repeat the last one until all are answered.
    source = iter(callbacks)
    tally = send(
        port,
        lambda: next(source, callbacks[-1]),
        answers=len(callbacks),
        seconds=120,
        connections=connections,
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
    rates: dict[str, list[float]] = {
        "plain": [],
        "alone": [],
        "settled": [],
        "accepted": [],
        "duplicate": [],
        "after": [],
    }
    for _ in range(rounds):
        orders = waiting_orders(code, 3 * events)
        callbacks = [approved(order) for order in orders[:events]]
        rates["alone"].append(send_callbacks(running.port, callbacks, SETTLED_AT_ONCE - 1).rate)
        burst = send_burst(running.port, [approved(order) for order in orders[events : 2 * events]])
        rates["settled"].append(burst.settled)
        rates["accepted"].append(burst.accepted)
        rates["after"].append(burst.seconds_after)
        rates["duplicate"].append(send_callbacks(running.port, callbacks, SETTLED_AT_ONCE - 1).rate)
        rates["plain"].append(plain_rate(url, orders[2 * events :]))
        print("  " + ", ".join(f"{name} {values[-1]:,.1f}" for name, values in rates.items()), flush=True)
    settled = query("SELECT count(*) FROM referral_rewards WHERE sizing <> '{}'")[0][0]
    assert settled == 2 * rounds * events, f"{settled} rewards for {2 * rounds * events} callbacks"
    query("UPDATE referral_rewards SET sizing = '{}' WHERE sizing <> '{}'")
    return rates


def run(url: str, code: str, arguments: argparse.Namespace) -> list[str]:
    environment = {
        "DATABASE_URL": url,
        **PROVIDER,
        "RATE_LIMIT_HOOKS": "1000000 per minute",
        "LOG_LEVEL": "warning",
    }
    with serving("wsgi:app", **environment) as running, settling(url):
        small = measure(url, code, running, arguments.rounds, arguments.events)
        fill_every_table(url, arguments.rows, per_copy=3 * arguments.rounds * arguments.events)
        large = measure(url, code, running, arguments.rounds, arguments.events)
    among = f"among {arguments.rows:,} rows in every table"
    return [
        load_line(),
        f"by its own request: {median_ratio(small, 'alone', 'plain'):.2f} of the plain statements",
        f"burst, settled: {median_ratio(small, 'settled', 'plain'):.2f} of the plain statements",
        f"burst, accepted: {median_ratio(small, 'accepted', 'plain'):.2f} of the plain statements",
        f"burst, settled after the last answer: at most {max(small['after'] + large['after']):.1f} s",
        f"duplicate: {median_ratio(small, 'duplicate', 'alone'):.2f} of the first",
        f"by its own request {among}: {median_ratio(large, 'alone', 'plain'):.2f} of the plain statements there",
        f"burst, settled {among}: {median_ratio(large, 'settled', 'plain'):.2f} of the plain statements there",
        *(
            f"{name} {among}: {fmean(small[name]) / fmean(large[name]):.2f} times as slow as among none"
            for name in ("alone", "settled", "plain")
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=200)
    arguments = parser.parse_args()
    with durable_database() as url, connection():
        lines = run(url, make_code(make_user("Bench")).code, arguments)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
