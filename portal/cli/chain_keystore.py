"""`flask chain keystore`: the encrypted file with the minter's key."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from portal.chain import checksum
from portal.chain.sending.keys import create_keystore
from portal.cli.common import FilePath, PortalGroup, portal

_SHORTEST_PASSWORD = 8


@click.group(cls=PortalGroup)
def keystore() -> None:
    """Manage the encrypted keystore of the minting account."""


@keystore.command()
@click.option(
    "--file",
    "path",
    type=FilePath(path_type=Path, dir_okay=False),
    default=Path("minter.json"),
    show_default=True,
    help="File to create.",
)
@click.option("--from-env", is_flag=True, help="Import REFERRAL_MINTER_PRIVATE_KEY instead of a new key.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create(path: Path, from_env: bool, password_stdin: bool) -> None:
    """Write a new key, or the one in the environment, to an encrypted file, and print its address."""
    private_key = portal().settings.referral_minter_private_key.get_secret_value() if from_env else None
    if from_env and not private_key:
        raise click.ClickException("REFERRAL_MINTER_PRIVATE_KEY is not set.")
    address = create_keystore(path, _password(password_stdin), private_key)
    click.echo(f"Address  {checksum(address)}")
    click.echo(
        f"Keystore {path}   <- REFERRAL_MINTER_KEYSTORE, and its password in REFERRAL_MINTER_KEYSTORE_PASSWORD"
    )
    if from_env:
        click.echo("Remove REFERRAL_MINTER_PRIVATE_KEY from the environment.")


def _password(is_from_stdin: bool) -> str:
    """Return a password from standard input or a prompt that shows nothing."""
    if is_from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password of the keystore", hide_input=True, confirmation_prompt=True)
    if len(password) < _SHORTEST_PASSWORD:
        raise click.ClickException(f"The password needs at least {_SHORTEST_PASSWORD} characters.")
    return password
