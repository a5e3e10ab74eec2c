"""Amounts of a payout contract are typed and shown with the decimals of its token."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from portal.app import create_app
from portal.chain.contract.token import tokens_text
from portal.chain.deployment import find_record, write_record
from portal.chain.roles import read_word
from portal.cli.chain_common import units_of
from portal.dev.anvil import ADMIN_KEY
from tests.flows.payouts.bank import DOLLAR, OTHER, Bank, make_due, use_dollars


@pytest.fixture
def app(bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Return the portal with a payout token of six decimals."""
    monkeypatch.setattr(write_record, "__defaults__", (tmp_path,))
    monkeypatch.setattr(find_record, "__defaults__", (tmp_path,))
    monkeypatch.setenv("DEPLOYER_PRIVATE_KEY", ADMIN_KEY)
    use_dollars(bank)
    return create_app(bank.settings)


def invoke(app: Flask, *arguments: str, typed: str | None = None) -> Result:
    with app.app_context():
        return app.test_cli_runner().invoke(args=["chain", *arguments], input=typed)


def read_caps(bank: Bank, contract: str) -> list[int]:
    return [read_word(bank.node(), contract, name) for name in ("rewardCap()", "dailyCap()")]


def test_deploy_caps_status_and_payouts_use_the_six_decimals(bank: Bank, app: Flask) -> None:
    options = ["deploy", "--payouts"]
    plan = invoke(app, *options, "--reward-cap", "0.5", "--dry-run").output
    assert re.search(r"Reward cap +0.5\nDaily cap +off", plan)
    refused = invoke(app, *options, "--reward-cap", "0.1234567", "--dry-run")
    assert (refused.exit_code, "this token has 6 decimals" in refused.output) == (2, True)
    assert "--reward-cap" in refused.output

    # Asked for, the second answer replaces one with too many decimals.
    result = invoke(app, *options, typed="\n0.0000001\n12.5\n100\ny\n")
    assert result.exit_code == 0, result.output
    contract = re.findall(r"Proxy +(0x\w{40})", result.output)[0]
    assert read_caps(bank, contract) == [12_500_000, 100 * DOLLAR]

    result = invoke(app, "caps", "--contract", contract, "--reward-cap", "7.25")
    assert re.search(r"Reward cap +7.25\nDaily cap +100", result.output)
    assert read_caps(bank, contract) == [7_250_000, 100 * DOLLAR]
    printed = invoke(app, "caps", "--contract", contract, "--daily-cap", "9.000001", "--calldata").output
    assert "cap per reward to 7.25 tokens, the cap per day to 9.000001 tokens" in printed
    assert f"{9_000_001:064x}" in printed

    bank.change(settlement_payout_contract_address=contract.lower())
    bank.chain.mine(70)
    funded = invoke(create_app(bank.settings), "fund", "0.5", "--dry-run").output
    assert "Amount         0.5 of" in funded
    assert re.search(r"Treasury +0\b.*\nCaps +reward 7.25, day 100, left 100", status(bank))
    make_due(bank.vendor()[0])
    # The treasury's own transfer is not a payment: its events are awaited first.
    assert bank.run().waiting_reason == "history_unread"
    bank.chain.mine(70)
    assert bank.run().waiting_detail == "0 tokens are left, a payout needs 18.75"


def status(bank: Bank) -> str:
    return invoke(create_app(bank.settings), "status").output


def test_deploy_for_another_admin_prints_caps_in_the_token(bank: Bank, app: Flask) -> None:
    result = invoke(app, "deploy", "--payouts", "--admin", OTHER, "--daily-cap", "3", "--yes")
    assert "the cap per day to 3 tokens" in result.output
    assert f"{3 * DOLLAR:064x}" in result.output


def test_payout_contract_takes_a_token_of_six_decimals(bank: Bank, app: Flask) -> None:
    token = bank.settings.settlement_payout_token_address
    for contract, is_right in ((bank.contract_address, True), (bank.chain.rewards_address, False)):
        result = invoke(app, "set-token", token, "--contract", contract, "--calldata")
        assert ("setting the token" in result.output) is is_right
        assert ("rewards need 18" in result.output) is not is_right


@pytest.mark.parametrize(
    ("amount", "decimals", "units"),
    [
        ("0.5", 6, 500_000),
        ("7", 0, 7),
        (str(2**256 - 1), 0, 2**256 - 1),
        ("1." + "1" * 18, 18, int("1" * 19)),
    ],
    ids=["half", "whole", "largest", "exact"],
)
def test_typed_amount_and_shown_amount_are_the_same(amount: str, decimals: int, units: int) -> None:
    assert units_of(amount, decimals, "AMOUNT") == units
    assert tokens_text(units, decimals) == amount
