"""`flask statements`: collect the commission of sales whose money a store received."""

from __future__ import annotations

from datetime import datetime

import click

from portal.cli.common import DAY, PortalGroup, database_session, portal
from portal.commissions import day_start, get_statement
from portal.db import Actor
from portal.flows.statements.open_statements import open_statements
from portal.lib.money import major_text


@click.group(cls=PortalGroup)
def statements() -> None:
    """Open commission statements. A job does this at the end of each month."""


@statements.command("open")
@click.option(
    "--until",
    type=DAY,
    help="Include sales before this day in BUSINESS_TIMEZONE. Default: until now.",
)
def open_now(until: datetime | None) -> None:
    """Open a statement for every vendor and currency that owes commission."""
    settings = portal().settings
    end = None if until is None else day_start(until.date(), settings.timezone)
    with database_session():
        opened = [get_statement(each) for each in open_statements(end, settings, Actor("command:statements"))]
    for each in opened:
        amount = f"{major_text(each.amount_minor, each.currency)} {each.currency}"
        click.echo(f"Statement {each.id}: {each.vendor.name} owes {amount}.")
    if not opened:
        click.echo("No commission is owed.")
