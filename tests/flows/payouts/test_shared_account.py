"""Payouts and rewards of one account: consecutive nonces, one payout at a time, each paid once."""

from __future__ import annotations

from pydantic import SecretStr

from models import ChainTransaction, Payout
from portal.chain.contract.abi import encode_call
from portal.chain.contract.rewards import OPERATOR_ROLE
from portal.chain.deployment import Deployment
from portal.dev.anvil import OPERATOR_KEY
from tests.flows.payouts.bank import TOKEN, Bank, make_due
from tests.support.chain_world import ADMIN, OPERATOR, Anvil, World


def share_account(bank: Bank) -> World:
    """Let the minter's account make the payouts too; return the world of its rewards."""
    grant = encode_call("grantRole(bytes32,address)", OPERATOR_ROLE, OPERATOR)
    bank.transact(ADMIN, grant, bank.contract_address)
    bank.chain.mine(70)
    bank.change(settlement_payout_private_key=SecretStr(OPERATOR_KEY))
    chain = bank.chain
    deployment = Deployment(
        chain.chain_id, chain.rewards_address, "", chain.token_address, ADMIN, OPERATOR, mode=0, block=0
    )
    return World(str(bank.settings.database_url), Anvil.at(chain.rpc_url), deployment)


def test_payout_follows_open_rewards_of_the_same_account(bank: Bank) -> None:
    world = share_account(bank)
    world.add_rewards(12)
    vendor, wallet = bank.vendor()
    make_due(vendor, currency="USD", amount=10_000)
    bank.chain.call("evm_setAutomine", False)
    assert world.round().submitted == 12
    bank.run()
    rows = ChainTransaction.select().where(ChainTransaction.status == "open").order_by(ChainTransaction.nonce)
    assert [row.purpose for row in rows] == ["reward", "reward", "reward", "payout"]
    assert [row.nonce - rows[0].nonce for row in rows] == [0, 1, 2, 3]
    bank.chain.call("evm_setAutomine", True)
    bank.finish()
    world.round()
    assert bank.balance(wallet) == 75 * TOKEN
    assert [payout.status for payout in Payout.select()] == ["completed"]
    assert world.statuses() == {"minted": 12}


def test_payout_waits_for_gas_beside_open_rewards(bank: Bank) -> None:
    world = share_account(bank)
    world.add_rewards(12)
    vendor, wallet = bank.vendor()
    make_due(vendor, currency="USD", amount=10_000)
    bank.chain.call("evm_setAutomine", False)
    assert world.round().submitted == 12
    ((reserved,),) = world.rows(
        "SELECT sum(t.gas_limit * a.max_fee_wei) FROM chain_transactions t JOIN chain_attempts a"
        " ON a.transaction_id = t.id"
    )
    bank.chain.call("anvil_setBalance", OPERATOR, hex(int(reserved) + 1))
    assert bank.run().waiting_reason == "no_gas"
    bank.chain.call("evm_setAutomine", True)
    bank.chain.call("anvil_setBalance", OPERATOR, hex(10**20))
    bank.finish()
    assert bank.balance(wallet) == 75 * TOKEN
