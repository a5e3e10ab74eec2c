"""`flask user`: create accounts, add credit, and help users who are locked out."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import click

from models import User
from portal.accounts import (
    SecondFactorMissing,
    create_user,
    disable_account,
    enable_account,
    end_other_sessions,
    find_user_by_email,
    get_user,
    open_link,
    require_enabled,
    validate_sign_up,
)
from portal.cli.common import FilePath, PortalGroup, database_session, portal, warn_of_unconfirmed
from portal.db import Actor
from portal.flows.accounts.account_security import disable_factor
from portal.flows.accounts.change_role import change_role
from portal.flows.accounts.end_access import CurrentSession
from portal.flows.personal_data.erase import ErasurePrevented, erase_person
from portal.flows.personal_data.export import export_person
from portal.lib.errors import InputInvalid
from portal.lib.money import CurrencyUnknown, InvalidAmount, TotalTooLarge, check_currency, major_text
from portal.lib.texts import CharacterRefused
from portal.payments import (
    CreditAmountInvalid,
    ReasonMissing,
    add_credit,
    check_reason,
    credit_balance,
    give_up_credit,
    parse_top_up,
)
from portal.web.core.locale import LOCALES
from portal.web.text.letters import sign_link
from portal.web.text.personal_data import about_export, obstacle_text

ACTOR = Actor("command:user")


@click.group(cls=PortalGroup)
def user() -> None:
    """Manage accounts and their credit."""


@user.command("create")
@click.argument("email")
@click.option("--admin", is_flag=True, help="Give the account the admin role.")
@click.option("--name", default="", help="Display name; default the part before @.")
@click.option("--language", type=click.Choice(list(LOCALES)), help="Default: the first of OFFERED_LANGUAGES.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of generating it."
)
def create(email: str, admin: bool, name: str, language: str | None, password_stdin: bool) -> None:
    """Create an account. Without --password-stdin, generate a password and print it once."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(18)
    with database_session():
        display_name, address = validate_sign_up(
            name or email.partition("@")[0], email, password, portal().settings.brand_name
        )
        if find_user_by_email(address):
            raise click.ClickException(
                f"There is an account {address} already. `user role` gives it another role."
            )
        user = create_user(
            address,
            display_name,
            password,
            role="admin" if admin else "user",
            email_confirmed=True,
            locale=language or portal().settings.languages[0],
            actor=ACTOR,
        )
    click.echo(f"Created {user.role} {user.email} with id {user.id}.")
    if not password_stdin:
        click.echo(f"Password, shown only now: {password}")


@user.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice(["user", "vendor", "admin"]))
def role_command(email: str, role: str) -> None:
    """Give an account another role and end its sessions. The last admin keeps the role."""
    with database_session():
        person = _account(email)
        is_changed = change_role(person.id, role, ACTOR)
    if role != "user":
        warn_of_unconfirmed(person)
    click.echo(f"{email} is now {role}." if is_changed else f"{email} was {role} already.")


@user.command("disable")
@click.argument("email")
@click.option("--reason", required=True, help="Stored in the event log; only admins see it.")
def disable(email: str, reason: str) -> None:
    """Close every way into an account. What is owed to it is still paid. The last admin cannot be disabled."""
    with database_session():
        is_changed = disable_account(_account(email).id, reason, ACTOR)
    click.echo(f"{email} is disabled." if is_changed else f"{email} was disabled already.")


@user.command("enable")
@click.argument("email")
def enable(email: str) -> None:
    """Enable a disabled account and its share codes."""
    with database_session():
        is_changed = enable_account(_account(email).id, ACTOR)
    click.echo(f"{email} is enabled." if is_changed else f"{email} was not disabled.")


@user.command("reset-link")
@click.argument("email")
def reset_link(email: str) -> None:
    """Print a one-time link to set a new password within half an hour, for portals without e-mail."""
    with database_session():
        person = _account(email)
        require_enabled(person.id)
        key = open_link("reset_password", person.id, person.email or "")
    if key is None:
        raise click.ClickException("Three links were created in the last 15 minutes. Try again later.")
    click.echo(f"{portal().settings.app_url}/password/reset/{sign_link('reset_password', key)}")


