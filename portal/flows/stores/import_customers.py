"""Import a store's earlier buyers, so that "first purchase" is right from the first day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portal.db import Actor, record_event, transaction
from portal.settings import Settings
from portal.stores import customer_keys, mark_bought_before

IMPORT_MAX = 1_000


@dataclass(frozen=True, slots=True)
class KnownBy:
    """What a store knows an earlier buyer by: the hex SHA-256 of the normalised e-mail, or its own id."""

    email_sha256: str | None
    external_id: str | None


@dataclass(frozen=True, slots=True)
class ImportedCustomers:
    """How many customers were marked as earlier buyers now, and how many were marked already."""

    imported: int
    known: int


def import_customers(
    store_id: int, buyers: Iterable[KnownBy], settings: Settings, *, live: bool
) -> ImportedCustomers:
    """Mark customers of a store as earlier buyers; nothing is stored unless it is `live`.

    A buyer who is given twice counts once. See docs/rules/stores.md.
    """
    secret = settings.stored_key
    keys = {
        key
        for buyer in buyers
        for key in customer_keys(
            store_id, secret, email_sha256=buyer.email_sha256, external_id=buyer.external_id
        )
    }
    with transaction() as atomic:
        imported = mark_bought_before(store_id, keys)
        if imported and live:
            actor = Actor(f"store:{store_id}")
            record_event(actor, "store", store_id, "store_customers_imported", data={"count": imported})
        if not live:
            atomic.rollback()
    return ImportedCustomers(imported, len(keys) - imported)
