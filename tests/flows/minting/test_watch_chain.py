"""The stored state of the minter: a healthy one, and one without gas."""

from __future__ import annotations

from portal.chain import open_chain
from portal.flows.minting.watch_chain import last_watch, watch_chain
from portal.settings import Settings
from tests.flows.conftest import settings_with
from tests.support.chains import LocalChain


def settings_for(chain: LocalChain) -> Settings:
    return settings_with(
        polygon_rpc_url=chain.rpc_url,
        referral_chain_id=chain.chain_id,
        referral_rewards_address=chain.rewards_address,
        referral_reward_token_address=chain.token_address,
        referral_minter_private_key=chain.operator_key,
    )


def test_healthy_minter_has_a_balance_and_no_problems(database: str, chain: LocalChain) -> None:
    settings = settings_for(chain)
    chain_context = open_chain(settings)
    assert last_watch(chain_context) is None
    assert watch_chain(chain_context, settings) == []
    watch = last_watch(chain_context)
    assert watch is not None
    assert int(watch.operator_balance_wei or 0) > 0


def test_minter_without_gas_is_reported(database: str, chain: LocalChain) -> None:
    settings = settings_for(chain)
    chain_context = open_chain(settings)
    chain.call("anvil_setBalance", chain_context.operator.address, "0x0")
    assert "no_gas" in watch_chain(chain_context, settings)
    assert "no_gas" in last_watch(chain_context).problems
