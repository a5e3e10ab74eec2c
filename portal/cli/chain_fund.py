"""`flask chain fund`, and the parts of `chain deploy` and `chain status` that are about payouts."""

from __future__ import annotations

import os

import click

from portal.chain import DeploymentFailed, NotConfigured, OperatorKey, Treasury, checksum, open_treasury
from portal.chain.contract.rewards import MODE_TRANSFER
from portal.chain.contract.token import tokens_text
from portal.chain.deployment import Deployer
from portal.chain.sending import sender
from portal.chain.treasury_status import read_treasury_status
from portal.cli.chain_common import amount_text, caps_line, coins_text, units_of
from portal.cli.common import PortalCommand, database_session, portal
from portal.settings import Settings


def treasury_lines(settings: Settings) -> list[str]:
    """Return what `chain status` says about payouts on chain; a problem begins with an empty line and `!`."""
    if settings.settlement_payout_mode != "onchain":
        return []
    status = read_treasury_status(settings)
    lines = ["\nPayouts"]
    if facts := status.facts:
        held = amount_text(facts.treasury, facts.token_decimals)
        lines += [
            f"{'Contract':<16} {checksum(status.rewards_address or '')}",
            f"{'Treasury':<16} {held} {status.token_symbol or ''}".rstrip(),
            f"{'Caps':<16} {caps_line(facts)}",
            f"{'Operator':<16} {checksum(status.operator or '')}",
            f"{'Gas':<16} {coins_text(facts.operator_balance)}",
        ]
    return lines + [f"\n! {problem.what}\n  {problem.fix}" for problem in status.problems]


def payout_options(
    settings: Settings, token: str | None, operator: str | None, mode: int | None
) -> tuple[str | None, str | None, int]:
    """Return token, operator and mode of the payout contract; raise DeploymentFailed."""
    if mode not in (None, MODE_TRANSFER):
        raise DeploymentFailed("The payout contract pays from its balance: --mode can only be 1 (TRANSFER).")
    raw = settings.settlement_payout_private_key.get_secret_value()
    own = OperatorKey.from_private_key(raw).address if raw else operator
    chosen = token or settings.settlement_payout_token_address
    if not chosen or not own:
        raise DeploymentFailed(
            "Set SETTLEMENT_PAYOUT_TOKEN_ADDRESS, and SETTLEMENT_PAYOUT_PRIVATE_KEY or --operator with its address."
        )
    return chosen, own, MODE_TRANSFER


@click.command(cls=PortalCommand)
@click.argument("amount")
@click.option("--dry-run", is_flag=True, help="Check the balances without sending.")
def fund(amount: str, dry_run: bool) -> None:
    """Send AMOUNT payout tokens to the payout contract, from the account of DEPLOYER_PRIVATE_KEY or of the operator."""
    with database_session():
        treasury = open_treasury(portal().settings)
        if isinstance(treasury, NotConfigured):
            raise DeploymentFailed(f"{treasury.reason}.")
        if treasury.contract is None:
            raise DeploymentFailed(
                "SETTLEMENT_PAYOUT_CONTRACT_ADDRESS is not set: run `chain deploy --payouts`."
            )
        raw = os.environ.get("DEPLOYER_PRIVATE_KEY")
        key = OperatorKey.from_private_key(raw) if raw else treasury.key
        if key.address == treasury.key.address and sender.has_open(treasury.chain.chain_id):
            raise DeploymentFailed(
                "The operator has transactions that are not final: try again when they are."
            )
        _transfer(treasury, key, amount, dry_run=dry_run)


def _transfer(treasury: Treasury, key: OperatorKey, amount: str, *, dry_run: bool) -> None:
    deployer = Deployer(treasury.chain.node(), treasury.chain.chain_id, key, treasury.chain.fees)
    token, target = treasury.token, treasury.chain.contract.address
    decimals = token.decimals(deployer.node)
    units = _units(amount, decimals)
    balance = token.balance(deployer.node, key.address)
    click.echo(f"From           {checksum(key.address)} with {tokens_text(balance, decimals)} tokens")
    click.echo(f"To             {checksum(target)}")
    click.echo(f"Amount         {amount} of {checksum(token.address)}")
    treasury.chain.contract.facts(deployer.node, treasury.key.address)
    if balance < units:
        raise DeploymentFailed("The account does not have that many tokens.")
    if dry_run:
        return
    receipt = deployer.call(token.address, token.encode_transfer(target, units), "funding the contract")
    funded = tokens_text(token.balance(deployer.node, target), decimals)
    click.echo(f"Sent in {receipt.tx_hash}; the contract holds {funded} tokens.")


def _units(amount: str, decimals: int) -> int:
    """Return an amount of tokens in base units; raise BadParameter."""
    units = units_of(amount, decimals, "AMOUNT")
    if units == 0:
        raise click.BadParameter("more than 0 tokens", param_hint="AMOUNT")
    return units
