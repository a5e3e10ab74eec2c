"""Final rewards per second with two-second blocks: several open transactions against one at a time.

`python -m tests.bench.bench_mint_open`. A reward counts when its block is final, two blocks behind the head. Both
settings run on one chain, in turn. The ratio is printed last.
"""

from __future__ import annotations

import argparse
import statistics
import time

from portal.flows.minting.mint_rewards import drive_minting
from portal.settings import Settings
from tests.bench.databases import durable_database
from tests.support.chain_world import TESTER, Anvil, World, close_pool, deploy

_DEFAULTS = Settings.model_fields
_BATCH = _DEFAULTS["referral_mint_batch_size"].default
_OPEN = _DEFAULTS["referral_mint_open_transactions"].default


def final_rate(world: World, rewards: int, batch: int, most_open: int) -> float:
    """Return rewards per second from the first round until all are final."""
    world.add_rewards(rewards)
    settings = world.settings(
        referral_mint_batch_size=batch, referral_mint_open_transactions=most_open, referral_max_fee_gwei=10**6
    )
    started = time.monotonic()
    total = drive_minting(
        world.chain(referral_max_fee_gwei=10**6), settings, TESTER, limit=rewards, seconds=600
    )
    seconds = time.monotonic() - started
    assert total.minted == rewards, total
    return rewards / seconds


def run(world: World, pairs: int, batch: int, most_open: int, rewards: int) -> None:
    ratios, rates = [], []
    for _ in range(pairs):
        rates.append(final_rate(world, rewards, batch, most_open))
        single = final_rate(world, rewards // 10, batch, 1)
        ratios.append(rates[-1] / single)
        print(
            f"batches of {batch}, up to {most_open} open: {rates[-1]:7.1f} final rewards/s;"
            f"  one at a time: {single:6.1f};  x{ratios[-1]:.1f}",
            flush=True,
        )
    print(f"median of {pairs} pairs, batches of {batch}: {statistics.median(rates):.1f} final rewards/s")
    print(f"ratio, median of {pairs} pairs, batches of {batch}: {statistics.median(ratios):.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--batch", type=int, action="append")
    parser.add_argument("--open", type=int, default=_OPEN)
    parser.add_argument("--rewards", type=int, default=4000)
    arguments = parser.parse_args()
    with durable_database() as url:
        anvil = Anvil("--block-time", "2", "--slots-in-an-epoch", "1")
        try:
            world = World(url, anvil, deploy(anvil))
            world.rewards_call("setCaps(uint256,uint256)", 10**24, 10**26)
            for batch in arguments.batch or [_BATCH]:
                run(world, arguments.pairs, batch, arguments.open, arguments.rewards)
            world.assert_paid_exactly_once()
        finally:
            close_pool()
            anvil.stop()


if __name__ == "__main__":
    main()
