"""A short soak: every kind of provider fault, kills and reorganizations; `make soak` runs it for hours."""

from __future__ import annotations

from tests.soak import Plan, run_soak
from tests.support.chain_world import World
from tests.support.provider_faults import KINDS


def test_short_soak_pays_every_reward_once(world: World) -> None:
    plan = Plan(
        rewards=120,
        kills=12,
        reorgs=8,
        deep=2,
        sessions=2,
        mempools=2,
        provider_faults=1,
        minutes=2,
        seed=1,
        fault_chance=0.1,
        turns_between_rewards=2,
    )
    soak = run_soak(world, plan)
    assert soak.added == 120
    assert set(soak.provider.committed) == set(KINDS)
