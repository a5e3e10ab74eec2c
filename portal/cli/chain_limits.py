"""What bounds a stolen key, chosen when a contract is deployed: a pauser and the caps."""

from __future__ import annotations

from dataclasses import dataclass

import click

from portal.chain import Deployment, checksum
from portal.chain.administration import cap_calls, role_calls
from portal.cli.chain_changes import print_calls
from portal.cli.chain_common import ADDRESS, cap_text, units_of


@dataclass(frozen=True)
class Limits:
    """The pauser, None for none, and the caps in base units of a token with `decimals`, 0 for off."""

    pauser: str | None
    reward_cap: int
    daily_cap: int
    decimals: int


def choose_limits(
    pauser: str | None, reward_cap: str | None, daily_cap: str | None, decimals: int, *, is_interactive: bool
) -> Limits:
    """Return the limits, typed in tokens; ask for those that are not given, or take none. Raises BadParameter."""

    def units(given: str | None, name: str, question: str) -> int:
        def convert(text: str) -> int:
            return units_of(text, decimals, name)

        if given is None and is_interactive:
            return int(click.prompt(question, value_proc=convert))
        return convert(given or "0")

    if is_interactive and pauser is None:
        text = "Pauser, an account that may stop payments (empty for none)"
        pauser = click.prompt(text, default="", show_default=False, value_proc=_address_or_nothing)
    most = units(reward_cap, "--reward-cap", "Most tokens per payment, 0 for no cap")
    most_per_day = units(daily_cap, "--daily-cap", "Most tokens per UTC day, 0 for no cap")
    return Limits(pauser or None, most, most_per_day, decimals)


def limit_rows(limits: Limits) -> tuple[tuple[str, str], ...]:
    """Return the lines of a plan."""
    return (
        ("Pauser", checksum(limits.pauser) if limits.pauser else "none"),
        ("Reward cap", cap_text(limits.reward_cap, limits.decimals)),
        ("Daily cap", cap_text(limits.daily_cap, limits.decimals)),
    )


def one_admin_sentence(admin: str) -> str:
    """Return what an admin other than the deployer means."""
    return (
        f"The contract has one admin from the start, {checksum(admin)}: the deployer can change nothing afterwards,"
        " and pauser and caps are set by calls of the admin."
    )


def show_left_to_admin(deployment: Deployment, deployer: str, limits: Limits) -> None:
    """Print the calls for the limits that only an admin other than the deployer can set."""
    if deployment.admin_address == deployer:
        return
    contract = deployment.rewards_address
    has_cap = limits.reward_cap or limits.daily_cap
    calls = cap_calls(contract, limits.reward_cap, limits.daily_cap, limits.decimals) if has_cap else []
    calls += role_calls(contract, "pauser", limits.pauser, is_granted=True) if limits.pauser else []
    if calls:
        click.echo(f"Not set yet; {checksum(deployment.admin_address)} has to execute:\n")
        print_calls(calls)


def _address_or_nothing(text: str) -> str:
    return ADDRESS.convert(text, None, None) if text.strip() else ""
