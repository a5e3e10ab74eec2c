"""The reward queue with a growing ledger: first page, deep page and totals, each against the smallest ledger.

`python -m tests.bench.bench_queue --rewards 1000000`. Prints the median of each query, and the ratios last.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from portal.db import connection
from portal.db.connection import query
from portal.rewards import RewardFilter, count_matching, fold_reward_totals, list_reward_queue, reward_totals
from tests.bench.databases import durable_database
from tests.factories import make_code, make_user

FILL = """
INSERT INTO referral_rewards (order_reference, ref_code, referrer_user_id, referrer_wallet, order_total_minor,
    currency, reward_percent, usd_value, token_price_usd, reward_amount_wei, rail, status, created_at, tx_hash)
SELECT 'store_bench' || n || '_1', c.code, c.owner_user_id, c.wallet_address, 10000, 'UAH', 5, 0.125, 0.1, 10 ^ 18,
    'fiat', CASE WHEN n %% 20 = 0 THEN 'pending_approval' ELSE 'minted' END, now() - make_interval(secs => n), '0x1'
FROM generate_series(%s, %s) n, refcodes c
"""
ROUNDS = 30


def milliseconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def measure() -> dict[str, float]:
    middle = list_reward_queue("pending_approval")
    cursor = middle.next_cursor
    for _ in range(10):
        middle = list_reward_queue("pending_approval", cursor)
        cursor = middle.next_cursor or cursor
    return {
        "first page": milliseconds(lambda: list_reward_queue("pending_approval")),
        "deep page": milliseconds(lambda: list_reward_queue("pending_approval", cursor)),
        "totals": milliseconds(reward_totals),
        "count, capped": milliseconds(lambda: count_matching(RewardFilter(), 1_001)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rewards", type=int, default=1_000_000)
    rewards = parser.parse_args().rewards
    with durable_database(), connection():
        make_code(make_user("bench@demo.example"))
        ratios = run(rewards)
    for name, ratio in ratios.items():
        print(f"{name}: x{ratio:.2f} at {rewards:,} rewards against 20,000")


def run(rewards: int) -> dict[str, float]:
    small: dict[str, float] = {}
    large: dict[str, float] = {}
    existing = 0
    for size in (20_000, rewards):
        query(FILL, [existing + 1, size])
        existing = size
        fold_reward_totals()
        query("ANALYZE referral_rewards")
        large = measure()
        small = small or large
        print(size, {name: f"{value:.2f} ms" for name, value in large.items()}, flush=True)
    return {name: large[name] / small[name] for name in large}


if __name__ == "__main__":
    main()
