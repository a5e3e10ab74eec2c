"""Addresses and amounts that an operator types: options of `flask chain`, and settings."""

from __future__ import annotations

import click
import pytest

from portal.cli.chain import deploy
from portal.cli.chain_common import units_of
from portal.settings import Settings

WRONG = "0x" + "Ab" * 20
RIGHT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
SETTINGS = (
    "referral_rewards_address", "referral_reward_token_address", "referral_price_feed_address",
    "referral_minter_address", "settlement_payout_token_address", "settlement_payout_contract_address",
)  # fmt: skip


@pytest.mark.parametrize("option", ["--token", "--admin", "--operator"])
def test_an_option_with_a_wrong_checksum_is_refused(option: str) -> None:
    with pytest.raises(click.BadParameter, match="EIP-55 checksum"):
        deploy.make_context("deploy", [option, WRONG])
    deploy.make_context("deploy", [option, RIGHT])
    with pytest.raises(click.BadParameter, match="nobody can have the key"):
        deploy.make_context("deploy", [option, f"0x{9:040x}"])


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_with_a_wrong_checksum_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="correct EIP-55 checksum"):
        Settings(**{name: WRONG})
    assert getattr(Settings(**{name: RIGHT}), name) == RIGHT.lower()


@pytest.mark.parametrize("amount", ["1e5", "NaN", "²", "٥", "1_000", "1,5", ".", ""])
def test_a_cap_is_a_plain_number_of_tokens(amount: str) -> None:
    for option in ("--reward-cap", "--daily-cap"):
        with pytest.raises(click.BadParameter, match="a plain decimal number of tokens"):
            deploy.make_context("deploy", [option, amount])
    assert deploy.make_context("deploy", ["--reward-cap", "1.5"]).params["reward_cap"] == "1.5"


def test_a_cap_has_the_decimals_of_its_token() -> None:
    assert [units_of("1.5", decimals, "--reward-cap") for decimals in (18, 6)] == [15 * 10**17, 1_500_000]
    for amount, decimals in (("1.0000000000000000001", 18), ("0.0000001", 6), ("9" * 60, 18)):
        with pytest.raises(click.BadParameter, match=f"this token has {decimals} decimals"):
            units_of(amount, decimals, "--reward-cap")
