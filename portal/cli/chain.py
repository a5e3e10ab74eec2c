"""`flask chain`: deploy the rewards contract, grant it the right to mint, and show its status."""

from __future__ import annotations

import os
from decimal import Decimal

import click

from portal.chain import Chain, DeploymentFailed, OperatorKey, checksum, read_status
from portal.chain.contract.rewards import Facts
from portal.chain.deployment import (
    Deployer,
    deploy_rewards,
    deploy_test_token,
    deployer_of,
    grant_minter,
    node_of,
    plan_deployment,
)
from portal.chain.sending.fees import GWEI, FeePolicy
from portal.chain.status import ChainStatus
from portal.cli.common import database_session, portal
from portal.lib.addresses import AddressChecksumWrong, InvalidAddress, canonical_address
from portal.lib.errors import PortalError
from portal.settings import DEVELOPMENT_CHAIN_ID, Settings

_WEI = 10**18
_MODES = {0: "MINT", 1: "TRANSFER"}


class _AddressType(click.ParamType[str]):
    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return canonical_address(value)
        except AddressChecksumWrong:
            self.fail("the EIP-55 checksum of this address is wrong; copy it again", param, ctx)
        except InvalidAddress:
            self.fail("an address is 0x and 40 hex digits", param, ctx)


class _TokensType(click.ParamType[int]):
    name = "tokens"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        amount = Decimal(value) * _WEI if value.replace(".", "", 1).isdigit() else None
        if amount is None or amount != amount.to_integral_value():
            self.fail("a plain decimal number of tokens with at most 18 decimals", param, ctx)
        return int(amount)


_ADDRESS, _TOKENS = _AddressType(), _TokensType()
_KEY_NAME = "DEPLOYER_PRIVATE_KEY"


@click.group()
def chain() -> None:
    """Manage the rewards contract and the minting account."""


@chain.command()
@click.option("--token", type=_ADDRESS, help="Reward token; default REFERRAL_REWARD_TOKEN_ADDRESS.")
@click.option("--test-token", is_flag=True, help="Deploy the test token first (not on a production chain).")
@click.option("--admin", type=_ADDRESS, help="Administrator of the contract; default the deployer.")
@click.option("--operator", type=_ADDRESS, envvar="REFERRAL_MINTER_ADDRESS", help="The account that mints.")
@click.option("--mode", type=click.IntRange(0, 1), help="0 MINT, 1 TRANSFER; default REFERRAL_REWARD_MODE.")
@click.option("--reward-cap", type=_TOKENS, default="0", help="Most tokens per reward, 0 = off.")
@click.option("--daily-cap", type=_TOKENS, default="0", help="Most tokens per UTC day, 0 = off.")
@click.option("--dry-run", is_flag=True, help="Check and estimate the cost without sending.")
@click.option("--yes", is_flag=True, help="Do not ask before sending.")
def deploy(
    token: str | None,
    test_token: bool,
    admin: str | None,
    operator: str | None,
    mode: int | None,
    reward_cap: int,
    daily_cap: int,
    dry_run: bool,
    yes: bool,
) -> None:
    """Deploy the rewards contract behind its proxy and write contracts/deployments/<chainId>.json."""
    settings = portal().settings
    try:
        deployer = _deployer(settings)
        if test_token:
            token = _test_token(deployer, settings, dry_run)
        chosen = token or settings.referral_reward_token_address
        operator = operator or _configured_operator()
        if not chosen or not operator:
            raise DeploymentFailed(
                "Give --token (or --test-token) and --operator, or set them in the environment."
            )
        mode = settings.referral_reward_mode if mode is None else mode
        admin = admin or deployer.key.address
        _show_plan(deployer, settings, admin, operator, chosen, mode)
        if dry_run:
            return
        if not yes:
            click.confirm("Send these transactions?", abort=True)
        deployment = deploy_rewards(
            deployer,
            settings.referral_chain_id,
            admin=admin,
            operator=operator,
            token=chosen,
            mode=mode,
            reward_cap=reward_cap,
            daily_cap=daily_cap,
            report=lambda text: click.echo(f"  {text}"),
        )
    except PortalError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Proxy          {checksum(deployment.rewards_address)}   <- REFERRAL_REWARDS_ADDRESS")
    click.echo(f"Implementation {checksum(deployment.implementation_address)}")
    if (reward_cap or daily_cap) and not deployment.reward_cap and not deployment.daily_cap:
        click.echo(f"The caps are not set: as {checksum(admin)}, call setCaps({reward_cap}, {daily_cap}).")
    if mode == 0:
        click.echo("Next: `chain grant-minter`, so that the contract may mint the token.")


