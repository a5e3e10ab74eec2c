"""`flask secrets`: keep stored secrets readable when their key is replaced."""

from __future__ import annotations

import sys

import click

from portal.cli.common import PortalGroup, database_session, portal
from portal.db import Actor
from portal.flows.accounts.stored_secrets import reseal


@click.group("secrets", cls=PortalGroup)
def secrets() -> None:
    """Keep stored secrets readable when their key is replaced."""


@secrets.command("reseal")
@click.option("--previous-stdin", is_flag=True, help="Read the previous key from standard input.")
def reseal_secrets(previous_stdin: bool) -> None:
    """Seal stored secrets with the present DATA_KEY or SECRET_KEY; asks for the previous key."""
    with database_session():
        typed = sys.stdin.readline() if previous_stdin else click.prompt("Previous key", hide_input=True)
        result = reseal(typed.rstrip("\r\n"), portal().settings.stored_key, Actor("command:secrets"))
    click.echo(f"{result.changed} sealed with the present key now, {result.unchanged} before.")
    if result.unreadable:
        raise click.ClickException(
            f"{result.unreadable} open with neither key. Was it the right previous key?"
        )
