"""`flask programme applications|approve|reject`: who wants to become a referrer."""

from __future__ import annotations

import click

from portal.accounts import find_user_by_email
from portal.cli.common import PortalCommand, database_session, portal
from portal.db import Actor
from portal.flows.overviews.applications import list_application_ledger
from portal.flows.programme.joining import approve, reject
from portal.programme import ApplicationStatus, find_newest_application

ACTOR = Actor("command:programme")
_STATUSES = [each.value for each in ApplicationStatus]


@click.command("applications", cls=PortalCommand)
@click.option(
    "--status",
    type=click.Choice(_STATUSES),
    default="waiting",
    show_default=True,
)
def applications(status: str) -> None:
    """List applications by status, newest first."""
    is_empty = True
    with database_session():
        for row in list_application_ledger(status):
            is_empty = False
            contact = row.user.email or row.user.name
            click.echo(f"{row.id} {row.created_at:%Y-%m-%d} {contact} {' '.join(row.note.split())}".rstrip())
    if is_empty:
        click.echo(f"No application is {status}.")


@click.command("approve", cls=PortalCommand)
@click.argument("email")
def approve_command(email: str) -> None:
    """Approve the waiting application of an account; its linked wallets get share codes."""
    with database_session():
        count = approve(_newest(email), ACTOR, portal().settings)
    click.echo(f"{email} is a referrer now. Share codes issued: {count}.")


@click.command("reject", cls=PortalCommand)
@click.argument("email")
@click.option("--reason", required=True, help="The reason, which the person reads.")
def reject_command(email: str, reason: str) -> None:
    """Reject the waiting application of an account with a reason."""
    with database_session():
        reject(_newest(email), reason, ACTOR)
    click.echo(f"The application of {email} is rejected.")


def _newest(email: str) -> int:
    person = find_user_by_email(email)
    if person is None:
        raise click.ClickException(f"There is no account {email}.")
    application = find_newest_application(person.id)
    if application is None:
        raise click.ClickException(f"{email} has not applied.")
    return int(application.id)