@chain.command("grant-minter")
def grant_minter_command() -> None:
    """Let the contract mint: grant MINTER_ROLE or transfer ownership, depending on the token."""
    running = portal()
    if not isinstance(running.chain, Chain):
        raise click.ClickException(f"No contract is configured: {running.chain.reason}.")
    try:
        deployer = deployer_of(running.chain, _deployer_key())
        facts = running.chain.contract.facts(deployer.node, deployer.key.address)
        click.echo(grant_minter(deployer, facts.token, running.chain.contract.address))
    except PortalError as error:
        raise click.ClickException(str(error)) from None


@chain.command()
def status() -> None:
    """Show the status of node, contract and operator, and how to fix problems."""
    running = portal()
    with database_session():
        chain_status = read_status(running.chain, running.settings)
    for name, value in _status_lines(chain_status):
        click.echo(f"{name:<16} {value}")
    if not chain_status.problems:
        click.echo("Ready to mint.")
        return
    for problem in chain_status.problems:
        click.echo(f"\n! {problem.what}\n  {problem.fix}")
    raise SystemExit(1)


def _deployer(settings: Settings) -> Deployer:
    policy = FeePolicy(tip=settings.referral_tip_gwei * GWEI, ceiling=settings.referral_max_fee_gwei * GWEI)
    node = node_of(settings.polygon_rpc_url, settings.referral_chain_id)
    return Deployer(node, settings.referral_chain_id, OperatorKey.from_private_key(_deployer_key()), policy)


def _deployer_key() -> str:
    """Return the key from the environment: a command line would show it in histories and process lists."""
    key = os.environ.get(_KEY_NAME)
    if not key:
        raise DeploymentFailed(f"{_KEY_NAME} is not set.")
    return key


def _configured_operator() -> str | None:
    running = portal().chain.operator
    return running.address if running else None


def _test_token(deployer: Deployer, settings: Settings, dry_run: bool) -> str:
    if settings.is_production:
        raise DeploymentFailed("The test token is not for production: anybody may trust it for nothing.")
    if dry_run and settings.referral_chain_id != DEVELOPMENT_CHAIN_ID:
        raise DeploymentFailed("A dry run needs an existing token: give --token.")
    token = deploy_test_token(deployer)
    click.echo(f"Test token     {checksum(token)}   <- REFERRAL_REWARD_TOKEN_ADDRESS")
    return token


def _show_plan(
    deployer: Deployer, settings: Settings, admin: str, operator: str, token: str, mode: int
) -> None:
    plan = plan_deployment(deployer, admin, operator, token, mode)
    rows = (
        ("Chain", settings.referral_chain_id),
        ("Deployer", f"{checksum(plan.deployer_address)} with {_coins(plan.balance)}"),
        ("Admin", checksum(admin)),
        ("Operator", checksum(operator)),
        ("Token", checksum(token)),
        ("Mode", f"{mode} {_MODES[mode]}"),
        ("Cost at most", f"{_coins(plan.cost)} ({plan.gas} gas at {plan.fees.max_fee // GWEI} gwei)"),
    )
    for name, value in rows:
        click.echo(f"{name:<14} {value}")
    if plan.balance < plan.cost:
        raise DeploymentFailed(f"The deployer lacks {_coins(plan.cost - plan.balance)}.")


def _status_lines(status: ChainStatus) -> list[tuple[str, str]]:
    lines = [("Chain", str(status.chain_id)), ("Node", status.node or "-")]
    if status.facts is None:
        return lines
    lines += [
        ("Head", f"{status.head}, {status.head_age} s old"),
        ("Finalized", f"{status.finalized}, {status.finalized_age} s old"),
        ("Contract", checksum(status.rewards_address or "")),
        *_contract_lines(status, status.facts),
    ]
    if status.operator:
        days = "" if status.days_of_gas is None else f", about {status.days_of_gas} days of use"
        lines += [
            ("Operator", checksum(status.operator)),
            ("Operator role", "yes" if status.facts.is_operator else "NO"),
            ("Balance", _coins(status.facts.operator_balance) + days),
            ("Nonce", f"{status.nonce}, {status.open_transactions} transactions not final"),
        ]
    return lines


def _contract_lines(status: ChainStatus, facts: Facts) -> list[tuple[str, str]]:
    grant = {None: "not needed", True: "yes", False: "NO"}[status.grant.granted if status.grant else None]
    return [
        ("Token", f"{checksum(facts.token)} {status.token_symbol or ''}".strip()),
        ("Mode", f"{facts.mode} {_MODES.get(facts.mode, '?')}, may mint: {grant}"),
        ("Paused", "YES" if facts.is_paused else "no"),
        (
            "Caps",
            f"reward {_cap(facts.reward_cap)}, day {_cap(facts.daily_cap)}, left {_cap(facts.remaining_today)}",
        ),
        ("In effect", _tokens(facts.treasury)),
    ]


def _cap(wei: int | None) -> str:
    return "off" if wei is None else _tokens(wei)


def _tokens(wei: int) -> str:
    return f"{Decimal(wei) / _WEI:f}"


def _coins(wei: int) -> str:
    return f"{Decimal(wei) / _WEI:.6f} coins"
