"""The home of admins with 300,000 orders, rewards and settlements of the last 28 days, against a thousand.

`python -m tests.bench.bench_home [--rows 300000]`. Measures the data, the page and the job that counts; ratios are
printed last.
"""

from __future__ import annotations

import argparse
import time

from portal.app import create_app
from portal.db import connection
from portal.db.connection import query
from portal.flows.overviews.admin_home import admin_home
from portal.flows.overviews.count_days import count_days
from portal.rewards import fold_reward_totals
from portal.settings import load_settings
from portal.stores import ensure_customer_of_user
from tests.bench.bench_queue import milliseconds
from tests.bench.databases import durable_database
from tests.factories import make_admin, make_code, make_user, make_vendor
from tests.web.conftest import visitor
from tests.web.visitor import Visitor

_FEW = 1_000
_FILL = """
INSERT INTO orders (id, order_reference, customer_id, buyer_user_id, status, total_minor, paid_minor, currency,
    created_at, paid_at)
SELECT 'o' || n, 'store_o' || n || '_1', %(customer)s, %(buyer)s, 'paid', 100000, 100000, 'UAH', at, at
FROM generate_series(%(first)s, %(last)s) n,
    LATERAL (SELECT now() - n %% 2400000 * interval '1 second' AS at) AS placed;
INSERT INTO referral_rewards (order_reference, order_id, ref_code, referrer_user_id, referrer_wallet,
    order_total_minor, currency, reward_percent, usd_value, token_price_usd, reward_amount_wei, rail, status,
    created_at)
SELECT 'store_o' || n || '_1', 'o' || n, code, owner_user_id, wallet_address, 100000, 'UAH', 5, 1.25, 0.1,
    125 * 10 ^ 17, 'fiat', 'pending_approval', now() - n %% 2400000 * interval '1 second'
FROM generate_series(%(first)s, %(last)s) n, refcodes WHERE code = %(code)s;
INSERT INTO settlements (order_reference, vendor_id, kind, amount_minor, currency, commission_minor, net_payout_minor,
    status, scheduled_for, metadata, platform_commission_minor, referral_commission_minor, split_commissions)
SELECT 'store_o' || n || '_1', %(vendor)s, 'sale', 100000, 'UAH', 25000, 75000,
    CASE n %% 3 WHEN 0 THEN 'pending' WHEN 1 THEN 'held' ELSE 'completed' END, now() - interval '1 hour',
    '{"commissionBreakdown": {}}', 20000, 5000, '{}'
FROM generate_series(%(first)s, %(last)s) n;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    count = parser.parse_args().rows
    with durable_database() as url, connection():
        print("\n".join(run(url, count)))


def run(url: str, count: int) -> list[str]:
    buyer, vendor = make_user("Buyer Bench"), make_vendor()
    values = {
        "customer": ensure_customer_of_user(buyer.id).id,
        "buyer": buyer.id,
        "vendor": vendor.id,
        "code": make_code(make_user("Referrer Bench")).code,
    }
    settings = load_settings(database_url=url)
    app = create_app(settings)
    app.test_client_class = Visitor
    browser = visitor(app, make_admin())
    times: dict[str, list[float]] = {"data": [], "page": []}
    for first, last in ((1, _FEW), (_FEW + 1, count)):
        # Without the triggers of the journal, which cost more than everything else here.
        _switch_triggers("DISABLE")
        query(_FILL, {**values, "first": first, "last": last})
        _switch_triggers("ENABLE")
        fold_reward_totals()
        query("VACUUM ANALYZE")
        started = time.perf_counter()
        count_days()
        print(f"{last} rows: every day counted in {time.perf_counter() - started:.2f} s", flush=True)
        times["data"].append(milliseconds(lambda: admin_home(settings)))
        times["page"].append(milliseconds(lambda: browser.get("/admin")))
    for name, (few, many) in times.items():
        print(f"{name}: {few:.1f} ms with {_FEW} rows, {many:.1f} ms with {count}", flush=True)
    return [
        f"home, {name}: {many / few:.2f} of the one with {_FEW} rows" for name, (few, many) in times.items()
    ]


def _switch_triggers(change: str) -> None:
    for table in ("orders", "referral_rewards", "settlements"):
        query(f"ALTER TABLE {table} {change} TRIGGER USER")


if __name__ == "__main__":
    main()
