"""Connect a store in one step, with a vendor of its own if none is named. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from models import Store
from portal.catalogue import create_vendor, vendors_by_id
from portal.commissions import VendorUnknown
from portal.db import Actor, transaction
from portal.lib.errors import InputInvalid
from portal.stores import check_store_settings, connect_store

DEFAULTS = {"collected_by": "store", "commission_base": "net", "reward_waits_for": "approval"}


def connect_new_store(
    typed: Mapping[str, str],
    origins: Iterable[str],
    vendor_id: int | None,
    platforms: Iterable[str],
    actor: Actor,
) -> Store:
    """Connect a store whose lines are sold by a vendor, a new one of the store's name if None.

    `typed` has the fields of StoreSettings; what is missing has the usual value. Raises InputInvalid, with nothing
    changed.
    """
    if vendor_id is not None and vendor_id not in vendors_by_id([vendor_id]):
        raise InputInvalid({"default_vendor": VendorUnknown(field="default_vendor")})
    settings = check_store_settings({**DEFAULTS, **typed}, origins, vendor_id or 0, platforms)
    with transaction():
        if vendor_id is None:
            settings = replace(settings, default_vendor_id=create_vendor(settings.name, actor=actor).id)
        return connect_store(settings, actor)
