"""The reward queue with a growing ledger: first page, deep page and totals, each against the smallest ledger.

`python -m tests.bench.bench_queue --rewards 1000000`. Prints the median of each query, and the ratios last.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from portal.db import bind_database, connection, query
from portal.rewards import RewardFilter, count_matching, fold_reward_totals, list_reward_queue, reward_totals
from tests.bench.databases import durable_databases, load_line
from tests.bench.ledgers import QUICK_FILL, fill_ledgers
from tests.support.databases import close_database

FEW, ROUNDS = 20_000, 30


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
    with durable_databases("short", "long", settings=QUICK_FILL) as (short, long):
        small, large = measure_queue(short, FEW), measure_queue(long, rewards)
    print(load_line())
    for name, value in large.items():
        print(f"{name}: x{value / small[name]:.2f} at {rewards:,} rewards against {FEW:,}")


def measure_queue(url: str, rewards: int) -> dict[str, float]:
    """Return the milliseconds of each query among that many rewards."""
    fill_ledgers(url, rewards)
    bind_database(url)
    with connection():
        fold_reward_totals()
        query("VACUUM ANALYZE reward_total_deltas")
        taken = measure()
    close_database()
    print(rewards, {name: f"{value:.2f} ms" for name, value in taken.items()}, flush=True)
    return taken


if __name__ == "__main__":
    main()
