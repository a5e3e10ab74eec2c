"""Restore drills: after a restore nothing is sent before the history of the chain was compared, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models import Settlement
from portal.chain.sending import failpoints
from portal.db import bind_database, connection
from portal.db.backup import create_backup, read_backup, restore_backup
from tests.flows.conftest import settings_with
from tests.flows.payouts.bank import TOKEN, TREASURY_KEY, Bank, deploy_payout_contract, make_due, mint_tokens
from tests.support.chain_world import World, close_pool
from tests.support.chains import LocalChain
from tests.support.databases import wait_until_alone

SENT = {"committed", "sent", "resent", "bump_committed", "bump_sent", "filler_committed"}
PAID = {"payout_committed", "payout_sent", *SENT}


@pytest.fixture
def bank(database_url: str, chain: LocalChain) -> Iterator[Bank]:
    """Yield a bank whose database can be replaced."""
    contract = deploy_payout_contract(chain, chain.token_address)
    mint_tokens(chain, contract, 1000 * TOKEN)
    settings = settings_with(
        database_url=database_url,
        settlement_payout_mode="onchain",
        settlement_payout_private_key=TREASURY_KEY,
        settlement_payout_token_address=chain.token_address,
        settlement_payout_contract_address=contract,
        polygon_rpc_url=chain.rpc_url,
        referral_chain_id=chain.chain_id,
        referral_tip_gwei=1,
    )
    bind_database(database_url)
    try:
        yield Bank(chain, settings, {})
    finally:
        failpoints.listen(None)
        close_pool()


def restore(dump: Path, url: str) -> None:
    """Restore a backup in place, as an operator does after stopping the portal."""
    close_pool()
    wait_until_alone(url)
    restore_backup(dump, read_backup(dump), url, replace=url.rpartition("/")[2])
    bind_database(url)


def labels_of(work: Callable[[], object]) -> list[str]:
    """Return the failpoints that a run passes, in order."""
    labels: list[str] = []
    failpoints.listen(labels.append)
    try:
        work()
    finally:
        failpoints.listen(None)
    return labels


def assert_compared_before_sending(labels: list[str], sending: set[str]) -> None:
    assert "audited" in labels
    assert not sending & set(labels[: labels.index("audited")])


@pytest.mark.parametrize("is_under_way", [False, True], ids=["before_minting", "while_minting"])
def test_restored_backup_mints_no_reward_twice(world: World, tmp_path: Path, *, is_under_way: bool) -> None:
    world.add_rewards(1)
    world.finish()
    world.add_rewards(11)
    if is_under_way:
        world.overrides["referral_mint_open_transactions"] = 1
        world.round()
    dump = tmp_path / "portal.dump"
    create_backup(world.database_url, dump, print)
    world.finish()
    assert len(world.paid_events()) == 12
    restore(dump, world.database_url)
    assert world.count("minted") == 1
    world.add_rewards(3)
    assert_compared_before_sending(labels_of(world.round), SENT)
    world.finish()
    world.assert_paid_exactly_once(15)


def test_restored_backup_pays_no_vendor_twice(bank: Bank, tmp_path: Path) -> None:
    url, dump = str(bank.settings.database_url), tmp_path / "portal.dump"
    with connection():
        paid, wallet = bank.vendor()
        make_due(paid)
        later, later_wallet = bank.vendor()
        bank.chain.mine(70)
    create_backup(url, dump, print)
    with connection():
        bank.finish()
        balance = bank.balance(wallet)
        assert balance > 0
    bank.chain.mine(70)
    restore(dump, url)
    with connection():
        assert [row.status for row in Settlement.select()] == ["pending"]
        make_due(later)
        assert_compared_before_sending(labels_of(bank.run), PAID)
        bank.finish()
        assert {row.status for row in Settlement.select()} == {"completed"}
        assert (bank.balance(wallet), bank.balance(later_wallet)) == (balance, balance)
        bank.assert_ledger_equals_chain()
