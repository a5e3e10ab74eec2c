"""The stored state of the minter: a healthy one, and one without gas."""

from __future__ import annotations

import logging

import pytest

from portal.chain import open_chain
from portal.db import Actor
from portal.flows.minting.mint_rewards import mint_rewards, waiting_reason
from portal.flows.minting.watch_chain import last_watch, watch_chain
from portal.settings import Settings
from tests.flows.conftest import settings_with
from tests.support.chains import LocalChain


def settings_for(chain: LocalChain, rpc_url: str = "") -> Settings:
    return settings_with(
        polygon_rpc_url=rpc_url or chain.rpc_url,
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


def events(caplog: pytest.LogCaptureFixture) -> list[tuple[str, object]]:
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [(line["event"], line.get("reason", line.get("problems"))) for line in lines]


def test_why_minting_waits_is_logged_when_it_changes(
    database: str, chain: LocalChain, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(chain)
    lost, chain_context = open_chain(settings_for(chain, "http://127.0.0.1:1")), open_chain(settings)
    actor = Actor.job("test")
    with caplog.at_level(logging.INFO, logger="portal"):
        for _ in range(3):
            mint_rewards(lost, settings, 5, actor)
        assert events(caplog) == [("minting waits", "chain_away")]
        reason = waiting_reason(chain.chain_id)
        assert reason is not None
        assert "did not answer" in reason.detail
        for _ in range(3):
            mint_rewards(chain_context, settings, 5, actor)
        assert events(caplog)[1:] == [("minting is possible", None)]


def test_problems_are_logged_when_they_change(
    database: str, chain: LocalChain, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_for(chain)
    chain_context = open_chain(settings)
    chain.call("anvil_setBalance", chain_context.operator.address, "0x0")
    for _ in range(3):
        watch_chain(chain_context, settings)
    assert events(caplog) == [("minting needs attention", ["no_gas"])]
