"""`flask store erase-customer`: forget a customer of a connected store."""

from __future__ import annotations

import click

from portal.cli.common import PortalCommand, database_session, portal
from portal.db import Actor
from portal.flows.personal_data.erase import ErasurePrevented
from portal.flows.personal_data.erase_customer import StoreIdentity, erase_customer
from portal.stores import StoreUnknown, find_store
from portal.web.text.personal_data import obstacle_text


@click.command(cls=PortalCommand)
@click.argument("name", metavar="STORE")
@click.option("--email", default="", help="The customer's e-mail at the store.")
@click.option("--id", "external_id", default="", help="The store's own id of the customer.")
def erase(name: str, email: str, external_id: str) -> None:
    """Forget a customer of a store, after the store has erased them. Amounts of orders stay."""
    key = portal().settings.stored_key
    with database_session():
        store = find_store(name)
        if store is None:
            raise StoreUnknown
        try:
            erased = erase_customer(store.id, StoreIdentity(email, external_id), key, Actor("command:store"))
        except ErasurePrevented as error:
            reasons = " ".join(obstacle_text(obstacle) for obstacle in error.obstacles)
            raise click.ClickException(f"The customer cannot be erased yet. {reasons}") from None
    click.echo("The customer is erased." if erased else f"{store.name} has reported no such customer.")
