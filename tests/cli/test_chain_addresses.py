"""Addresses that an operator types: options of `flask chain`, and settings."""

from __future__ import annotations

import click
import pytest

from portal.cli.chain import deploy
from portal.settings import Settings

WRONG = "0x" + "Ab" * 20
RIGHT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
SETTINGS = (
    "referral_rewards_address", "referral_reward_token_address", "referral_price_feed_address",
    "referral_minter_address", "settlement_payout_token_address",
)  # fmt: skip


@pytest.mark.parametrize("option", ["--token", "--admin", "--operator"])
def test_an_option_with_a_wrong_checksum_is_refused(option: str) -> None:
    with pytest.raises(click.BadParameter, match="EIP-55 checksum"):
        deploy.make_context("deploy", [option, WRONG])
    deploy.make_context("deploy", [option, RIGHT])


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_with_a_wrong_checksum_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="correct EIP-55 checksum"):
        Settings(**{name: WRONG})
    assert getattr(Settings(**{name: RIGHT}), name) == RIGHT.lower()
