"""`flask store secret`, `store signing` and `store api`: what a store and the portal prove themselves with."""

from __future__ import annotations

import json
import sys

import click

from models import Store
from portal.cli.common import PortalCommand, database_session, portal
from portal.db import Actor
from portal.lib.errors import InputInvalid
from portal.stores import (
    ChoiceInvalid,
    StoreUnknown,
    end_previous_signing_secret,
    find_store,
    replace_webhook_secret,
    require_signature,
    rotate_signing_secret,
    set_store_api,
    webhook_path,
)
from portal.stores.adapters.registry import find_adapter

ACTOR = Actor("command:store")


@click.command(cls=PortalCommand)
@click.argument("name", metavar="STORE")
@click.option("--stdin", "is_read", is_flag=True, help="Read the platform's secret from standard input.")
@click.option("--json", "as_json", is_flag=True, help="Print the secret as JSON.")
def secret(name: str, is_read: bool, as_json: bool) -> None:
    """Create a new webhook secret for a store. STORE is its id or public id. The previous secret stays valid."""
    key = portal().settings.stored_key
    given = sys.stdin.readline().rstrip("\n") if is_read else None
    with database_session():
        store = _store(name)
        new = replace_webhook_secret(store, key, ACTOR, given)
    address = f"{portal().settings.app_url}{webhook_path(store)}"
    if as_json:
        click.echo(json.dumps({"webhookUrl": address, "secret": new}))
        return
    click.echo(f"Webhook address: {address}")
    click.echo("The secret is saved." if is_read else f"Secret, shown only now: {new}")


@click.command(cls=PortalCommand)
@click.argument("name", metavar="STORE")
@click.option(
    "--required/--optional", "is_required", default=None, help="Refuse or accept unsigned requests."
)
@click.option("--end-previous", is_flag=True, help="Refuse signatures by the previous secret.")
@click.option("--json", "as_json", is_flag=True, help="Print the new secret as JSON.")
def signing(name: str, is_required: bool | None, end_previous: bool, as_json: bool) -> None:
    """Create a new secret for signed requests, or change what is accepted. STORE is its id or public id."""
    key = portal().settings.stored_key
    with database_session():
        store = _store(name)
        if end_previous:
            is_ended = end_previous_signing_secret(store.id, ACTOR)
            click.echo("The previous secret is revoked." if is_ended else "There is no previous secret.")
        if is_required is not None:
            require_signature(store.id, ACTOR, is_required=is_required)
            click.echo(f"Unsigned requests are {'refused' if is_required else 'accepted'}.")
        if end_previous or is_required is not None:
            return
        new = rotate_signing_secret(store.id, key, ACTOR)
    click.echo(json.dumps({"secret": new}) if as_json else f"Signing secret, shown only now: {new}")


@click.command(cls=PortalCommand)
@click.argument("name", metavar="STORE")
@click.argument("url")
@click.option(
    "--credential",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="A credential of the platform; repeatable.",
)
def api(name: str, url: str, pairs: tuple[str, ...]) -> None:
    """Save how the portal reaches the API of a store. STORE is its id or public id. It is polled within a minute."""
    given = dict(pair.partition("=")[::2] for pair in pairs)
    key = portal().settings.stored_key
    with database_session():
        store = _store(name)
        adapter = find_adapter(store.platform)
        names = adapter.credential_names if adapter else ()
        if set(given) != set(names):
            raise InputInvalid(
                {"--credential": ChoiceInvalid(choices=", ".join(f"{each}=..." for each in names))}
            )
        set_store_api(store.id, url, given, key, ACTOR)
    click.echo(f"Saved. The portal polls {store.name} within a minute; `store poll {store.id}` does it now.")


def _store(name: str) -> Store:
    found = find_store(name)
    if found is None:
        raise StoreUnknown
    return found
