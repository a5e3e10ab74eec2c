"""Two portals on one treasury: databases restored from one copy, with the same key and contract, running at once."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from models import Settlement
from portal.chain.sending import failpoints as labels
from portal.db import bind_database, connection
from portal.flows.payouts.pay_settlements import run_payouts
from tests.factories import ACTOR
from tests.flows.conftest import settings_with
from tests.flows.payouts.bank import (
    TOKEN,
    TREASURY_KEY,
    Bank,
    deploy_payout_contract,
    fork,
    make_due,
    mint_tokens,
    wait_for,
)
from tests.support.chain_world import close_pool
from tests.support.chains import LocalChain
from tests.support.databases import execute, named

SHARE = 750 * TOKEN // 40


@pytest.fixture
def bank(database_url: str, chain: LocalChain) -> Iterator[Bank]:
    """Yield a bank whose database can be copied."""
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
        labels.listen(None)
        close_pool()


def run_often(bank: Bank, url: str) -> None:
    bind_database(url)
    for _ in range(8):
        run_payouts(bank.settings, ACTOR)


@pytest.mark.slow
def test_two_portals_of_one_copy_pay_every_vendor_once(bank: Bank) -> None:
    with connection():
        wallets = []
        for _ in range(6):
            vendor, wallet = bank.vendor()
            make_due(vendor)
            make_due(vendor, currency="USD", amount=10_000)
            wallets.append(wallet)
    close_pool()
    bank.chain.mine(70)
    original = str(bank.settings.database_url)
    name = urlsplit(original).path[1:]
    maintenance, copy = named(original, "portal"), named(original, f"{name}_copy")
    execute(maintenance, f"CREATE DATABASE {name}_copy TEMPLATE {name} STRATEGY FILE_COPY")
    try:
        for _ in range(3):
            portals = [fork(lambda url=url: run_often(bank, url)) for url in (original, copy)]
            for pid in portals:
                wait_for(pid)
            bank.chain.mine(70)
        for url in (original, copy):
            bind_database(url)
            with connection():
                bank.finish()
                assert {row.status for row in Settlement.select()} == {"completed"}
                bank.assert_ledger_equals_chain()
                assert [bank.balance(wallet) for wallet in wallets] == [SHARE + 75 * TOKEN] * 6
            close_pool()
    finally:
        close_pool()
        execute(maintenance, f"DROP DATABASE {name}_copy WITH (FORCE)")
