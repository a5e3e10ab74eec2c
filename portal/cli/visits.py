"""`flask visits`: prune daily visit counts."""

from __future__ import annotations

from datetime import date

import click

from portal.cli.common import PortalGroup, database_session
from portal.visits import prune_visits


@click.group(cls=PortalGroup)
def visits() -> None:
    """Manage daily visit counts."""


@visits.command()
def prune() -> None:
    """Delete daily counts older than 28 days. A job does this every hour. Totals stay."""
    with database_session():
        pruned = prune_visits(_show_day)
    click.echo(f"{pruned} daily counts deleted." if pruned else "No daily count is older than 28 days.")


def _show_day(day: date, buckets: int) -> None:
    click.echo(f"{day.isoformat()}: {buckets} daily counts")
