"""`flask store secret` and `flask store api`: what a store and the portal prove themselves with."""

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
    find_store,
    new_webhook_secret,
    rotate_webhook_secret,
    set_store_api,
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
        new = rotate_webhook_secret(store.id, key, ACTOR, given or new_webhook_secret(store.platform))
    address = f"{portal().settings.app_url}/hooks/{store.public_id}/{store.platform}"
    if as_json:
        click.echo(json.dumps({"webhookUrl": address, "secret": new}))
        return
    click.echo(f"Webhook address: {address}")
    click.echo("The secret is saved." if is_read else f"Secret, shown only now: {new}")


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
