"""`flask chain caps|pause|unpause|roles|grant|revoke|transfer-admin|accept-admin|set-token|set-mode`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from portal.chain import DeploymentFailed, OperatorKey, checksum
from portal.chain.administration import (
    ROLES,
    AdminCall,
    accept_admin_calls,
    cap_calls,
    mode_calls,
    pause_calls,
    read_caps,
    read_decimals,
    role_calls,
    time_text,
    token_calls,
    transfer_admin_calls,
    unpause_calls,
)
from portal.chain.roles import Admin, accounts_with_role, find_accounts, read_admin, read_roles, read_word
from portal.cli.chain_changes import Target, apply_calls, change_options, contract_option
from portal.cli.chain_common import ADDRESS, MODES, TOKENS, cap_text, units_of
from portal.cli.common import PortalCommand, portal

_role_argument = click.argument("role", type=click.Choice(sorted(ROLES)))


@click.command(cls=PortalCommand)
@click.option("--reward-cap", type=TOKENS, help="Maximum tokens per reward, 0 = off. Default: unchanged.")
@click.option("--daily-cap", type=TOKENS, help="Maximum tokens per UTC day, 0 = off. Default: unchanged.")
@change_options
def caps(
    reward_cap: str | None,
    daily_cap: str | None,
    contract: str | None,
    calldata: bool,
    safe_json: Path | None,
) -> None:
    """Show the caps, or set them in whole tokens."""
    target = Target(contract)
    if reward_cap is None and daily_cap is None:
        _show_caps(target)
        return
    decimals = read_decimals(target.node, target.contract)
    most, most_per_day = read_caps(target.node, target.contract)
    if reward_cap is not None:
        most = units_of(reward_cap, decimals, "--reward-cap")
    if daily_cap is not None:
        most_per_day = units_of(daily_cap, decimals, "--daily-cap")
    calls = cap_calls(target.contract, most, most_per_day, decimals)
    _change(target, calls, _show_caps, calldata, safe_json)


@click.command(cls=PortalCommand)
@change_options
def pause(contract: str | None, calldata: bool, safe_json: Path | None) -> None:
    """Pause payments, as the admin or a pauser."""
    target = Target(contract)
    _change(target, pause_calls(target.contract), _show_pause, calldata, safe_json)


@click.command(cls=PortalCommand)
@change_options
def unpause(contract: str | None, calldata: bool, safe_json: Path | None) -> None:
    """Unpause payments, as the admin."""
    target = Target(contract)
    _change(target, unpause_calls(target.contract), _show_pause, calldata, safe_json)


@click.command(cls=PortalCommand)
@contract_option
@click.option(
    "--from-block", type=click.IntRange(0), help="First block of the events; default the recorded one."
)
def roles(contract: str | None, from_block: int | None) -> None:
    """List the admin, a pending admin, the operators and the pausers."""
    _show_roles(Target(contract), from_block)


@click.command(cls=PortalCommand)
@_role_argument
@click.argument("address", type=ADDRESS)
@change_options
def grant(role: str, address: str, contract: str | None, calldata: bool, safe_json: Path | None) -> None:
    """Grant a role to an account."""
    _change_role(Target(contract), role, address, True, calldata, safe_json)


@click.command(cls=PortalCommand)
@_role_argument
@click.argument("address", type=ADDRESS)
@change_options
def revoke(role: str, address: str, contract: str | None, calldata: bool, safe_json: Path | None) -> None:
    """Revoke a role of an account."""
    _change_role(Target(contract), role, address, False, calldata, safe_json)


@click.command("transfer-admin", cls=PortalCommand)
@click.argument("address", type=ADDRESS)
@change_options
def transfer_admin(address: str, contract: str | None, calldata: bool, safe_json: Path | None) -> None:
    """Offer the admin role to an account, which accepts it after the delay."""
    target = Target(contract)
    admin = _require_admin_rules(target)
    if address in {admin.address, target.contract, read_token(target)}:
        raise DeploymentFailed("The new admin is neither the present one nor the contract or its token.")
    _change(target, transfer_admin_calls(target.contract, address), _show_admin, calldata, safe_json)


@click.command("accept-admin", cls=PortalCommand)
@change_options
def accept_admin(contract: str | None, calldata: bool, safe_json: Path | None) -> None:
    """Accept the admin role that was offered to this account."""
    target = Target(contract)
    pending = _require_admin_rules(target).pending
    if pending is None:
        raise DeploymentFailed("The admin role is not offered to anyone: `chain transfer-admin` begins that.")
    calls = accept_admin_calls(target.contract)
    _change(target, calls, _show_admin, calldata, safe_json, sender=pending)


@click.command("set-token", cls=PortalCommand)
@click.argument("address", type=ADDRESS)
@change_options
def set_token(address: str, contract: str | None, calldata: bool, safe_json: Path | None) -> None:
    """Change the reward token: pause, change, unpause; a paused contract stays paused."""
    target = Target(contract)
    for_payouts = target.contract == portal().settings.settlement_payout_contract_address
    calls = token_calls(target.node, target.contract, address, for_payouts=for_payouts)
    _change(target, calls, _show_token, calldata, safe_json)


@click.command("set-mode", cls=PortalCommand)
@click.argument("mode", type=click.IntRange(0, 1))
@change_options
def set_mode(mode: int, contract: str | None, calldata: bool, safe_json: Path | None) -> None:
    """Change the mode, 0 MINT or 1 TRANSFER: pause, change, unpause; a paused contract stays paused."""
    target = Target(contract)
    _change(target, mode_calls(target.node, target.contract, mode), _show_token, calldata, safe_json)


def _change(
    target: Target,
    calls: Sequence[AdminCall],
    show: Callable[[Target], None],
    calldata: bool,
    safe_json: Path | None,
    *,
    sender: str | None = None,
) -> None:
    """Print the calls, or send them and show the state they led to."""
    admin = read_admin(target.node, target.contract)
    executor = sender or (admin.address if admin else None)
    if apply_calls(target, calls, sender=executor, calldata=calldata, safe_json=safe_json):
        show(target)


def _change_role(
    target: Target, role: str, account: str, is_granted: bool, calldata: bool, safe_json: Path | None
) -> None:
    has_role = bool(accounts_with_role(target.node, target.contract, ROLES[role], [account]))
    if has_role == is_granted:
        state = "has the role already" if has_role else "does not have the role; `chain roles` lists who does"
        raise DeploymentFailed(f"{checksum(account)} {state}.")
    if account in {target.contract, read_token(target)}:
        raise DeploymentFailed("This is the address of the contract or of its token, which can use no role.")
    calls = role_calls(target.contract, role, account, is_granted=is_granted)
    _change(target, calls, lambda target: _show_role(target, role, account), calldata, safe_json)


def _require_admin_rules(target: Target) -> Admin:
    admin = read_admin(target.node, target.contract)
    if admin is None:
        raise DeploymentFailed(
            "The contract is older than version 2.1 and has no admin in two steps: `chain upgrade`."
        )
    return admin


def read_token(target: Target) -> str:
    """Return the reward token's address."""
    return f"0x{read_word(target.node, target.contract, 'rewardToken()'):040x}"


