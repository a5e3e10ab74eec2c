"""Long and combined faults of payouts on chain, each ending with every vendor paid once and ledger equal to chain."""

from __future__ import annotations

import itertools
import os
import random
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from models import ChainTransaction, ForeignPayment, Settlement
from portal.chain.sending import failpoints as labels
from portal.db import bind_database
from portal.flows.payouts.pay_settlements import run_payouts
from tests.factories import ACTOR
from tests.flows.payouts.bank import (
    TOKEN,
    TREASURY,
    Bank,
    age_audit,
    backup,
    deploy_payout_contract,
    fork,
    fresh,
    fund,
    make_due,
    mint_tokens,
    restore,
    wait_for,
)
from tests.support.repeats import repeats
from tests.support.rpc_proxy import Fault, RpcProxy

SHARE = 750 * TOKEN // 40
KILLS = repeats(15, many=50)


@pytest.fixture
def proxy(bank: Bank) -> Iterator[RpcProxy]:
    proxy = RpcProxy(bank.chain.rpc_url)
    bank.change(polygon_rpc_url=proxy.url)
    yield proxy
    proxy.stop()


def run_until(bank: Bank, at: int | str | None) -> None:
    """Run payouts, and die by SIGKILL at a failpoint, given by its label or its number."""
    bind_database(str(bank.settings.database_url))
    seen = itertools.count(1)

    def die(passed: str) -> None:
        if at in (passed, next(seen)):
            os.kill(os.getpid(), signal.SIGKILL)

    labels.listen(die)
    run_payouts(bank.settings, ACTOR)


def is_killed(pid: int) -> bool:
    return os.WIFSIGNALED(wait_for(pid))


@pytest.mark.slow
def test_kills_pay_every_vendor_once(bank: Bank) -> None:
    chance = random.Random(20261128)
    vendors = [bank.vendor() for _ in range(3)]
    owed, kills, rounds = [0, 0, 0], 0, 0
    while kills < KILLS:
        rounds += 1
        assert rounds < 6 * KILLS, f"only {kills} kills"
        if rounds % 2:
            number = chance.randrange(3)
            make_due(vendors[number][0])
            owed[number] += SHARE
        at = chance.randint(1, 5)
        kills += is_killed(fork(lambda at=at: run_until(bank, at)))
        bank.chain.mine(chance.choice((1, 40, 70)))
        if chance.random() < 0.3:
            age_audit()
    bank.finish()
    bank.finish()
    assert {row.status for row in Settlement.select()} == {"completed"}
    assert [bank.balance(wallet) for _, wallet in vendors] == owed
    bank.assert_ledger_equals_chain()


@pytest.mark.slow
def test_three_processes_on_one_database_pay_once(bank: Bank) -> None:
    vendors = [bank.vendor() for _ in range(4)]
    for vendor, _ in vendors * 3:
        make_due(vendor)
    for _ in range(6):
        workers = [fork(lambda: run_until(bank, None)) for _ in range(3)]
        os.kill(workers[0], signal.SIGKILL)
        for pid in workers:
            wait_for(pid)
        bank.chain.mine(70)
    bank.finish()
    assert [bank.balance(wallet) for _, wallet in vendors] == [3 * SHARE] * 4
    bank.assert_ledger_equals_chain()


# ---------------------------------------------------------------------- backends of a node that disagree


def lag_logs(bank: Bank, blocks: int) -> Fault:
    """Hide the events of the latest blocks, as a backend that indexes them later does."""

    def hide(_: str, logs: Any) -> Any:
        head = int(bank.chain.call("eth_blockNumber"), 16)
        return [log for log in logs or [] if int(log["blockNumber"], 16) <= head - blocks]

    return Fault("rewrite", ("eth_getLogs",), rewrite=hide)


@pytest.mark.parametrize("lag", [1, 5, 30])
@pytest.mark.parametrize("is_restored", [False, True], ids=["running", "restored"])
def test_logs_that_come_late_pay_nothing_twice(
    bank: Bank, proxy: RpcProxy, lag: int, is_restored: bool
) -> None:
    vendor, wallet = bank.vendor()
    first = make_due(vendor)
    backup()
    proxy.faults.append(lag_logs(bank, lag))
    if is_restored:
        bank.run()
        # Two blocks are not final here, so the payment is final before its event is shown.
        bank.chain.mine(3)
        restore()
        age_audit()
    # Together with the first one this makes another reference, which the contract would pay.
    second = make_due(vendor)
    for _ in range(8):
        bank.run()
        bank.chain.mine(6)
    proxy.faults.clear()
    bank.finish()
    bank.finish()
    assert bank.balance(wallet) == 2 * SHARE
    assert fresh(first).status == fresh(second).status == "completed"
    bank.assert_ledger_equals_chain()


def test_null_receipts_with_a_newer_nonce_fail_nothing(bank: Bank, proxy: RpcProxy) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    bank.run()
    bank.chain.mine(70)
    proxy.faults.append(Fault("rewrite", ("eth_getTransactionReceipt",), rewrite=lambda *_: None))
    for _ in range(4):
        bank.run()
        bank.chain.mine(5)
        assert (fresh(row).status, ChainTransaction.select().count()) == ("processing", 1)
    proxy.faults.clear()
    bank.finish()
    assert bank.balance(wallet) == SHARE
    bank.assert_ledger_equals_chain()


# ---------------------------------------------------------------------- reorganizations


@pytest.mark.parametrize("is_foreign", [False, True], ids=["own", "of_a_copy"])
def test_reorganization_longer_than_the_rewind_is_noticed_hours_later(bank: Bank, is_foreign: bool) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    backup()
    snapshot = bank.chain.call("evm_snapshot")
    bank.finish()
    if is_foreign:
        restore()
        age_audit()
        bank.run()
        assert ForeignPayment.select().count() == 1
    assert fresh(row).status == "completed"
    bank.chain.mine(2_500)
    age_audit()
    bank.run()
    bank.chain.call("evm_revert", snapshot)
    # The new branch is longer, and the operator used its nonces there for something else.
    fund(bank, SHARE, TREASURY)
    bank.transact(TREASURY, bank.token.encode_transfer(bank.contract_address, SHARE))
    bank.chain.mine(4_000)
    age_audit()
    assert bank.balance(wallet) == 0
    for _ in range(3):
        bank.run()
        bank.chain.mine(70)
        age_audit()
    bank.finish()
    assert fresh(row).status == "completed"
    assert bank.balance(wallet) == SHARE
    bank.assert_ledger_equals_chain()


# ---------------------------------------------------------------------- settings changed in flight


@pytest.mark.parametrize("label", ["batch_opened", "signed", "payout_committed", "payout_sent"])
@pytest.mark.parametrize("change", ["mode", "contract"])
def test_settings_changed_in_flight_pay_once(bank: Bank, label: str, change: str) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    assert is_killed(fork(lambda: run_until(bank, label)))
    other = deploy_payout_contract(bank.chain, bank.chain.token_address)
    mint_tokens(bank.chain, other, 1000 * TOKEN)
    bank.chain.mine(70)
    before = bank.settings
    if change == "mode":
        bank.change(settlement_payout_mode="simulated")
    else:
        bank.change(settlement_payout_contract_address=other)
    for _ in range(5):
        bank.run()
        bank.chain.mine(70)
    assert fresh(row).status == "completed"
    assert bank.balance(wallet) == SHARE
    bank.settings = before
    age_audit()
    bank.finish()
    later = make_due(vendor)
    bank.finish()
    assert fresh(later).status == "completed"
    assert bank.balance(wallet) == 2 * SHARE
