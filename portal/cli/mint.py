"""`flask mint`: mint approved rewards and wait until they are final."""

from __future__ import annotations

import click

from portal.cli.common import database_session, portal
from portal.db import Actor
from portal.flows.minting.mint_rewards import MintReport, drive_minting, notify_minted


@click.command()
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Most rewards to send."
)
@click.option(
    "--timeout",
    default=300,
    show_default=True,
    help="Seconds to wait for finality; jobs continue afterwards.",
)
def mint(limit: int, timeout: int) -> None:
    """Mint approved rewards, oldest first, and wait until they are final."""
    running = portal()
    shown: list[str] = []

    def show(report: MintReport) -> None:
        line = _line(report)
        if not shown or shown[-1] != line:
            shown.append(line)
            click.echo(line)

    with database_session():
        report = drive_minting(
            running.chain,
            running.settings,
            Actor.job("command"),
            limit=limit,
            seconds=timeout,
            on_minted=notify_minted,
            on_round=show,
        )
    if report.waiting_reason:
        raise click.ClickException(
            f"Minting is waiting ({report.waiting_reason}). {report.waiting_detail}".strip()
        )


def _line(report: MintReport) -> str:
    waiting = f", {report.open_rewards} waiting for finality" if report.open_rewards else ""
    return f"{report.submitted} sent, {report.minted} minted, {report.failed} failed{waiting}"
