"""`flask alias`: readable names of share codes."""

from __future__ import annotations

import click

from models import Refcode
from portal.cli.common import PortalGroup, database_session, portal
from portal.codes import CodeUnknown, find_alias, resolve_code, retire_alias
from portal.db import Actor
from portal.flows.accounts.code_alias import set_any_alias

ACTOR = Actor("command:alias")


@click.group(cls=PortalGroup)
def alias() -> None:
    """Manage aliases, the readable names of share codes. CODE is a code or its alias."""


@alias.command("show")
@click.argument("code")
def show(code: str) -> None:
    """Print a code, its alias and whether it is active."""
    with database_session():
        row = _code(code)
        name = find_alias(row.code)
    click.echo(f"{row.code} {name or '-'} {'active' if row.active else 'inactive'}")


@alias.command("set")
@click.argument("code")
@click.argument("name", metavar="ALIAS")
def set_command(code: str, name: str) -> None:
    """Give an active code an alias of 3 to 24 letters, digits and hyphens. A previous alias ends."""
    with database_session():
        row = _code(code)
        is_changed = set_any_alias(row.code, name, ACTOR, portal().settings)
        current = find_alias(row.code)
    click.echo(f"{row.code} is also {current}." if is_changed else f"{row.code} had this alias already.")


@alias.command("end")
@click.argument("code")
def end(code: str) -> None:
    """End the alias of a code at once. Nobody can use it again for a year."""
    with database_session():
        row = _code(code)
        is_changed = retire_alias(row.code, ACTOR, by="admin")
    click.echo(f"The alias of {row.code} has ended." if is_changed else f"{row.code} has no alias.")


def _code(text: str) -> Refcode:
    row = resolve_code(text)
    if row is None:
        raise CodeUnknown
    return row
