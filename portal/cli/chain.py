"""`flask chain`: deploy the rewards contract, grant it the right to mint, and show its status."""

from __future__ import annotations

import click

from portal.chain import Chain, DeploymentFailed, OperatorKey, checksum, read_status
from portal.chain.contract.rewards import Facts
from portal.chain.deployment import (
    Deployer,
    Deployment,
    deploy_rewards,
    deploy_test_token,
    deployer_of,
    grant_minter,
    node_of,
    plan_deployment,
    read_token_decimals,
    require_recordable,
)
from portal.chain.sending.fees import GWEI, FeePolicy
from portal.chain.status import ChainStatus
from portal.cli.chain_admin import ADMIN_COMMANDS
from portal.cli.chain_common import ADDRESS as _ADDRESS
from portal.cli.chain_common import MODES as _MODES
from portal.cli.chain_common import TOKENS as _TOKENS
from portal.cli.chain_common import amount_text, caps_line
from portal.cli.chain_common import coins_text as _coins
from portal.cli.chain_common import deployer_key as _deployer_key
from portal.cli.chain_fund import fund, payout_options, treasury_lines
from portal.cli.chain_keystore import keystore
from portal.cli.chain_limits import Limits, choose_limits, limit_rows, one_admin_sentence, show_left_to_admin
from portal.cli.chain_upgrade import upgrade, verify
from portal.cli.common import PortalGroup, database_session, portal
from portal.flows.minting.mint_rewards import WaitingReason, waiting_reason
from portal.lib.errors import PortalError
from portal.settings import DEVELOPMENT_CHAIN_ID, Settings

_AMOY = 80002


@click.group(cls=PortalGroup)
def chain() -> None:
    """Manage the rewards contract and the minting account."""


for _command in (*ADMIN_COMMANDS, fund, keystore, upgrade, verify):
    chain.add_command(_command)


