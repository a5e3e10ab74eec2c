"""`flask vendor`: create and list vendors."""

from __future__ import annotations

import json

import click

from models import Vendor
from portal.catalogue import STORE_TIERS, list_vendor_ledger
from portal.cli.common import PortalGroup, database_session, warn_of_unconfirmed
from portal.db import Actor
from portal.flows.vendors.save_vendor import add_vendor

ACTOR = Actor("command:vendor")


@click.group(cls=PortalGroup)
def vendor() -> None:
    """Manage vendors."""


@vendor.command("create")
@click.argument("name")
@click.option("--owner", default="", help="E-mail of the owner, whose account becomes a vendor.")
@click.option(
    "--tier",
    type=click.Choice(STORE_TIERS),
    default=STORE_TIERS[0],
    show_default=True,
    help="Tier, which decides the platform's percent unless the terms set one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the vendor as JSON.")
def create(name: str, owner: str, tier: str, as_json: bool) -> None:
    """Create a vendor. Set terms and payout wallet at /admin/vendors."""
    with database_session():
        row = add_vendor(name, owner, tier, ACTOR)
        warn_of_unconfirmed(row.user)
    click.echo(json.dumps(_fields(row)) if as_json else f"Created vendor {row.name} with id {row.id}.")


@vendor.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_command(as_json: bool) -> None:
    """List the vendors, newest first."""
    is_empty = True
    with database_session():
        for row in list_vendor_ledger():
            is_empty = False
            click.echo(json.dumps(_fields(row)) if as_json else _line(row))
    if is_empty and not as_json:
        click.echo("There is no vendor. Create one: vendor create NAME")


def _fields(row: Vendor) -> dict[str, object]:
    owner = row.user.email if row.user else None
    return {"id": row.id, "name": row.name, "owner": owner, "tier": row.store_tier, "active": row.active}


def _line(row: Vendor) -> str:
    owner = (row.user.email or row.user.name) if row.user else "no owner"
    return f"{row.id:<6} {row.name}, {owner}, {row.store_tier}{'' if row.active else ', off sale'}"
