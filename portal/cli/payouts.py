"""Pay vendors from the command line."""

from __future__ import annotations

import click

from portal.cli.common import database_session, portal
from portal.db import Actor
from portal.flows.payouts.pay_settlements import PayoutReport, run_payouts


@click.group()
def payouts() -> None:
    """Pay vendors what is due."""


@payouts.command()
def run() -> None:
    """Finish open batches, take at most 100 due settlements into a new one, and pay it."""
    with database_session():
        report = run_payouts(portal().settings, Actor.job("command"))
    click.echo(_line(report))
    if report.waiting_reason:
        raise click.ClickException(f"Payouts wait ({report.waiting_reason}). {report.waiting_detail}".strip())


def _line(report: PayoutReport) -> str:
    if not report.batch_ids:
        return "Nothing is due."
    batches = ", ".join(str(batch_id) for batch_id in report.batch_ids)
    return (
        f"Batches {batches}: {report.completed} payouts completed, {report.failed} failed,"
        f" {report.under_way} under way."
    )
