"""A referrer's dashboard with 100,000 orders and rewards and a million visits, against one page of rewards.

`python -m tests.bench.bench_dashboard [--rewards 100000]`. Measures the data and the page; ratios are printed last.
"""

from __future__ import annotations

import argparse

from portal.app import create_app
from portal.db import connection
from portal.db.connection import query
from portal.flows.overviews.referrer_overview import referrer_overview
from portal.orders import fold_code_orders
from portal.rewards import fold_reward_totals
from portal.settings import load_settings
from portal.stores import ensure_customer_of_user
from tests.bench.bench_queue import milliseconds
from tests.bench.databases import durable_database
from tests.factories import make_code, make_user, make_visits
from tests.web.conftest import visitor
from tests.web.visitor import Visitor

_PAGE = 50
_FILL = """
WITH code AS (SELECT code, owner_user_id, wallet_address FROM refcodes WHERE code = %(code)s),
placed AS (
    INSERT INTO orders (id, order_reference, customer_id, buyer_user_id, status, total_minor, paid_minor, currency,
        referral_code, referrer_user_id, referrer_wallet, paid_at)
    SELECT %(code)s || n, 'store_' || %(code)s || n || '_1', %(customer)s, %(buyer)s, 'paid', 100000, 100000, 'UAH',
        code, owner_user_id, wallet_address, now() FROM generate_series(1, %(many)s) n, code
    RETURNING id, order_reference
)
INSERT INTO referral_rewards (order_reference, order_id, ref_code, referrer_user_id, referrer_wallet,
    order_total_minor, currency, reward_percent, usd_value, token_price_usd, reward_amount_wei, rail, status, tx_hash)
SELECT order_reference, id, code, owner_user_id, wallet_address, 100000, 'UAH', 5, 1.25, 0.1, 125 * 10 ^ 17,
    'fiat', 'minted', '0x1' FROM placed, code
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rewards", type=int, default=100_000)
    count = parser.parse_args().rewards
    with durable_database() as url, connection():
        print("\n".join(run(url, count)))


def run(url: str, count: int) -> list[str]:
    new, busy, buyer = (make_user(f"{name} Bench") for name in ("New", "Busy", "Buyer"))
    customer = ensure_customer_of_user(buyer.id)
    for user, visits, orders in ((new, 1, _PAGE), (busy, 1_000_000 // 56, count)):
        code = make_code(user)
        make_visits(code, dict.fromkeys(range(56), visits))
        query(_FILL, {"code": code.code, "customer": customer.id, "buyer": buyer.id, "many": orders})
    fold_reward_totals()
    fold_code_orders()
    query("ANALYZE")
    settings = load_settings(database_url=url)
    app = create_app(settings)
    app.test_client_class = Visitor
    browsers = {user.id: visitor(app, user) for user in (new, busy)}
    lines = []
    for name, measure in {
        "data": lambda user: milliseconds(lambda: referrer_overview(user.id, settings)),
        "page": lambda user: milliseconds(lambda: browsers[user.id].get("/refcodes")),
    }.items():
        times = {user.name: measure(user) for user in (new, busy)}
        print(name, {who: f"{value:.1f} ms" for who, value in times.items()}, flush=True)
        lines.append(
            f"dashboard, {name}: {times[busy.name] / times[new.name]:.2f} of a referrer's with one page of rewards"
        )
    return lines


if __name__ == "__main__":
    main()
