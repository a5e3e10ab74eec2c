"""Read the orders that changed from the stores' own APIs, whether webhooks arrive or not. See docs/rules/stores.md."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from models import Store
from portal import __version__
from portal.chain import AnyChain
from portal.chain.state import raise_alert, resolve_alert_about
from portal.db import Actor, database_now, record_event, transaction, work_through
from portal.flows.stores.ask_store import note_store_failure, unreadable
from portal.flows.stores.known_orders import is_known_state
from portal.flows.stores.receive_snapshot import receive_snapshot
from portal.lib.errors import PortalError
from portal.logs import get_logger
from portal.settings import Settings
from portal.stores import (
    ask_again_for_unreadable,
    get_store,
    is_webhook_silent,
    list_due_polls,
    open_store_api,
    poll_start,
    record_poll,
    record_poll_progress,
    record_store_event,
)
from portal.stores.adapters.protocol import (
    ORDER_UNREADABLE,
    Ignored,
    Reading,
    StoreAdapter,
    StoreApi,
    StoreRefused,
    StoreUnreachable,
)
from portal.stores.adapters.registry import find_adapter

log = get_logger(__name__)

POLL_QUEUE = "store_polls"
WEBHOOK_SILENT = "store_webhook_silent"
# A round ends here; the next one continues from there.
ROUND_ORDERS, ROUND_SECONDS = 500, 120


class StoreApiMissing(PortalError):
    """The portal has no access to the store's own API."""

    code = "store_api_missing"


class PlatformNotRead(PortalError):
    """The portal knows no API of this platform."""

    code = "platform_not_read"


@dataclass
class Polled:
    """How many orders a round has read, applied and changed; `is_partial` if there are more."""

    read: int = 0
    applied: int = 0
    changed: int = 0
    is_partial: bool = False


def poll_stores(chain: AnyChain, settings: Settings) -> int:
    """Read the stores that are due, each for itself; return how many were worked on."""
    return work_through(
        POLL_QUEUE, list_due_polls(), lambda store: store.id, lambda store: _try(store, chain, settings)
    )


def poll_store(store_id: int, chain: AnyChain, settings: Settings) -> Polled:
    """Read what changed in a store since the last round, at most a round's portion.

    Raises StoreUnknown, StoreApiMissing or PlatformNotRead; and StoreUnreachable or StoreRefused after what was read
    before is applied, and then the store rests.
    """
    store = get_store(store_id)
    adapter, key = find_adapter(store.platform), settings.stored_key
    api = open_store_api(store, key, allow_private=not settings.is_production)
    if adapter is None or not adapter.credential_names:
        raise PlatformNotRead
    if api is None:
        raise StoreApiMissing
    polled = Polled()
    try:
        _read(store, adapter, api, polled, chain, settings)
    except (StoreUnreachable, StoreRefused) as error:
        note_store_failure(store, error)
        raise
    if record_poll(store.id, is_finished=not polled.is_partial):
        log.warning("store can be read again", store=store.id)
    if again := ask_again_for_unreadable(store.id, __version__):
        log.info("orders that could not be read are asked for again", store=store.id, orders=again)
    _watch_webhooks(store, polled)
    return polled


def _try(store: Store, chain: AnyChain, settings: Settings) -> None:
    try:
        poll_store(store.id, chain, settings)
    except (StoreUnreachable, StoreRefused, PlatformNotRead):
        return  # recorded with the store


def _read(
    store: Store, adapter: StoreAdapter, api: StoreApi, polled: Polled, chain: AnyChain, settings: Settings
) -> None:
    started, until, deadline = database_now(), None, time.monotonic() + ROUND_SECONDS
    try:
        for reading in adapter.changed_since(api, poll_start(store)):
            if polled.applied >= ROUND_ORDERS or time.monotonic() > deadline:
                polled.is_partial = True
                break
            polled.read += 1
            until = _take(store, reading, polled, chain, settings) or until
    finally:
        if until is not None:
            record_poll_progress(store.id, until)
    if (
        until is None and polled.read and not polled.is_partial
    ):  # the platform does not say when an order changed
        record_poll_progress(store.id, started)


def _take(
    store: Store, reading: Reading | Ignored, polled: Polled, chain: AnyChain, settings: Settings
) -> datetime | None:
    """Apply an order that was read, and return when it changed in the store."""
    if isinstance(reading, Ignored):
        if reading.reason == ORDER_UNREADABLE:
            record_store_event(
                store.id,
                "poll",
                outcome="refused",
                external_id=reading.external_id,
                explanation=unreadable(reading.detail),
            )
        return None
    if is_known_state(store, reading.snapshot, settings):
        return reading.changed_at
    live = not reading.is_test
    polled.applied += 1
    try:
        applied = receive_snapshot(
            store, reading.snapshot, kind="poll", live=live, chain=chain, settings=settings
        )
    except PortalError as error:  # its event says why
        log.info("polled order refused", store=store.id, code=error.code)
    else:
        polled.changed += applied.result in ("created", "updated")
    return reading.changed_at


def _watch_webhooks(store: Store, polled: Polled) -> None:
    """Raise an alert while a store's webhooks are silent although its orders change, and close it afterwards."""
    if not is_webhook_silent(store):
        with transaction():
            closed = resolve_alert_about(WEBHOOK_SILENT, store.public_id)
            if closed is not None:
                record_event(
                    Actor.job("poll_connected_stores"), "chain_alert", closed, "chain_alert_resolved"
                )
    elif polled.changed and raise_alert(WEBHOOK_SILENT, store.public_id, store=store.name):
        log.warning("webhooks of a store are silent", store=store.id)
