"""`flask db migrate|status` and `flask seed`."""

from __future__ import annotations

import logging

import click

from portal import __version__
from portal.cli.common import PortalCommand, PortalGroup, database_session, portal
from portal.db.connection import direct_url
from portal.db.migrations import migrate, migration_status
from portal.db.releases import count_other_sessions
from portal.flows.demo.seed_demo import SeedRefused, seed_demo
from portal.flows.demo.seed_history import seed_history
from portal.lib.folders import PROGRAM
from portal.logs import quiet

_SHOWN = 10


@click.group(cls=PortalGroup)
def db() -> None:
    """Manage the tables of the database."""


@db.command("migrate")
def apply_migrations() -> None:
    """Apply pending migrations, then the functions of sql/functions if they changed."""
    # yoyo reports every statement.
    logging.getLogger("yoyo").setLevel(logging.WARNING)
    applied = migrate(direct_url())
    if len(applied) > _SHOWN:
        click.echo(f"Applied {len(applied)} changes: {applied[0]} to {applied[-1]}")
    else:
        for name in applied:
            click.echo(f"Applied {name}")
    click.echo("The database is up to date.")


@db.command("status")
def show_status() -> None:
    """Show the version, which migrations are applied, and whether a migration or a restart is needed."""
    click.echo(f"version  {__version__}")
    statuses = migration_status(direct_url())
    for name, applied in statuses:
        click.echo(f"{'applied' if applied else 'pending'}  {name}")
    if pending := [name for name, applied in statuses if not applied]:
        click.echo(f"migrate  {len(pending)} pending: run `{PROGRAM} db migrate`")
    else:
        click.echo("migrate  not needed")
    others = count_other_sessions(direct_url())
    for release, sessions in others.items():
        click.echo(f"restart  needed: {sessions} sessions belong to release {release}")
    if not others:
        click.echo("restart  not needed")


@click.command(cls=PortalCommand)
@click.option("--history/--no-history", default=True, help="Whether to create four weeks of demo sales.")
def seed(*, history: bool) -> None:
    """Write missing demo data; development only."""
    with database_session(), quiet("portal"):
        try:
            data = seed_demo(portal().settings)
            orders = seed_history(data, portal().chain, portal().settings) if history else 0
        except SeedRefused as error:
            raise click.ClickException(str(error)) from None
    if orders:
        click.echo(f"Wrote {orders} orders of the last four weeks.")
    click.echo(f"Demo data is complete. Referral code: {data.referral_code}")
    for name, login in data.logins.items():
        click.echo(f"  {name:<9} {login['email']:<28} {login['password']}")