@user.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Turn off the second factor of a user who lost the authenticator and recovery codes, and end all sessions."""
    with database_session():
        person = _account(email)
        try:
            disable_factor(person.id, CurrentSession(), ACTOR)
        except SecondFactorMissing:
            raise click.ClickException(f"{email} has no second factor.") from None
    click.echo(f"The second factor of {email} is off.")


@user.command("sessions-end")
@click.argument("email")
def end_sessions(email: str) -> None:
    """Sign a user out of every browser."""
    with database_session():
        count = end_other_sessions(_account(email).id, None, "ended_by_operator", ACTOR)
    click.echo(f"Sessions ended: {count}.")


@user.command("export")
@click.argument("email")
@click.argument("file", type=FilePath(dir_okay=False, path_type=Path))
def export(email: str, file: Path) -> None:
    """Write everything that is stored about a person to a new zip FILE that only you can read."""
    settings = portal().settings
    with database_session():
        pieces = export_person(_account(email).id, about_export(settings.brand_name), ACTOR)
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise click.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from None
        with open(descriptor, "wb") as target:
            target.writelines(pieces)
    click.echo(f"Written to {file}.")


@user.command("erase")
@click.argument("account", metavar="EMAIL|ID")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def erase(account: str, yes: bool) -> None:
    """Erase the personal data of an account. Ledger rows stay under a pseudonym."""
    with database_session():
        person = get_user(int(account)) if account.isdecimal() else _account(account)
        if not yes and not click.confirm(f"Erase account {person.id} ({person.email or person.name})?"):
            raise click.Abort
        try:
            is_new = erase_person(person.id, ACTOR)
        except ErasurePrevented as error:
            reasons = " ".join(obstacle_text(obstacle) for obstacle in error.obstacles)
            raise click.ClickException(f"Account {person.id} cannot be erased yet. {reasons}") from None
    click.echo(f"Account {person.id} is erased." if is_new else f"Account {person.id} was erased already.")


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
    code, minor = _read_amount(amount, currency)
    with database_session():
        person = _account(email)
        try:
            balance = add_credit(person.id, minor, code, reason, ACTOR)
        except InputInvalid as error:
            raise click.ClickException(_refusal(error, person)) from None
        except ReasonMissing as error:
            text = "enter a reason of up to {at_most} characters"
            raise click.BadParameter(text.format(**error.params), param_hint="--reason") from None
        except CharacterRefused as error:
            text = "remove the character {character} at position {position}"
            raise click.BadParameter(text.format(**error.params), param_hint="--reason") from None
    warn_of_unconfirmed(person)
    click.echo(f"{person.email} now has {major_text(balance, code)} {code}.")


@user.command("give-up-credit")
@click.argument("email")
@click.argument("currency")
@click.option("--reason", required=True, help="How the owner asked for it; stored in the event log.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def give_up(email: str, currency: str, reason: str, yes: bool) -> None:
    """Remove all credit in a currency from an account whose owner gives it up. It is not paid out."""
    with database_session():
        person = _account(email)
        code = check_currency(currency)
        balance, text = credit_balance(person.id, code), check_reason(reason)
        if (
            balance
            and not yes
            and not click.confirm(f"Take {major_text(balance, code)} {code} from {email}?")
        ):
            raise click.Abort
        is_changed = give_up_credit(person.id, code, balance, ACTOR, text)
    click.echo(f"{email} has no {code} any more." if is_changed else f"{email} has no credit in {code}.")


def _read_amount(amount: str, currency: str) -> tuple[str, int]:
    """Return the code of the currency and the amount in minor units; exit with a usage error."""
    try:
        code = check_currency(currency)
        return code, parse_top_up(amount, code)
    except CurrencyUnknown:
        text = (
            f"{currency[:10]!r} is no currency of ISO 4217, nor USDT or USDC; enter a code such as UAH or JPY"
        )
        raise click.BadParameter(text, param_hint="CURRENCY") from None
    except CreditAmountInvalid as error:
        text = "enter an amount above zero and up to {at_most}, with at most {decimals} decimals"
        raise click.BadParameter(text.format(**error.params), param_hint="AMOUNT") from None
    except InvalidAmount:
        text = "the comma may separate thousands or decimals; write decimals after a point"
        raise click.BadParameter(text, param_hint="AMOUNT") from None


def _refusal(error: InputInvalid, person: User) -> str:
    limit = next(each for each in error.fields.values() if isinstance(each, TotalTooLarge))
    text = "The credit of {email} can be at most {at_most:f} {currency}. Nothing was added."
    return text.format(email=person.email, **limit.params)
