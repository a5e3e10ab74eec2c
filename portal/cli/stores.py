"""`flask store`: connect stores and give them keys."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from models import Store
from portal.cli.common import PortalGroup, database_session, portal
from portal.cli.store_access import api, secret, signing
from portal.cli.store_correct import correct
from portal.cli.store_customers import erase
from portal.cli.store_poll import poll
from portal.db import Actor
from portal.flows.stores.connect_store import connect_new_store
from portal.stores import (
    API_PLATFORM,
    PLATFORMS_WITH_OWN_SECRET,
    SCOPES,
    StoreUnknown,
    create_key,
    disconnect_store,
    find_store,
    keyset_of_stores,
    list_keys,
    revoke_key,
    webhook_path,
)
from portal.stores.adapters.registry import find_adapter, list_platforms, platform_name

ACTOR = Actor("command:store")


@click.group(cls=PortalGroup)
def store() -> None:
    """Connect stores that report their orders."""


for _command in (api, poll, secret, signing):
    store.add_command(_command)
store.add_command(erase, "erase-customer")
store.add_command(correct)


@store.command("create")
@click.argument("name")
@click.option("--platform", default=API_PLATFORM, show_default=True, help="Platform of the store.")
@click.option(
    "--origin", "origins", multiple=True, help="Address of its pages, https://shop.example; repeatable."
)
@click.option("--vendor", type=int, help="Id of the vendor. Default: a new vendor with the store's name.")
@click.option(
    "--collected-by", default="store", show_default=True, help="Who receives the money: store or platform."
)
@click.option(
    "--commission-base", default="net", show_default=True, help="Amounts without tax (net) or with (gross)."
)
@click.option(
    "--reward-waits-for",
    default="approval",
    show_default=True,
    help="What rewards wait for: approval or statement.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the store as JSON.")
def create(
    name: str,
    platform: str,
    origins: tuple[str, ...],
    vendor: int | None,
    collected_by: str,
    commission_base: str,
    reward_waits_for: str,
    as_json: bool,
) -> None:
    """Connect a store and print its ids. Then create a key with `store key create`."""
    typed = {
        "name": name,
        "platform": platform_name(platform),
        "collected_by": collected_by,
        "commission_base": commission_base,
        "reward_waits_for": reward_waits_for,
    }
    with database_session():
        connected = connect_new_store(typed, origins, vendor, list_platforms(), ACTOR)
    facts = _facts(connected)
    if as_json:
        click.echo(json.dumps(facts))
        return
    click.echo(f"Connected {connected.name} as store {connected.id}, public id {connected.public_id}.")
    for step in _next_steps(connected, facts["webhookUrl"]):
        click.echo(step)


@store.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the stores as JSON.")
def list_command(as_json: bool) -> None:
    """List the connected stores."""
    with database_session():
        stores = list(keyset_of_stores())
    if as_json:
        click.echo(json.dumps([_facts(each) for each in stores]))
        return
    for each in stores:
        state = "" if each.active else "  disconnected"
        click.echo(f"{each.id}  {each.public_id}  {each.platform}  {each.name}{state}")
    if not stores:
        click.echo("No store is connected. Connect one: store create NAME")


@store.command("disconnect")
@click.argument("name", metavar="STORE")
def disconnect(name: str) -> None:
    """Disconnect a store at once. STORE is its id or public id. Its history stays."""
    with database_session():
        found = _store(name)
        is_ended = disconnect_store(found.id, ACTOR)
    click.echo(f"{found.name} is disconnected." if is_ended else f"{found.name} was disconnected already.")


@store.group("key", cls=PortalGroup)
def key() -> None:
    """Create, list and revoke the keys of a store."""


@key.command("create")
@click.argument("name", metavar="STORE")
@click.option("--mode", type=click.Choice(["live", "test"]), default="live", show_default=True)
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="Default: all; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print the key as JSON.")
def create_command(name: str, mode: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Create a key for a store and print it once. STORE is its id or public id."""
    with database_session():
        new = create_key(
            _store(name).id, "test" if mode == "test" else "live", ACTOR, scopes=scopes or SCOPES
        )
    if as_json:
        click.echo(json.dumps({"id": new.id, "mode": mode, "key": new.text}))
        return
    click.echo(f"Key {new.id}, shown only now: {new.text}")


@key.command("list")
@click.argument("name", metavar="STORE")
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON.")
def list_keys_command(name: str, as_json: bool) -> None:
    """List the keys of a store, the newest first."""
    with database_session():
        keys = list_keys(_store(name).id)
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "id": each.id,
                        "mode": each.mode,
                        "prefix": each.prefix,
                        "scopes": each.scopes,
                        "createdAt": each.created_at.isoformat(),
                        "lastUsedAt": each.last_used_at.isoformat() if each.last_used_at else None,
                        "revokedAt": each.revoked_at.isoformat() if each.revoked_at else None,
                    }
                    for each in keys
                ]
            )
        )
        return
    for each in keys:
        state = "revoked" if each.revoked_at else "valid"
        click.echo(f"{each.id}  {each.prefix}...  {each.mode}  {state}  {' '.join(each.scopes)}")
    if not keys:
        click.echo("The store has no key. Create one: store key create STORE")


@key.command("revoke")
@click.argument("name", metavar="STORE")
@click.argument("key_id", metavar="KEY", type=int)
def revoke(name: str, key_id: int) -> None:
    """Revoke a key of a store at once. `store key list` shows the ids of keys."""
    with database_session():
        revoke_key(_store(name).id, key_id, ACTOR)
    click.echo(f"Key {key_id} is revoked.")


def _store(name: str) -> Store:
    found = find_store(name)
    if found is None:
        raise StoreUnknown
    return found


def _next_steps(connected: Store, webhook_url: object) -> Iterator[str]:
    """Yield what a store of this platform needs next."""
    if webhook_url:
        option = " --stdin" if connected.platform in PLATFORMS_WITH_OWN_SECRET else ""
        yield f"Webhook address: {webhook_url}"
        yield f"Set the webhook secret: store secret {connected.id}{option}"
    if adapter := find_adapter(connected.platform):
        names = " ".join(f"--credential {name}=..." for name in adapter.credential_names)
        yield f"Let the portal poll the store: store api {connected.id} URL {names}"
    if not webhook_url or connected.platform == "woocommerce":
        yield f"Give it a key: store key create {connected.id}"


def _facts(connected: Store) -> dict[str, object]:
    """Return what a program needs to know of a store."""
    address, hook = portal().settings.app_url, webhook_path(connected)
    return {
        "id": connected.id,
        "publicId": connected.public_id,
        "name": connected.name,
        "platform": connected.platform,
        "origins": connected.origins,
        "vendorId": connected.default_vendor_id,
        "collectedBy": connected.collected_by,
        "commissionBase": connected.commission_base,
        "rewardWaitsFor": connected.reward_waits_for,
        "active": connected.active,
        "apiUrl": f"{address}/api/v1",
        "webhookUrl": f"{address}{hook}" if hook else None,
    }
