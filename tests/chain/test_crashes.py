"""A process killed with SIGKILL at each failpoint: the next one finishes, and no payment is lost or repeated."""

from __future__ import annotations

import itertools
import time
from importlib import import_module

import pytest

from portal.chain.sending.fees import GWEI
from portal.db import locks
from portal.db.connection import _SESSION_SETTINGS
from tests.support.chain_world import World, paused_at, run_and_die


@pytest.mark.parametrize("label", ["signed", "committed", "sent"])
def test_kill_while_sending_loses_no_payment(world: World, label: str) -> None:
    world.add_rewards(7)
    assert run_and_die(world, label)
    world.finish()
    world.assert_paid_exactly_once(7)


@pytest.mark.parametrize("label", ["settling", "zero balance", "audited"])
def test_kill_while_settling_loses_no_payment(world: World, label: str) -> None:
    world.add_rewards(4)
    world.round()
    world.anvil.mine(5)
    assert run_and_die(world, label)
    world.finish()
    world.assert_paid_exactly_once(4)


@pytest.mark.parametrize("label", ["bump_committed", "bump_sent"])
def test_kill_while_bumping_loses_no_payment(world: World, label: str) -> None:
    world.add_rewards(3)
    world.anvil.request("evm_setAutomine", False)
    world.round()
    time.sleep(1.1)
    assert run_and_die(world, label, referral_bump_after_seconds=1)
    world.anvil.request("evm_setAutomine", True)
    world.finish()
    world.assert_paid_exactly_once(3)


def test_kill_while_reopening_loses_no_payment(world: World) -> None:
    world.add_rewards(3)
    world.finish()
    world.anvil.request("anvil_reorg", 8, [])
    assert run_and_die(world, "reopened")
    world.finish()
    world.assert_paid_exactly_once(3)


@pytest.mark.parametrize("label", ["signed", "committed", "sent", "settling"])
def test_paused_leader_loses_its_right_and_writes_nothing_later(
    world: World, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    monkeypatch.setattr(locks, "_LONGEST_PAUSE", "1s")
    monkeypatch.setattr(locks, "_ALIVE_SECONDS", 0.3)
    settings = _SESSION_SETTINGS.replace("'60s'", "'1s'")
    monkeypatch.setattr(import_module("portal.db.connection"), "_SESSION_SETTINGS", settings)
    world.add_rewards(7)
    if label == "settling":
        world.round()
        world.anvil.mine(5)
    with paused_at(world, label):
        time.sleep(2)
        world.finish(rounds=12)
        world.assert_paid_exactly_once(7)
    world.finish()
    world.assert_paid_exactly_once(7)


def test_uncommitted_transaction_leaves_no_rows(world: World) -> None:
    world.add_rewards(2)
    run_and_die(world, "signed")
    assert world.statuses() == {"approved": 2}
    assert world.rows("SELECT count(*) FROM chain_transactions") == [(0,)]


def test_committed_transaction_is_sent_unchanged(world: World) -> None:
    world.add_rewards(2)
    run_and_die(world, "committed")
    stored = world.rows("SELECT tx_hash, sends FROM chain_attempts")
    assert [row[1] for row in stored] == [0]
    world.finish()
    assert world.rows("SELECT tx_hash FROM chain_transactions") == [(stored[0][0],)]
    assert {event.tx_hash for event in world.paid_events()} == {stored[0][0]}


def test_every_bump_raises_both_fees_by_an_eighth(world: World) -> None:
    world.add_rewards(1)
    world.anvil.request("evm_setAutomine", False)
    world.round()
    for _ in range(2):
        time.sleep(1.1)
        world.round(referral_bump_after_seconds=1)
    fees = world.rows("SELECT max_fee_wei, tip_wei FROM chain_attempts ORDER BY id")
    assert len(fees) == 3
    for (old_fee, old_tip), (new_fee, new_tip) in itertools.pairwise(fees):
        assert new_fee * 8 >= old_fee * 9
        assert new_tip * 8 >= old_tip * 9
    assert all(fee <= 2000 * GWEI for fee, _ in fees)
    world.anvil.request("evm_setAutomine", True)
    world.finish()
    world.assert_paid_exactly_once(1)
