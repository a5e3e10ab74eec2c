"""`flask payouts`: pay vendors."""

from __future__ import annotations

import click

from portal.cli.common import PortalGroup, database_session, portal
from portal.db import Actor
from portal.flows.payouts.pay_settlements import PayoutReport, run_payouts


@click.group(cls=PortalGroup)
def payouts() -> None:
    """Pay due settlements to vendors."""


@payouts.command()
def run() -> None:
    """Finish open batches, then pay at most 100 due settlements in a new one."""
    with database_session():
        report = run_payouts(portal().settings, Actor("command:payouts"))
    click.echo(_line(report))
    if report.waiting_reason:
        raise click.ClickException(
            f"Payouts are waiting ({report.waiting_reason}). {report.waiting_detail}".strip()
        )


def _line(report: PayoutReport) -> str:
    if not report.batch_ids:
        return "Nothing is due."
    batches = ", ".join(str(batch_id) for batch_id in report.batch_ids)
    return (
        f"Batches {batches}: {report.completed} payouts completed, {report.failed} failed,"
        f" {report.under_way} in progress."
    )
