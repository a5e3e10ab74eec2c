"""`flask store poll`: read the orders that changed in a store."""

from __future__ import annotations

import click

from portal.cli.common import PortalCommand, database_session, portal
from portal.flows.stores.poll_stores import poll_store
from portal.stores import StoreUnknown, find_store


@click.command(cls=PortalCommand)
@click.argument("name", metavar="STORE")
def poll(name: str) -> None:
    """Read changed orders from a store now. STORE is its id or public id."""
    running = portal()
    read = changed = 0
    is_partial = True
    with database_session():
        store = find_store(name)
        if store is None:
            raise StoreUnknown
        while is_partial:
            polled = poll_store(store.id, running.chain, running.settings)
            read, changed, is_partial = read + polled.read, changed + polled.changed, polled.is_partial
    click.echo(f"Orders read: {read}; new or changed: {changed}.")
