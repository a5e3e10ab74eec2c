"""Mint ten thousand rewards under constant faults: `python -m tests.soak`. It has a time limit and reports the faults.

With `--hours` it repeats with another seed until the time is up.

Three replicas share one database and one chain. They are killed with SIGKILL at random failpoints and at random
times, their database sessions are ended, the mempool is emptied, nonces are used by other transactions, and the chain
is reorganized, sometimes deeper than final. They reach the chain through a provider with every fault of
`tests/support/provider_faults.py`. At the end every reward must be paid exactly once, the ledger must equal the chain,
and every invariant must hold.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace

from portal.chain.node.limits import forget_failures
from portal.chain.sending import failpoints
from portal.db import bind_database, connection
from portal.db.checks import run_checks
from portal.db.migrations import migrate
from portal.dev import start_postgres, stop_postgres
from portal.flows.minting.mint_rewards import drive_minting, mint_rewards
from tests.support.chain_world import OPERATOR, OTHER, TESTER, Anvil, World, close_pool, deploy
from tests.support.databases import execute, named
from tests.support.provider_faults import FaultyProvider
from tests.support.run import close_run, open_run, run_folder

FAILPOINTS = (
    "signed",
    "committed",
    "sent",
    "settling",
    "zero balance",
    "audited",
    "reopened",
    "resent",
    "bump_committed",
    "bump_sent",
    "filler_committed",
)
FINALITY_BLOCKS = 4
_TURN_SECONDS = 0.1


@dataclass
class Plan:
    """How many faults must occur before the recovery."""

    rewards: int
    kills: int
    reorgs: int
    deep: int
    sessions: int
    mempools: int
    provider_faults: int
    minutes: float
    seed: int
    hours: float = 0
    # How often in a turn a provider fault is planned, and after how many turns rewards are added.
    fault_chance: float = 0.25
    turns_between_rewards: int = 5


@dataclass
class Soak:
    """One run: the world, its replicas, its provider, and the faults so far."""

    world: World
    plan: Plan
    chance: random.Random
    provider: FaultyProvider
    replicas: list[int] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    added: int = 0
    started: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        self.world.anvil.request("evm_setAutomine", False)
        self.provider.plan_every_kind()
        turn = 0
        while not self._is_satisfied() and not self._is_over():
            turn += 1
            self._add_rewards(turn)
            self._replace_ended_replicas()
            self._cause_faults(turn)
            if self.chance.random() < 0.8:
                self.world.anvil.mine()
            time.sleep(_TURN_SECONDS)
            if turn % 100 == 0:
                self.report()
        if not self._is_satisfied():
            print("the time limit ended the run before all planned faults", flush=True)
        self.stop_replicas()
        self._recover()

    def _is_satisfied(self) -> bool:
        targets = {
            "kills": self.plan.kills,
            "reorgs": self.plan.reorgs,
            "deep": self.plan.deep,
            "sessions": self.plan.sessions,
            "mempools": self.plan.mempools,
        }
        is_complete = all(self.done[name] >= count for name, count in targets.items())
        has_faults = self.provider.has_committed(self.plan.provider_faults)
        return is_complete and has_faults and self.added >= self.plan.rewards

    def _is_over(self) -> bool:
        return time.monotonic() - self.started > self.plan.minutes * 60

    def _add_rewards(self, turn: int) -> None:
        missing = self.plan.rewards - self.added
        count = min(missing, self.chance.randint(1, 12)) if turn % self.plan.turns_between_rewards == 0 else 0
        self.world.add_rewards(count)
        self.added += count

    # ------------------------------------------------------------------ replicas

    def _replace_ended_replicas(self) -> None:
        for pid in list(self.replicas):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self.replicas.remove(pid)
                self.done["kills" if os.WIFSIGNALED(status) else "crashed"] += 1
        while len(self.replicas) < 3:
            self.replicas.append(self._start_replica())

    def _start_replica(self) -> int:
        seed = self.chance.random()
        pid = os.fork()
        if pid == 0:
            try:
                _mint_until_killed(self.world, random.Random(seed), self.provider.proxy.url)
            finally:
                os._exit(1)
        return pid

    def stop_replicas(self) -> None:
        """Kill the replicas that run."""
        while self.replicas:
            pid = self.replicas.pop()
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        close_pool()

    # ------------------------------------------------------------------ faults

    def _cause_faults(self, turn: int) -> None:
        if turn % 4 == 0 and self.replicas:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.chance.choice(self.replicas), signal.SIGKILL)
        if turn % 3 == 0 and self.done["reorgs"] < self.plan.reorgs * 2:
            self._reorganize(deep=turn % 24 == 0)
        if turn % 11 == 0:
            self._end_sessions()
        if turn % 7 == 0:
            self.world.anvil.request("anvil_dropAllTransactions")
            self.done["mempools"] += 1
        if turn % 50 == 0:
            with contextlib.suppress(RuntimeError):
                self.world.transact(OPERATOR, OTHER, value=1, is_mined=False)
                self.done["stolen"] += 1
        # A round makes dozens of calls: with more faults than this hardly one would end.
        if self.chance.random() < self.plan.fault_chance:
            self.provider.plan_fault(self.plan.provider_faults)

    def _reorganize(self, *, deep: bool) -> None:
        depth = FINALITY_BLOCKS + self.chance.randint(1, 5) if deep else self.chance.randint(1, 3)
        try:
            self.world.anvil.request("anvil_reorg", depth, [])
        except (RuntimeError, OSError):
            self.done["refused reorgs"] += 1
            return
        self.done["reorgs"] += 1
        self.done["deep"] += deep

    def _end_sessions(self) -> None:
        name = self.world.database_url.rpartition("/")[2]
        close_pool()
        execute(
            named(self.world.database_url, "portal"),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{name}' AND backend_type = 'client backend'",
        )
        self.done["sessions"] += 1

    # ------------------------------------------------------------------ recovery

    def _recover(self) -> None:
        """Finish with one process and no further faults or manual steps."""
        world = self.world
        forget_failures()
        world.anvil.request("evm_setIntervalMining", 1)
        settings = world.settings(referral_mint_batch_size=50)
        drive_minting(world.chain(), settings, TESTER, limit=10**6, seconds=120 + self.plan.rewards / 20)
        world.assert_paid_exactly_once(self.added)
        with connection():
            broken = run_checks()
        assert broken == {}, broken

    def report(self) -> None:
        seconds = time.monotonic() - self.started
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.done.items()))
        provider = self.provider.committed
        print(
            f"{seconds:6.0f} s  {self.added} rewards, {self.world.statuses()}: {faults},"
            f" {provider.total()} provider faults of {len(provider)} kinds",
            flush=True,
        )


def _mint_until_killed(world: World, chance: random.Random, url: str) -> None:
    bind_database(world.database_url)
    fatal = chance.choice(FAILPOINTS)

    def die_at_random(label: str) -> None:
        if label == fatal and chance.random() < 0.5:
            os.kill(os.getpid(), signal.SIGKILL)

    failpoints.listen(die_at_random)
    overrides = {"polygon_rpc_url": url, "referral_bump_after_seconds": 2, "referral_mint_batch_size": 10}
    settings, chain = world.settings(**overrides), world.chain(**overrides)
    while True:
        # Pauses of a node after a failure have tests of their own; here they would only slow the faults down.
        forget_failures()
        with contextlib.suppress(Exception):
            # A replica survives every error of the database and the node.
            mint_rewards(chain, settings, 100, TESTER)
        time.sleep(0.02)


def parse(arguments: list[str]) -> Plan:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rewards", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--reorgs", type=int, default=1000)
    parser.add_argument("--deep", type=int, default=100)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--mempools", type=int, default=300)
    parser.add_argument("--provider-faults", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--hours", type=float, default=0)
    return Plan(**vars(parser.parse_args(arguments)))


def main() -> None:
    plan = parse(sys.argv[1:])
    ends_at = time.monotonic() + plan.hours * 3600
    run_once(plan)
    while time.monotonic() < ends_at:
        plan = replace(plan, seed=plan.seed + 1)
        run_once(plan)


def run_soak(world: World, plan: Plan) -> Soak:
    """Run in an empty world; raise AssertionError if a payment is lost or repeated, or an invariant is broken."""
    chance = random.Random(plan.seed)
    provider = FaultyProvider(world.anvil.url, chance)
    soak = Soak(world, plan, chance, provider)
    world.anvil.mine(20)
    try:
        soak.run()
    finally:
        soak.stop_replicas()
        provider.proxy.stop()
    soak.report()
    print(
        f"every one of {soak.added} rewards paid exactly once; ledger and chain are equal; all invariants hold"
    )
    return soak


def run_once(plan: Plan) -> None:
    """Run once on a new database and chain."""
    print(f"seed {plan.seed}", flush=True)
    open_run()
    # By default anvil keeps ever fewer states in memory, and a reorganization below them loses all accounts.
    anvil = Anvil("--slots-in-an-epoch", "2", "--prune-history", "500")
    folder = run_folder() / "postgres-soak"
    try:
        url = start_postgres(folder)
        migrate(url)
        execute(url, "CREATE DATABASE soak TEMPLATE portal")
        bind_database(named(url, "soak"))
        run_soak(World(named(url, "soak"), anvil, deploy(anvil)), plan)
    finally:
        close_pool()
        anvil.stop()
        stop_postgres(folder)
        close_run()


if __name__ == "__main__":
    main()
