"""What operators see of the payout contract: the watching job, `chain status`, `chain fund`, and the settings."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from portal.app import create_app
from portal.chain.deployment import Deployment, find_record, write_record
from portal.chain.errors import DeploymentFailed
from portal.chain.sending.keys import OperatorKey
from portal.cli.chain_fund import _transfer, _units, payout_options, treasury_lines
from portal.flows.payouts.watch_treasury import watch_treasury
from tests.flows.conftest import settings_with
from tests.flows.payouts.bank import OTHER, TOKEN, TREASURY, TREASURY_KEY, Bank, deploy_payout_contract, fund
from tests.flows.payouts.test_pay_settlements_on_chain import drain


def test_empty_treasury_is_reported_and_a_full_one_is_not(bank: Bank) -> None:
    assert watch_treasury(bank.settings) == []
    assert "1000" in "\n".join(treasury_lines(bank.settings))
    drain(bank)
    assert watch_treasury(bank.settings) == ["treasury_empty"]
    assert "chain fund AMOUNT" in treasury_lines(bank.settings)[-1]


def test_missing_contract_and_wrong_operator_are_reported(bank: Bank) -> None:
    other = OperatorKey.from_private_key("0x" + "11" * 32)
    bank.chain.call("anvil_setBalance", other.address, hex(10**18))
    assert watch_treasury(bank.settings.model_copy(update={"settlement_payout_contract_address": ""})) == [
        "not_configured"
    ]
    bank.change(settlement_payout_contract_address=bank.chain.rewards_address)
    assert {"role_missing", "mode_differs"} <= set(watch_treasury(bank.settings))


@pytest.mark.parametrize("with_rewards", [True, False], ids=["with_rewards", "payouts_only"])
def test_readyz_shows_the_first_problem_of_payouts_and_stays_ready(bank: Bank, with_rewards: bool) -> None:
    rewards = {"referral_rewards_address": bank.chain.rewards_address} if with_rewards else {}
    bank.change(**rewards)
    app, address = create_app(bank.settings), "settlement_payout_contract_address"
    empty = deploy_payout_contract(bank.chain, bank.chain.token_address)
    for change, expected in (
        ({}, "ok" if with_rewards else "not_configured"),
        ({address: OTHER}, "contract_missing"),
        ({address: ""}, "not_configured"),
        ({address: empty}, "treasury_empty"),
        ({address: bank.chain.rewards_address}, "role_missing"),
        ({"settlement_payout_token_address": empty}, "token_differs"),
        ({"polygon_rpc_url": "http://127.0.0.1:9"}, "chain_away"),
    ):
        watch_treasury(bank.settings.model_copy(update=change))
        app.extensions["health"].forget()
        response = app.test_client().get("/readyz")
        assert (response.status_code, response.get_json()["chain"]) == (200, expected), change


def test_fund_sends_tokens_to_the_contract(bank: Bank) -> None:
    fund(bank, 5 * TOKEN, TREASURY)
    key = OperatorKey.from_private_key(TREASURY_KEY)
    _transfer(bank.treasury(), key, "2.5", dry_run=True)
    assert bank.balance(TREASURY) == 5 * TOKEN
    _transfer(bank.treasury(), key, "2.5", dry_run=False)
    assert bank.balance(bank.contract_address) == 1000 * TOKEN + 5 * TOKEN // 2
    with pytest.raises(DeploymentFailed):
        _transfer(bank.treasury(), key, "3", dry_run=False)


@pytest.mark.parametrize("amount", ["0", "-1", "1e3", "NaN", "0.0000001", "٥", "", "1,5", "9" * 90])
def test_amount_of_tokens_is_a_plain_decimal(amount: str) -> None:
    with pytest.raises(click.BadParameter):
        _units(amount, 6)
    assert _units("1.5", 6) == 1_500_000


def test_payout_contract_is_deployed_in_transfer_mode_for_its_operator(bank: Bank) -> None:
    assert payout_options(bank.settings, None, None, None) == (bank.chain.token_address, TREASURY, 1)
    with pytest.raises(DeploymentFailed):
        payout_options(bank.settings, None, None, 0)


def test_record_keeps_both_contracts(bank: Bank, tmp_path: Path) -> None:
    second = deploy_payout_contract(bank.chain, bank.chain.token_address)

    def record(address: str, mode: int) -> Deployment:
        token = bank.chain.token_address
        return Deployment(31337, address, token, token, TREASURY, TREASURY, mode, 1)

    rewards, payouts = record(bank.chain.rewards_address, 0), record(second, 1)
    write_record(payouts, tmp_path, for_payouts=True)
    write_record(rewards, tmp_path)
    path = write_record(payouts, tmp_path, for_payouts=True)
    assert find_record(31337, second, tmp_path) == payouts
    assert find_record(31337, bank.chain.rewards_address, tmp_path) == rewards
    assert set(json.loads(path.read_text())) >= {"rewards_address", "payouts"}


def test_production_needs_the_contract() -> None:
    def problems(**values: str) -> list[str]:
        settings = settings_with(settlement_payout_mode="onchain", **values)
        return [text for text in settings._production_problems() if "SETTLEMENT_PAYOUT_CONTRACT" in text]

    assert "chain deploy --payouts" in problems()[0]
    assert problems(settlement_payout_contract_address="0x" + "c1" * 20) == []
