"""Shared by the chain commands: the types of their parameters, the deployer's key, and amounts as text."""

from __future__ import annotations

import os
import re
from decimal import Decimal
from pathlib import Path

import click

from portal.chain import DeploymentFailed
from portal.chain.contract.rewards import Facts
from portal.chain.contract.token import tokens_text
from portal.lib.addresses import (
    AddressChecksumWrong,
    AddressReserved,
    InvalidAddress,
    canonical_address,
    require_payee,
)

MODES = {0: "MINT", 1: "TRANSFER"}
_COIN_DECIMALS = 18
_KEY_NAME = "DEPLOYER_PRIVATE_KEY"
# How many decimals are right depends on the token, which is read later.
_TOKEN_AMOUNT = re.compile(r"[0-9]{1,78}(?:\.[0-9]{1,77})?")


class _AddressType(click.ParamType[str]):
    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            address = canonical_address(value)
            require_payee(address, (), "address")
            return address
        except AddressReserved:
            self.fail("nobody can have the key of this address", param, ctx)
        except AddressChecksumWrong:
            self.fail("the EIP-55 checksum of this address is wrong; copy it again", param, ctx)
        except InvalidAddress:
            self.fail("an address is 0x and 40 hex digits", param, ctx)


class _TokensType(click.ParamType[str]):
    name = "tokens"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _TOKEN_AMOUNT.fullmatch(value):
            self.fail("a plain decimal number of tokens, such as 1000 or 0.5", param, ctx)
        return value


ADDRESS, TOKENS = _AddressType(), _TokensType()


def deployer_key() -> str:
    """Return the key from the environment: a command line would show it in histories and process lists."""
    key = os.environ.get(_KEY_NAME)
    if not key:
        raise DeploymentFailed(f"{_KEY_NAME} is not set.")
    return key


def units_of(amount: str, decimals: int, name: str) -> int:
    """Return a typed amount of tokens in base units; raise BadParameter, which names the option or argument."""
    # At most what an integer of the contract holds.
    if _TOKEN_AMOUNT.fullmatch(amount):
        units = Decimal(f"{amount}E{decimals}")
        if units == units.to_integral_value() and units < 2**256:
            return int(units)
    raise click.BadParameter(
        f"a plain decimal number of tokens; this token has {decimals} decimals", param_hint=name
    )


def cap_text(units: int | None, decimals: int | None) -> str:
    """Return a cap in tokens, or "off"; in base units where the token does not say its decimals."""
    return amount_text(units, decimals) if units else "off"


def caps_line(facts: Facts) -> str:
    """Return the caps of a contract, and what of the day's is left."""
    decimals = facts.token_decimals
    remaining = facts.remaining_today
    left = "off" if remaining is None else amount_text(remaining, decimals)
    return f"reward {cap_text(facts.reward_cap, decimals)}, day {cap_text(facts.daily_cap, decimals)}, left {left}"


def amount_text(units: int, decimals: int | None) -> str:
    """Return base units as tokens, or as such where the token does not say its decimals."""
    return f"{units} base units" if decimals is None else tokens_text(units, decimals)


def coins_text(wei: int) -> str:
    """Return wei as the network's coins with six decimals."""
    return f"{Decimal(wei).scaleb(-_COIN_DECIMALS):.6f} coins"


def write_file(path: Path, text: str) -> None:
    """Write a file and the folder it is in; raise DeploymentFailed where that is impossible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise DeploymentFailed(f"{path} cannot be written: {error.strerror}.") from None
