"""Connect a store in one step, with a new vendor if none is named. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from models import Store
from portal.catalogue import create_vendor, vendors_by_id
from portal.commissions import VendorUnknown
from portal.db import Actor, find_entity_with_key, query, transaction
from portal.lib.errors import InputInvalid, PortalError
from portal.stores import check_store_settings, connect_store

DEFAULTS = {"collected_by": "store", "commission_base": "net", "reward_waits_for": "approval"}


class StoreConnected(PortalError):
    """The form connected a store before; param store_id."""

    code = "store_connected"


def connect_new_store(
    typed: Mapping[str, str],
    origins: Iterable[str],
    vendor_id: int | None,
    platforms: Iterable[str],
    actor: Actor,
    *,
    form_key: str = "",
) -> Store:
    """Connect a store whose lines are sold by a vendor, a new one of the store's name if None.

    `typed` has the fields of StoreSettings; what is missing has the usual value. Raises InputInvalid, or
    StoreConnected for a form that is sent again, with nothing changed.
    """
    if vendor_id is not None and vendor_id not in vendors_by_id([vendor_id]):
        raise InputInvalid({"default_vendor": VendorUnknown(field="default_vendor")})
    settings = check_store_settings({**DEFAULTS, **typed}, origins, vendor_id or 0, platforms)
    with transaction():
        if form_key:
            _require_new(form_key, actor)
        if vendor_id is None:
            settings = replace(settings, default_vendor_id=create_vendor(settings.name, actor=actor).id)
        return connect_store(settings, actor, form_key=form_key)


def _require_new(form_key: str, actor: Actor) -> None:
    # Of a form that is sent twice at once, the second waits here and sees the store of the first.
    query("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"connect_store:{form_key}"])
    known = find_entity_with_key("store", "store_connected", form_key, actor.user_id)
    if known is not None:
        raise StoreConnected(store_id=int(known))
