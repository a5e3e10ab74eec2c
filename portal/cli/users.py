"""`flask user create` and `flask user credit`."""

from __future__ import annotations

import secrets
import sys

import click

from portal.accounts import create_user, find_user_by_email, validate_sign_up
from portal.cli.common import database_session
from portal.db import Actor
from portal.lib.money import InvalidAmount, parse_major
from portal.payments import add_credit

ACTOR = Actor("command:user")


@click.group()
def user() -> None:
    """Accounts and their credit."""


@user.command("create")
@click.argument("email")
@click.option("--admin", is_flag=True, help="Give the account the admin role.")
@click.option("--name", default="", help="Shown to others; the part before @ by default.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of drawing one."
)
def create(email: str, admin: bool, name: str, password_stdin: bool) -> None:
    """Create an account with a password read from standard input, or drawn and printed once."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(18)
    with database_session():
        shown, address = validate_sign_up(name or email.partition("@")[0], email, password)
        made = create_user(
            address, shown, password, role="admin" if admin else "user", email_confirmed=True, actor=ACTOR
        )
    click.echo(f"Created {made.role} {made.email} with id {made.id}.")
    if not password_stdin:
        click.echo(f"Password, shown this once: {password}")


@user.command("credit")
@click.argument("email")
@click.argument("amount")
@click.argument("currency")
@click.option("--reason", required=True, help="Kept on the ledger and shown to the person.")
def credit(email: str, amount: str, currency: str, reason: str) -> None:
    """Add internal credit to an account."""
    currency = currency.upper()
    try:
        minor = parse_major(amount, currency)
    except InvalidAmount:
        raise click.BadParameter("enter a positive amount such as 12.50", param_hint="AMOUNT") from None
    with database_session():
        person = find_user_by_email(email)
        if person is None:
            raise click.ClickException(f"There is no account {email}.")
        balance = add_credit(person.id, minor, currency, reason, ACTOR)
    click.echo(f"{person.email} now has {balance} minor units of {currency}.")
