"""`mint abandon`: transactions of an earlier key that can never pay are given up, and their rewards paid once."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.app import create_app
from portal.chain.contract.rewards import OPERATOR_ROLE
from tests.chain.test_chain_commands import invoke
from tests.support.chain_world import OPERATOR, OTHER, World

# anvil's third development key, of OTHER.
OTHER_KEY = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"


@pytest.fixture
def stuck(world: World) -> World:
    """Leave a transaction of the first key in no mempool, and configure another key that may pay."""
    world.add_rewards(4)
    world.anvil.request("evm_setAutomine", False)
    world.round()
    world.anvil.request("anvil_dropAllTransactions")
    world.anvil.request("evm_setAutomine", True)
    world.overrides["referral_minter_private_key"] = OTHER_KEY
    world.rewards_call("grantRole(bytes32,address)", OPERATOR_ROLE, OTHER)
    return world


@pytest.fixture
def app(stuck: World) -> Flask:
    return create_app(stuck.settings())


def test_key_that_may_still_pay_is_not_abandoned(stuck: World, app: Flask) -> None:
    result = invoke(app, "mint", "abandon", "--yes")
    assert result.exit_code == 1
    assert "still has OPERATOR_ROLE" in result.output
    stuck.rewards_call("revokeRole(bytes32,address)", OPERATOR_ROLE, OPERATOR)
    result = invoke(app, "mint", "abandon", "--yes")
    assert result.exit_code == 1, "the revocation is not final"
    assert stuck.statuses() == {"minting": 4}


def test_revoked_key_is_abandoned_and_its_rewards_are_paid_once(stuck: World, app: Flask) -> None:
    stuck.rewards_call("revokeRole(bytes32,address)", OPERATOR_ROLE, OPERATOR)
    stuck.anvil.mine(6)
    assert invoke(app, "mint", "abandon").exit_code == 1, "it asks first"
    assert stuck.statuses() == {"minting": 4}
    result = invoke(app, "mint", "abandon", "--yes")
    assert result.exit_code == 0, result.output
    assert "4 rewards: abandoned." in result.output
    assert stuck.statuses() == {"approved": 4}
    assert stuck.rows("SELECT status FROM chain_transactions") == [("abandoned",)]
    stuck.finish()
    stuck.assert_paid_exactly_once(4)
    assert "No transaction" in invoke(app, "mint", "abandon", "--yes").output
    # The first key is granted its role again, and its old transaction is sent by someone who has kept it.
    stuck.rewards_call("grantRole(bytes32,address)", OPERATOR_ROLE, OPERATOR)
    ((raw,),) = stuck.rows(
        "SELECT a.raw FROM chain_attempts a JOIN chain_transactions t ON t.id = a.transaction_id"
        " WHERE t.status = 'abandoned'"
    )
    stuck.anvil.request("eth_sendRawTransaction", "0x" + bytes(raw).hex())
    stuck.finish()
    stuck.assert_paid_exactly_once(4)


def test_used_nonce_is_abandoned_although_the_key_may_pay(stuck: World, app: Flask) -> None:
    stuck.transact(OPERATOR, OTHER, value=1)
    stuck.anvil.mine(6)
    result = invoke(app, "mint", "abandon", "--yes")
    assert result.exit_code == 0, result.output
    stuck.finish()
    stuck.assert_paid_exactly_once(4)


def test_mined_transaction_is_left_to_a_round(stuck: World, app: Flask) -> None:
    ((raw,),) = stuck.rows("SELECT raw FROM chain_attempts")
    stuck.anvil.request("eth_sendRawTransaction", "0x" + bytes(raw).hex())
    result = invoke(app, "mint", "abandon", "--yes")
    assert result.exit_code == 1
    assert "it is mined" in result.output
    stuck.finish()
    stuck.assert_paid_exactly_once(4)
