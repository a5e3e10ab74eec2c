"""Mint a thousand rewards under constant faults: `python -m tests.soak`. It has a time limit and reports the faults.

With `--hours` it repeats with another seed until the time is up.

Three replicas share one database and one chain. They are killed with SIGKILL at random failpoints and at random
times, their database sessions are ended, the mempool is emptied, nonces are used by other transactions, and the chain
is reorganized, sometimes deeper than final. At the end every reward must be paid exactly once, and the ledger must
equal the chain.
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

from portal.chain.sending import failpoints
from portal.db import bind_database
from portal.db.migrations import migrate
from portal.dev import start_postgres, stop_postgres
from portal.flows.minting.mint_rewards import drive_minting, mint_rewards
from tests.support.chain_world import OPERATOR, OTHER, TESTER, Anvil, World, close_pool, deploy
from tests.support.databases import execute, named
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
    minutes: float
    seed: int
    hours: float = 0


@dataclass
class Soak:
    """One run: the world, its replicas, and the faults so far."""

    world: World
    plan: Plan
    chance: random.Random
    replicas: list[int] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    added: int = 0
    started: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        self.world.anvil.request("evm_setAutomine", False)
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
        self._stop_replicas()
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
        return is_complete and self.added >= self.plan.rewards

    def _is_over(self) -> bool:
        return time.monotonic() - self.started > self.plan.minutes * 60

    def _add_rewards(self, turn: int) -> None:
        missing = self.plan.rewards - self.added
        count = min(missing, self.chance.randint(1, 12)) if turn % 5 == 0 else 0
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
                _mint_until_killed(self.world, random.Random(seed))
            finally:
                os._exit(1)
        return pid

    def _stop_replicas(self) -> None:
        for pid in self.replicas:
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
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        self.done["sessions"] += 1

    # ------------------------------------------------------------------ recovery

    def _recover(self) -> None:
        """Finish with one process and no further faults or manual steps."""
        world = self.world
        world.anvil.request("evm_setIntervalMining", 1)
        seconds = 120
        drive_minting(world.chain(), world.settings(), TESTER, limit=10**6, seconds=seconds)
        world.assert_paid_exactly_once(self.added)

    def report(self) -> None:
        seconds = time.monotonic() - self.started
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.done.items()))
        print(f"{seconds:6.0f} s  {self.added} rewards, {self.world.statuses()}: {faults}", flush=True)


def _mint_until_killed(world: World, chance: random.Random) -> None:
    bind_database(world.database_url)
    fatal = chance.choice(FAILPOINTS)

    def die_at_random(label: str) -> None:
        if label == fatal and chance.random() < 0.5:
            os.kill(os.getpid(), signal.SIGKILL)

    failpoints.listen(die_at_random)
    settings = world.settings(referral_bump_after_seconds=2, referral_mint_batch_size=10)
    chain = world.chain(referral_bump_after_seconds=2)
    while True:
        with contextlib.suppress(Exception):
            # A replica survives every error of the database and the node.
            mint_rewards(chain, settings, 10, TESTER)
        time.sleep(0.02)


def parse(arguments: list[str]) -> Plan:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rewards", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--reorgs", type=int, default=100)
    parser.add_argument("--deep", type=int, default=10)
    parser.add_argument("--sessions", type=int, default=40)
    parser.add_argument("--mempools", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=15)
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


def run_once(plan: Plan) -> None:
    """Run once on a new database and chain; raise AssertionError if a payment is lost or repeated."""
    print(f"seed {plan.seed}", flush=True)
    open_run()
    anvil = Anvil()
    folder = run_folder() / "postgres-soak"
    try:
        url = start_postgres(folder)
        migrate(url)
        execute(url, "CREATE DATABASE soak TEMPLATE portal")
        bind_database(named(url, "soak"))
        soak = Soak(World(named(url, "soak"), anvil, deploy(anvil)), plan, random.Random(plan.seed))
        anvil.mine(20)
        soak.run()
        soak.report()
        print(f"every one of {soak.added} rewards paid exactly once; ledger and chain are equal")
    finally:
        close_pool()
        anvil.stop()
        stop_postgres(folder)
        close_run()


if __name__ == "__main__":
    main()
