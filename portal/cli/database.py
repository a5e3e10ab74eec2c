"""`flask db migrate|status` and `flask seed`."""

from __future__ import annotations

import click

from portal.cli.common import database_session, portal
from portal.db.migrations import migrate, migration_status
from portal.dev.postgres import start_postgres
from portal.flows.demo.seed_demo import SeedRefused, seed_demo


@click.group()
def db() -> None:
    """Manage the tables of the database."""


@db.command("migrate")
def apply_migrations() -> None:
    """Apply pending migrations, then the functions of sql/functions if they changed."""
    applied = migrate(_database_url())
    for name in applied:
        click.echo(f"Applied {name}")
    click.echo("The database is up to date.")


@db.command("status")
def show_status() -> None:
    """Show which migrations are applied and whether the functions are the present ones."""
    for name, applied in migration_status(_database_url()):
        click.echo(f"{'applied' if applied else 'pending'}  {name}")


@click.command()
def seed() -> None:
    """Write missing demo data; development only."""
    with database_session():
        try:
            data = seed_demo(portal().settings)
        except SeedRefused as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"Demo data is complete. Referral code: {data.referral_code}")
    for name, login in data.logins.items():
        click.echo(f"  {name:<9} {login['email']:<28} {login['password']}")


def _database_url() -> str:
    settings = portal().settings
    return settings.database_url or start_postgres(settings.portal_data_dir)
