"""`flask mint`: mint approved rewards and wait until they are final."""

from __future__ import annotations

import click

from portal.chain import checksum
from portal.cli.common import PortalCommand, database_session, portal
from portal.db import Actor
from portal.flows.minting.abandon import abandon_transactions, list_foreign_transactions
from portal.flows.minting.mint_rewards import MintReport, drive_minting, notify_minted


class MintGroup(PortalCommand, click.Group):
    """A group that is a command of its own without a subcommand."""

    command_class = PortalCommand


@click.group(cls=MintGroup, invoke_without_command=True)
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Maximum number of rewards to send.",
)
@click.option(
    "--timeout",
    default=300,
    show_default=True,
    help="Seconds to wait for finality; jobs continue afterwards.",
)
@click.pass_context
def mint(context: click.Context, limit: int, timeout: int) -> None:
    """Mint approved rewards, oldest first, and wait until they are final."""
    if context.invoked_subcommand is None:
        _mint(limit, timeout)


@mint.command()
@click.option("--yes", is_flag=True, help="Do not ask before abandoning.")
def abandon(yes: bool) -> None:
    """Give up transactions of an earlier minter's key that the chain proves can never pay.

    Their rewards are approved again, and the current key pays them.
    """
    running = portal()
    with database_session():
        foreign = list_foreign_transactions(running.chain)
        if not foreign:
            click.echo("No transaction of another key is open.")
            return
        if not yes:
            click.confirm(f"Abandon {len(foreign)} transactions of other keys?", abort=True)
        results = abandon_transactions(running.chain, running.settings, Actor("command:mint"), notify_minted)
    for result in results:
        outcome = f"not abandoned: {result.obstacle}." if result.obstacle else "abandoned."
        click.echo(
            f"Nonce {result.nonce} of {checksum(result.operator)}, {result.rewards} rewards: {outcome}"
        )
    if any(result.obstacle for result in results):
        raise click.exceptions.Exit(1)


def _mint(limit: int, timeout: int) -> None:
    running = portal()
    shown: list[str] = []

    def show(report: MintReport) -> None:
        line = _line(report)
        if line and shown[-1:] != [line]:
            shown.append(line)
            click.echo(line)

    with database_session():
        report = drive_minting(
            running.chain,
            running.settings,
            Actor("command:mint"),
            limit=limit,
            seconds=timeout,
            on_minted=notify_minted,
            on_round=show,
        )
    if not shown and not report.waiting_reason:
        click.echo("Nothing is ready to mint.")
    if report.waiting_reason:
        raise click.ClickException(
            f"Minting is waiting ({report.waiting_reason}). {report.waiting_detail}".strip()
        )


def _line(report: MintReport) -> str:
    """Return what the rounds did so far, "" for nothing."""
    if not (report.submitted or report.minted or report.failed or report.open_rewards):
        return ""
    waiting = f", {report.open_rewards} waiting for finality" if report.open_rewards else ""
    return f"{report.submitted} sent, {report.minted} minted, {report.failed} failed{waiting}"
