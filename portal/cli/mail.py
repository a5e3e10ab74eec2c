"""`flask mail`: send letters and retry dead ones."""

from __future__ import annotations

import click

from portal.cli.common import PortalGroup, database_session, portal
from portal.db import Actor
from portal.flows.accounts.account_mail import answer_reset_requests
from portal.flows.accounts.deliver_mail import Sender, deliver_mail
from portal.mail import open_transport, requeue_dead_letters

ACTOR = Actor("command:mail")


@click.group(cls=PortalGroup)
def mail() -> None:
    """Manage the outbox of e-mails."""


@mail.command("send")
def send() -> None:
    """Send the e-mails that are due. A job does this every few seconds."""
    settings = portal().settings
    if not settings.mail_configured:
        raise click.ClickException("Set SMTP_URL and MAIL_FROM first.")
    sender = Sender(settings.mail_from, settings.brand_name)
    with database_session():
        answer_reset_requests()
        transport = open_transport(settings.smtp_url.get_secret_value())
        sent = deliver_mail(transport, portal().compose, sender, ACTOR)
    click.echo(f"{sent} sent.")


@mail.command("retry")
def retry() -> None:
    """Queue again the e-mails that failed and have not expired."""
    with database_session():
        count = requeue_dead_letters(ACTOR)
    click.echo(f"{count} letters are queued again.")
