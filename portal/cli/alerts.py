"""`flask alerts`: list and close the alerts of the on-chain audit, many at a time."""

from __future__ import annotations

import click

from portal.chain import count_alerts
from portal.cli.common import PortalGroup, database_session
from portal.db import Actor
from portal.flows.audit.alerts import close_alerts

ACTOR = Actor("command:alerts")


@click.group(cls=PortalGroup)
def alerts() -> None:
    """List and close alerts of the on-chain audit, for example after restoring a backup."""


@alerts.command("list")
def list_kinds() -> None:
    """Count the open alerts by kind. /admin/audit shows each of them."""
    with database_session():
        counts = count_alerts()
    for kind, count in counts.items():
        click.echo(f"{count:>6}  {kind}")
    if not counts:
        click.echo("No alert is open.")


@alerts.command()
@click.option("--kind", required=True, help="Close the alerts of this kind; `alerts list` shows the kinds.")
@click.option("--yes", is_flag=True, help="Do not ask before closing.")
def resolve(kind: str, yes: bool) -> None:
    """Close all open alerts of one kind and record an event for each."""
    with database_session():
        count = count_alerts().get(kind, 0)
        if not count:
            raise click.ClickException(f"No alert of the kind {kind} is open.")
        if not yes:
            click.confirm(f"Close {count} alerts of the kind {kind}?", abort=True)
        closed = close_alerts(kind, ACTOR)
    click.echo(f"{closed} closed.")