# ---------------------------------------------------------------------- state


def _show_caps(target: Target) -> None:
    names = ("Reward cap", "Daily cap")
    decimals = read_decimals(target.node, target.contract)
    for name, units in zip(names, read_caps(target.node, target.contract), strict=True):
        click.echo(f"{name:<16} {cap_text(units, decimals)}")


def _show_pause(target: Target) -> None:
    click.echo(f"{'Paused':<16} {'YES' if read_word(target.node, target.contract, 'paused()') else 'no'}")


def _show_token(target: Target) -> None:
    mode = read_word(target.node, target.contract, "rewardMode()")
    click.echo(f"{'Token':<16} {checksum(read_token(target))}   <- REFERRAL_REWARD_TOKEN_ADDRESS")
    click.echo(f"{'Mode':<16} {mode} {MODES.get(mode, '?')}   <- REFERRAL_REWARD_MODE")
    _show_pause(target)


def _show_role(target: Target, role: str, account: str) -> None:
    has_role = accounts_with_role(target.node, target.contract, ROLES[role], [account])
    click.echo(f"{role.capitalize():<16} {checksum(account)} {'yes' if has_role else 'no'}")


def _show_admin(target: Target) -> None:
    admin = _require_admin_rules(target)
    click.echo(f"{'Admin':<16} {checksum(admin.address)}")
    if admin.pending:
        when = time_text(admin.pending_from)
        click.echo(f"{'Pending admin':<16} {checksum(admin.pending)}, may accept after {when}")
    else:
        click.echo(f"{'Pending admin':<16} none")


def _show_roles(target: Target, from_block: int | None) -> None:
    first = target.first_block(from_block)
    events = [] if first is None else find_accounts(target.node, target.contract, first)
    holders = read_roles(target.node, target.contract, dict.fromkeys([*events, *_known_accounts()]))
    if read_admin(target.node, target.contract):
        _show_admin(target)
    else:
        _show_holders("Admin", holders["DEFAULT_ADMIN_ROLE"])
    _show_holders("Operator", holders["OPERATOR_ROLE"])
    _show_holders("Pauser", holders["PAUSER_ROLE"])
    if first is None:
        click.echo(
            "Only accounts of the settings were checked: give --from-block, the block of the deployment."
        )


def _show_holders(name: str, accounts: Sequence[str]) -> None:
    for account in accounts or [""]:
        click.echo(f"{name:<16} {checksum(account) if account else 'none'}")


def _known_accounts() -> list[str]:
    """Return the accounts of the environment, which are checked even without their events."""
    running = portal()
    accounts = [
        running.settings.referral_minter_address,
        running.chain.operator and running.chain.operator.address,
    ]
    key = os.environ.get("DEPLOYER_PRIVATE_KEY")
    accounts.append(OperatorKey.from_private_key(key).address if key else None)
    return [account for account in accounts if account]


ADMIN_COMMANDS = (
    caps,
    pause,
    unpause,
    roles,
    grant,
    revoke,
    transfer_admin,
    accept_admin,
    set_token,
    set_mode,
)
