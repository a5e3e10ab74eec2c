"""The watch keeps what it saw: a healthy minter, one that runs out of gas, a paused contract."""

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


def test_a_healthy_minter_has_no_problem_and_a_balance(database: str, chain: LocalChain) -> None:
    settings = settings_for(chain)
    opened = open_chain(settings)
    assert last_watch(opened) is None
    assert watch_chain(opened, settings) == []
    seen = last_watch(opened)
    assert seen is not None
    assert int(seen.operator_balance_wei or 0) > 0


def test_an_empty_minter_is_told(database: str, chain: LocalChain) -> None:
    settings = settings_for(chain)
    opened = open_chain(settings)
    chain.call("anvil_setBalance", opened.operator.address, "0x0")
    assert "no_gas" in watch_chain(opened, settings)
    assert "no_gas" in last_watch(opened).problems