@chain.command()
@click.option("--token", type=_ADDRESS, help="Reward token; default REFERRAL_REWARD_TOKEN_ADDRESS.")
@click.option("--test-token", is_flag=True, help="Deploy a test token first; in production on Amoy only.")
@click.option("--admin", type=_ADDRESS, help="Administrator of the contract; default the deployer.")
@click.option(
    "--operator",
    type=_ADDRESS,
    help="Account that mints; default the minter's, with --payouts the payout key's.",
)
@click.option("--mode", type=click.IntRange(0, 1), help="0 MINT, 1 TRANSFER; default REFERRAL_REWARD_MODE.")
@click.option("--pauser", type=_ADDRESS, help="Account that may pause payments, and nothing else.")
@click.option("--reward-cap", type=_TOKENS, help="Maximum tokens per reward, 0 = off.")
@click.option("--daily-cap", type=_TOKENS, help="Maximum tokens per UTC day, 0 = off.")
@click.option(
    "--payouts", is_flag=True, help="Deploy the contract that pays vendors (payout token, TRANSFER mode)."
)
@click.option("--dry-run", is_flag=True, help="Check and estimate the cost without sending.")
@click.option("--yes", is_flag=True, help="Do not ask. Without the options: no pauser, caps off.")
def deploy(
    token: str | None,
    test_token: bool,
    admin: str | None,
    operator: str | None,
    mode: int | None,
    pauser: str | None,
    reward_cap: str | None,
    daily_cap: str | None,
    payouts: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Deploy the rewards contract behind its proxy and write its record, deployments/<chainId>.json."""
    settings = portal().settings
    try:
        deployer = _deployer(settings)
        if test_token:
            token = _test_token(deployer, settings, dry_run)
        if payouts:
            token, operator, mode = payout_options(settings, token, operator, mode)
        chosen = token or settings.referral_reward_token_address
        operator = operator or _configured_operator(settings)
        if not chosen or not operator:
            raise DeploymentFailed(
                "Give --token (or --test-token) and --operator, or set them in the settings."
            )
        mode = settings.referral_reward_mode if mode is None else mode
        admin = admin or deployer.key.address
        decimals = read_token_decimals(deployer.node, chosen)
        limits = choose_limits(pauser, reward_cap, daily_cap, decimals, is_interactive=not (yes or dry_run))
        if chosen in (admin, operator, limits.pauser):
            raise DeploymentFailed("The token is neither the admin nor the operator nor the pauser.")
        _show_plan(deployer, settings, admin, operator, chosen, mode, limits)
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
            pauser=limits.pauser,
            reward_cap=limits.reward_cap,
            daily_cap=limits.daily_cap,
            for_payouts=payouts,
            report=lambda text: click.echo(f"  {text}"),
        )
    except PortalError as error:
        raise click.ClickException(str(error)) from None
    _show_deployment(deployment, deployer, limits, payouts=payouts)


def _show_deployment(deployment: Deployment, deployer: Deployer, limits: Limits, *, payouts: bool) -> None:
    name = "SETTLEMENT_PAYOUT_CONTRACT_ADDRESS" if payouts else "REFERRAL_REWARDS_ADDRESS"
    click.echo(f"Proxy          {checksum(deployment.rewards_address)}   <- {name}")
    click.echo(f"Implementation {checksum(deployment.implementation_address)}")
    show_left_to_admin(deployment, deployer.key.address, limits)
    if payouts:
        click.echo("Next: `chain fund AMOUNT`, so that the contract has tokens to pay vendors with.")
    if deployment.mode == 0:
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
        waiting = waiting_reason(running.chain.chain_id)
        treasury = treasury_lines(running.settings)
    for name, value in _status_lines(chain_status):
        click.echo(f"{name:<16} {value}")
    for note in chain_status.notes:
        click.echo(f"\nNote: {note.what}\n  {note.fix}")
    for problem in chain_status.problems:
        click.echo(f"\n! {problem.what}\n  {problem.fix}")
    if waiting and waiting.code not in {problem.code for problem in chain_status.problems}:
        click.echo(f"\n! {waiting_line(waiting)}")
    for line in treasury:
        click.echo(line)
    if chain_status.problems or waiting or any(line.startswith("\n!") for line in treasury):
        raise SystemExit(1)
    click.echo("Ready to mint.")


def waiting_line(waiting: WaitingReason) -> str:
    """Return why the last round of minting could not do more, and since when."""
    since = waiting.since.isoformat(timespec="seconds")
    return f"The last round of minting waited ({waiting.code}, since {since}). {waiting.detail}".strip()


def _deployer(settings: Settings) -> Deployer:
    require_recordable()
    policy = FeePolicy(tip=settings.referral_tip_gwei * GWEI, ceiling=settings.referral_max_fee_gwei * GWEI)
    node = node_of(settings.polygon_rpc_url, settings.referral_chain_id)
    return Deployer(node, settings.referral_chain_id, OperatorKey.from_private_key(_deployer_key()), policy)


def _configured_operator(settings: Settings) -> str | None:
    running = portal().chain.operator
    return running.address if running else settings.referral_minter_address or None


def _test_token(deployer: Deployer, settings: Settings, dry_run: bool) -> str:
    if settings.is_production and settings.referral_chain_id != _AMOY:
        raise DeploymentFailed(f"In production, --test-token works on the test network Amoy ({_AMOY}) only.")
    if dry_run and settings.referral_chain_id != DEVELOPMENT_CHAIN_ID:
        raise DeploymentFailed("A dry run needs an existing token: give --token, or leave --dry-run out.")
    token = deploy_test_token(deployer)
    click.echo(f"Test token     {checksum(token)}   <- REFERRAL_REWARD_TOKEN_ADDRESS")
    return token


def _show_plan(
    deployer: Deployer,
    settings: Settings,
    admin: str,
    operator: str,
    token: str,
    mode: int,
    limits: Limits,
) -> None:
    plan = plan_deployment(deployer, admin, operator, token, mode)
    rows = (
        ("Chain", settings.referral_chain_id),
        ("Deployer", f"{checksum(plan.deployer_address)} with {_coins(plan.balance)}"),
        ("Admin", checksum(admin)),
        ("Operator", checksum(operator)),
        ("Token", checksum(token)),
        ("Mode", f"{mode} {_MODES[mode]}"),
        *limit_rows(limits),
        ("Cost at most", f"{_coins(plan.cost)} ({plan.gas} gas at {plan.fees.max_fee // GWEI} gwei)"),
    )
    for name, value in rows:
        click.echo(f"{name:<14} {value}")
    if admin != plan.deployer_address:
        click.echo(one_admin_sentence(admin))
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
            caps_line(facts),
        ),
        ("In effect", amount_text(facts.treasury, facts.token_decimals)),
    ]
