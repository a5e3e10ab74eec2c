"""Look after the visit buckets from the command line."""

from __future__ import annotations

from datetime import date

import click

from portal.cli.common import database_session
from portal.visits import prune_visits


@click.group()
def visits() -> None:
    """Visit buckets; totals never shrink."""


@visits.command()
def prune() -> None:
    """Remove buckets older than 28 days, day by day; the schedule does the same every hour."""
    with database_session():
        pruned = prune_visits(_tell)
    click.echo(f"{pruned} buckets removed." if pruned else "Nothing is older than 28 days.")


def _tell(day: date, buckets: int) -> None:
    click.echo(f"{day.isoformat()}: {buckets} buckets")
