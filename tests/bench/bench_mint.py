"""Rewards per second and gas per reward: batches against one transaction per reward, with one-second blocks.

`python -m tests.bench.bench_mint`. Batches count when final (two blocks behind the head), single payments when
mined. Both run on one chain, in turn. The ratio is printed last.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time

from portal.chain import order_ref
from portal.chain.contract.rewards import Payment
from portal.flows.minting.mint_rewards import drive_minting
from tests.bench.databases import durable_database
from tests.support.chain_world import OPERATOR, TESTER, Anvil, World, close_pool, deploy

_numbers = itertools.count(1)


def in_batches(world: World, rewards: int, batch: int) -> tuple[float, float]:
    """Return rewards per second until all are final, and gas per reward."""
    world.add_rewards(rewards)
    settings = world.settings(referral_mint_batch_size=batch, referral_mint_open_transactions=1)
    before = _gas(world)
    started = time.monotonic()
    total = drive_minting(world.chain(), settings, TESTER, limit=rewards, seconds=300)
    seconds = time.monotonic() - started
    assert total.minted == rewards, total
    return rewards / seconds, (_gas(world) - before) / rewards


def one_at_a_time(world: World, rewards: int) -> tuple[float, float]:
    """Return rewards per second and gas per reward of `payReferral`, each waiting for its receipt."""
    node, contract = world.chain().node(), world.chain().contract
    gas = 0
    started = time.monotonic()
    for _ in range(rewards):
        number = next(_numbers)
        payment = Payment(f"0x{10**9 + number:040x}", 10**18, order_ref(f"single_{number}"))
        tx_hash = world.transact(
            OPERATOR, contract.address, contract.encode_payment([payment]), is_mined=False
        )
        while not (receipts := node.receipts([tx_hash])):
            time.sleep(0.01)
        gas += receipts[tx_hash].gas_used
    return rewards / (time.monotonic() - started), gas / rewards


def _gas(world: World) -> int:
    return int(world.rows("SELECT coalesce(sum(gas_used), 0) FROM chain_transactions")[0][0])


def run(world: World, pairs: int, batch: int, rewards: int) -> None:
    ratios = []
    for _ in range(pairs):
        rate, gas = in_batches(world, rewards, batch)
        single_rate, single_gas = one_at_a_time(world, 6)
        ratios.append(rate / single_rate)
        print(
            f"batches of {batch}: {rate:7.1f} final rewards/s, {gas:7.0f} gas each;"
            f"  one at a time: {single_rate:5.2f} rewards/s, {single_gas:7.0f} gas each;  x{ratios[-1]:.1f}",
            flush=True,
        )
    print(f"ratio, median of {pairs} pairs, batches of {batch}: {statistics.median(ratios):.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--batch", type=int, action="append")
    parser.add_argument("--rewards", type=int, default=400)
    arguments = parser.parse_args()
    with durable_database() as url:
        anvil = Anvil("--block-time", "1", "--slots-in-an-epoch", "1")
        try:
            world = World(url, anvil, deploy(anvil))
            # As in production, the supply and the operator's storage exist already: first writes cost more.
            world.rewards_call("setCaps(uint256,uint256)", 10**24, 10**26)
            for batch in arguments.batch or [25, 100]:
                run(world, arguments.pairs, batch, arguments.rewards)
        finally:
            close_pool()
            anvil.stop()


if __name__ == "__main__":
    main()
