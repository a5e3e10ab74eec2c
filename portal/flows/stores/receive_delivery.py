"""Receive a webhook of a store's platform: verify it, store it, then apply it. See docs/rules/stores.md."""

from __future__ import annotations

import hashlib
from typing import Literal

from models import Store
from portal.chain import AnyChain
from portal.flows.stores.ask_store import unreadable
from portal.flows.stores.receive_snapshot import receive_snapshot
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.logs import get_logger
from portal.settings import Settings
from portal.stores import (
    StoreUnknown,
    count_refused_delivery,
    find_store_by_public_id,
    has_store_api,
    has_waiting_delivery,
    note_secret_used,
    note_webhook_seen,
    record_store_event,
    store_fetch,
    webhook_secrets,
)
from portal.stores.adapters.forms import documented_form
from portal.stores.adapters.protocol import (
    Delivery,
    DeliveryRefused,
    DeliveryUnreadable,
    Fetch,
    Ignored,
    Reading,
    StoreAdapter,
)
from portal.stores.adapters.registry import find_adapter

log = get_logger(__name__)

# What a platform calls a delivery may be any text.
_KIND_MAX = 100
Received = Literal["applied", "waiting", "ignored", "refused"]


def receive_delivery(
    public_id: str, platform: str, delivery: Delivery, chain: AnyChain, settings: Settings
) -> Received:
    """Take a delivery and return what became of it; `waiting` is for the store's API, which a job asks.

    Raises StoreUnknown, or DeliveryRefused for one that is not authentic; that is counted and nothing else changes. An
    authentic delivery is never answered with an error: a platform would send it again, or end the webhook.
    """
    store = find_store_by_public_id(public_id)
    adapter = find_adapter(platform)
    if store is None or not store.active or adapter is None or store.platform != platform:
        raise StoreUnknown
    key = settings.stored_key
    try:
        verified = adapter.verify(delivery, webhook_secrets(store, key), utc_now())
        if isinstance(verified, Ignored):
            return "ignored"
        note_webhook_seen(store.id)
        note_secret_used(
            store, "webhook_secret", lambda secret: _is_signed_with(adapter, delivery, secret), key
        )
        with documented_form():
            reading = adapter.read(verified)
    except DeliveryRefused as error:
        count_refused_delivery(store.id, str(error.params["reason"]))
        raise
    except DeliveryUnreadable as error:
        note_webhook_seen(store.id)
        record_store_event(
            store.id,
            "hook.unreadable",
            outcome="refused",
            body_sha256=hashlib.sha256(delivery.body).hexdigest(),
            explanation=unreadable(str(error.params["detail"])),
        )
        return "refused"
    return _take(store, verified.kind[:_KIND_MAX], reading, delivery.body, chain, settings)


def count_large_delivery(public_id: str, platform: str) -> None:
    """Count a delivery that is too large to be read, where its address is that of a store."""
    store = find_store_by_public_id(public_id)
    if store is not None and store.active and store.platform == platform:
        count_refused_delivery(store.id, "too_large")


def _is_signed_with(adapter: StoreAdapter, delivery: Delivery, secret: str) -> bool:
    try:
        adapter.verify(delivery, (secret,), utc_now())
    except DeliveryRefused:
        return False
    return True


def _take(
    store: Store,
    kind: str,
    reading: Reading | Fetch | Ignored,
    body: bytes,
    chain: AnyChain,
    settings: Settings,
) -> Received:
    sha256 = hashlib.sha256(body).hexdigest()
    if isinstance(reading, Ignored):
        return "ignored"
    if isinstance(reading, Reading) and reading.is_partial and has_store_api(store):
        reading = Fetch(reading.snapshot.external_id)
    if isinstance(reading, Fetch):
        store_fetch(store.id, kind, reading, sha256)
        return "waiting"
    return _apply(store, kind, reading, sha256, chain, settings)


def _apply(
    store: Store, kind: str, reading: Reading, sha256: str, chain: AnyChain, settings: Settings
) -> Received:
    live = not reading.is_test
    try:
        receive_snapshot(
            store, reading.snapshot, kind=kind, live=live, body_sha256=sha256, chain=chain, settings=settings
        )
    except PortalError as error:  # its event says why
        log.info("delivered order refused", store=store.id, code=error.code)
        return "refused"
    except Exception:
        # It is stored, so a job applies it; sent again it would be the same.
        if not has_waiting_delivery(store.id, sha256):
            raise
        log.exception("delivery not applied yet", store=store.id)
        return "waiting"
    return "applied"
