"""Ended sessions, refused connections, restored backups and replaced leaders."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import psycopg2
import pytest

from portal.chain import lead
from portal.chain.sending import failpoints
from portal.db import bind_database
from portal.db.connection import DATABASE_ERRORS, DatabaseAway
from portal.flows.minting.mint_rewards import mint_rewards
from tests.support.chain_world import TESTER, World, close_pool
from tests.support.databases import execute, named

AWAY = (DatabaseAway, *DATABASE_ERRORS, psycopg2.Error)
MAINTENANCE = "portal"


def name_of(world: World) -> str:
    return world.database_url.rpartition("/")[2]


def end_sessions(world: World) -> None:
    execute(
        named(world.database_url, MAINTENANCE),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = '{name_of(world)}' AND backend_type = 'client backend'",
    )


def at_failpoint(label: str, act: Callable[[], object]) -> None:
    """Call `act` the first time the round reaches a failpoint."""

    def listener(reached: str) -> None:
        if reached == label:
            failpoints.listen(None)
            act()

    failpoints.listen(listener)


@pytest.mark.parametrize("label", ["signed", "committed", "settling", "zero balance"])
def test_ended_sessions_lose_no_payment(world: World, label: str) -> None:
    world.add_rewards(8)
    if label in ("settling", "zero balance"):
        world.round()
        world.anvil.mine(5)
    at_failpoint(label, lambda: end_sessions(world))
    with pytest.raises(AWAY):
        world.round()
    close_pool()
    world.finish()
    world.assert_paid_exactly_once(8)


def test_stopped_database_loses_no_payment(world: World) -> None:
    world.add_rewards(5)
    maintenance = named(world.database_url, MAINTENANCE)

    def stop() -> None:
        execute(maintenance, f"ALTER DATABASE {name_of(world)} ALLOW_CONNECTIONS false")
        end_sessions(world)

    at_failpoint("signed", stop)
    with pytest.raises(AWAY):
        world.round()
    with pytest.raises(AWAY):
        world.round()
    execute(maintenance, f"ALTER DATABASE {name_of(world)} ALLOW_CONNECTIONS true")
    world.finish()
    world.assert_paid_exactly_once(5)


def test_replaced_leader_writes_nothing(world: World) -> None:
    world.add_rewards(5)
    world.round()
    world.anvil.mine(5)

    def replace_leader() -> None:
        execute(
            named(world.database_url, MAINTENANCE),
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            f" WHERE l.locktype = 'advisory' AND d.datname = '{name_of(world)}'",
        )
        with lead(world.chain().leader_name) as other:
            assert other is not None

    at_failpoint("settling", replace_leader)
    report = world.round()
    assert (report.waiting_reason, report.minted) == ("leader_lost", 0)
    assert world.count("minting") == 5
    world.finish()
    world.assert_paid_exactly_once(5)


def test_only_one_process_leads(world: World) -> None:
    world.add_rewards(2)
    with lead(world.chain().leader_name) as leader:
        assert leader is not None
        assert world.round().waiting_reason == "other_leader"
    assert world.round().submitted == 2


def test_older_backup_pays_nothing_twice(world: World) -> None:
    world.add_rewards(12)
    world.overrides["referral_mint_open_transactions"] = 1
    world.round()
    world.anvil.mine(5)
    world.round()
    backup = f"{name_of(world)}_backup"
    maintenance = named(world.database_url, MAINTENANCE)
    close_pool()
    execute(maintenance, f"CREATE DATABASE {backup} TEMPLATE {name_of(world)} STRATEGY FILE_COPY")
    try:
        world.finish()
        assert len(world.paid_events()) == 12
        close_pool()
        world.database_url = named(world.database_url, backup)
        bind_database(world.database_url)
        assert world.count("approved") > 0
        world.finish()
        world.assert_paid_exactly_once(12)
    finally:
        close_pool()
        execute(maintenance, f"DROP DATABASE {backup} WITH (FORCE)")


def test_older_backup_with_an_unknown_unmined_transaction(world: World) -> None:
    world.add_rewards(3)
    backup = f"{name_of(world)}_backup"
    maintenance = named(world.database_url, MAINTENANCE)
    world.anvil.request("evm_setAutomine", False)
    close_pool()
    execute(maintenance, f"CREATE DATABASE {backup} TEMPLATE {name_of(world)} STRATEGY FILE_COPY")
    try:
        world.round()
        close_pool()
        world.database_url = named(world.database_url, backup)
        bind_database(world.database_url)
        world.add_rewards(2)
        world.round()
        world.anvil.request("evm_setAutomine", True)
        world.finish()
        world.assert_paid_exactly_once(5)
    finally:
        close_pool()
        execute(maintenance, f"DROP DATABASE {backup} WITH (FORCE)")


def test_three_replicas_survive_killed_processes_and_sessions(world: World) -> None:
    world.add_rewards(40)
    world.anvil.request("evm_setIntervalMining", 1)
    workers: list[int] = []
    for turn in range(24):
        workers = [pid for pid in workers if not _ended(pid)]
        while len(workers) < 3:
            workers.append(_replica(world))
        if turn % 3 == 0:
            os.kill(workers[turn % 2], signal.SIGKILL)
        if turn % 5 == 4:
            end_sessions(world)
        world.anvil.mine(2)
        _pause()
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    close_pool()
    world.anvil.request("evm_setAutomine", True)
    world.finish()
    world.assert_paid_exactly_once(40)


def _replica(world: World) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            bind_database(world.database_url)
            chain, settings = world.chain(), world.settings()
            while True:
                mint_rewards(chain, settings, 5, TESTER)
                _pause()
        finally:
            os._exit(0)
    return pid


def _ended(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] != 0


def _pause() -> None:
    time.sleep(0.15)
