"""A payout contract with tokens on a local chain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.chain.sending import failpoints as labels
from portal.db.checks import run_checks
from tests.flows.conftest import settings_with
from tests.flows.payouts.bank import TOKEN, TREASURY_KEY, Bank, deploy_payout_contract, drop_backup, fund
from tests.support.chains import LocalChain


@pytest.fixture
def bank(database: str, chain: LocalChain) -> Iterator[Bank]:
    environment = {
        "database_url": database,
        "settlement_payout_mode": "onchain",
        "settlement_payout_private_key": TREASURY_KEY,
        "settlement_payout_token_address": chain.token_address,
        "settlement_payout_contract_address": deploy_payout_contract(chain, chain.token_address),
        "polygon_rpc_url": chain.rpc_url,
        "referral_chain_id": chain.chain_id,
        "referral_tip_gwei": 1,
    }
    bank = Bank(chain, settings_with(**environment), environment)
    fund(bank, 1000 * TOKEN)
    chain.mine(70)
    try:
        yield bank
    finally:
        labels.listen(None)
        drop_backup()
    assert {name for name in run_checks() if "payout" in name or "settlement" in name} == set()
