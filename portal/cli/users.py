"""`flask user`: create accounts, add credit, and help users who are locked out."""

from __future__ import annotations

import secrets
import sys

import click

from models import User
from portal.accounts import (
    SecondFactorMissing,
    create_user,
    end_other_sessions,
    find_user_by_email,
    open_link,
    validate_sign_up,
)
from portal.cli.common import database_session, portal
from portal.db import Actor
from portal.flows.accounts.account_security import disable_factor
from portal.lib.money import major_text
from portal.payments import CreditAmountInvalid, CurrencyUnknown, add_credit, parse_top_up
from portal.web.text.letters import sign_link

ACTOR = Actor("command:user")


@click.group()
def user() -> None:
    """Manage accounts and their credit."""


@user.command("create")
@click.argument("email")
@click.option("--admin", is_flag=True, help="Give the account the admin role.")
@click.option("--name", default="", help="Display name; default the part before @.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of generating it."
)
def create(email: str, admin: bool, name: str, password_stdin: bool) -> None:
    """Create an account with a password from standard input, or a generated one that is printed once."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(18)
    with database_session():
        display_name, address = validate_sign_up(name or email.partition("@")[0], email, password)
        user = create_user(
            address,
            display_name,
            password,
            role="admin" if admin else "user",
            email_confirmed=True,
            actor=ACTOR,
        )
    click.echo(f"Created {user.role} {user.email} with id {user.id}.")
    if not password_stdin:
        click.echo(f"Password, shown only now: {password}")


@user.command("reset-link")
@click.argument("email")
def reset_link(email: str) -> None:
    """Print a one-time link to set a new password within half an hour, for portals without e-mail."""
    with database_session():
        person = _account(email)
        key = open_link("reset_password", person.id, person.email or "")
    if key is None:
        raise click.ClickException("Three links were created in the last 15 minutes. Try again later.")
    click.echo(f"{portal().settings.app_url}/password/reset/{sign_link('reset_password', key)}")


@user.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Turn off the second factor of a user who lost authenticator and recovery codes, and end all sessions."""
    with database_session():
        person = _account(email)
        try:
            disable_factor(person.id, ACTOR)
        except SecondFactorMissing:
            raise click.ClickException(f"{email} has no second factor.") from None
        end_other_sessions(person.id, None, "second_factor_reset", ACTOR)
    click.echo(f"The second factor of {email} is off.")


def _account(email: str) -> User:
    person = find_user_by_email(email)
    if person is None:
        raise click.ClickException(f"There is no account {email}.")
    return person


@user.command("credit")
@click.argument("email")
@click.argument("amount")
@click.argument("currency")
@click.option("--reason", required=True, help="Stored in the ledger and shown to the user.")
def credit(email: str, amount: str, currency: str, reason: str) -> None:
    """Add internal credit to an account."""
    currency = currency.upper()
    try:
        minor = parse_top_up(amount, currency)
    except CurrencyUnknown as error:
        raise click.BadParameter(f"choose one of {error.params['allowed']}", param_hint="CURRENCY") from None
    except CreditAmountInvalid as error:
        text = "enter an amount above zero and up to {at_most}, with at most {decimals} decimals"
        raise click.BadParameter(text.format(**error.params), param_hint="AMOUNT") from None
    with database_session():
        person = find_user_by_email(email)
        if person is None:
            raise click.ClickException(f"There is no account {email}.")
        balance = add_credit(person.id, minor, currency, reason, ACTOR)
    click.echo(f"{person.email} now has {major_text(balance, currency)} {currency}.")
