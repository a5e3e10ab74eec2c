"""Erase a customer of a connected store, by what the store knows them by. See docs/privacy.md."""

from __future__ import annotations

from dataclasses import dataclass

from models import StoreReferrer
from portal.codes import find_store_code, set_code_active
from portal.db import Actor, record_event, transaction
from portal.flows.personal_data.erase import ErasurePrevented
from portal.flows.personal_data.obstacles import list_obstacles
from portal.lib.errors import PortalError
from portal.orders import clear_order_customers
from portal.stores import (
    clear_event_customers,
    customer_hash,
    customer_keys,
    email_digest,
    find_referrer_of_customer,
    forget_customers,
    forget_referrer,
)


class CustomerUnidentified(PortalError):
    """Neither the e-mail nor the store's id of the customer is given."""

    code = "customer_unidentified"


@dataclass(frozen=True, slots=True)
class StoreIdentity:
    """What a store knows its customer by: an e-mail, an id, or both; "" is unknown."""

    email: str = ""
    external_id: str = ""

    def keys(self, store_id: int, secret: str) -> tuple[str, ...]:
        """Return the keys of the customer in a store; raise CustomerUnidentified."""
        email = self.email.strip()
        if not email and not self.external_id:
            raise CustomerUnidentified
        digest = email_digest(email) if email else None
        return customer_keys(store_id, secret, email_sha256=digest, external_id=self.external_id or None)


def erase_customer(store_id: int, identity: StoreIdentity, secret: str, actor: Actor) -> int:
    """Erase by what the portal recognises a customer of a store and return how many keys there were.

    The amounts of the orders stay. Raises CustomerUnidentified, and ErasurePrevented while the customer, as a referrer
    inside the store, has rewards that are neither sent nor rejected.
    """
    keys = identity.keys(store_id, secret)
    with transaction():
        if identity.external_id:
            referrer = find_referrer_of_customer(
                store_id, customer_hash(store_id, identity.external_id, secret)
            )
            if referrer is not None:
                _erase_referrer(referrer, actor)
        customers = forget_customers(store_id, keys)
        if customers:
            clear_event_customers(store_id, clear_order_customers(store_id, customers))
            record_event(actor, "store", store_id, "store_customer_erased", data={"customers": customers})
    return len(customers)


def _erase_referrer(referrer: StoreReferrer, actor: Actor) -> None:
    obstacles = list_obstacles(referrer.own_user_id) if referrer.own_user_id else []
    if obstacles:
        raise ErasurePrevented(obstacles)
    code = find_store_code(referrer.id)
    if code is not None and referrer.user_id is None:
        set_code_active(code.code, False, actor, by="erased")
    forget_referrer(referrer.id)
