"""Ask a store's own API: for the orders that deliveries only name. See docs/rules/stores.md."""

from __future__ import annotations

from typing import Any

from models import Store, StoreEvent
from portal import __version__
from portal.chain import AnyChain
from portal.db import work_through
from portal.flows.stores.known_orders import cancel_known_order
from portal.flows.stores.receive_snapshot import receive_snapshot
from portal.lib.contacts import without_addresses
from portal.lib.errors import PortalError
from portal.logs import get_logger
from portal.settings import Settings
from portal.stores import (
    FETCH_QUEUE,
    begin_fetch,
    close_store_event,
    drop_delivery,
    get_store,
    is_resting,
    list_waiting_fetches,
    open_store_api,
    record_poll_failure,
)
from portal.stores.adapters.protocol import (
    ORDER_GONE,
    ORDER_UNREADABLE,
    DeliveryUnreadable,
    Fetch,
    Ignored,
    StoreAdapter,
    StoreApi,
    StoreRefused,
    StoreUnreachable,
)
from portal.stores.adapters.registry import find_adapter

log = get_logger(__name__)
_DETAIL_MAX = 200


def settle_fetches(chain: AnyChain, settings: Settings) -> int:
    """Ask the stores for the orders that deliveries have named; return how many deliveries were worked on.

    If a store does not respond, its deliveries wait; those of other stores continue.
    """
    return work_through(
        FETCH_QUEUE,
        list_waiting_fetches(),
        lambda event: event.id,
        lambda event: settle_fetch(event, chain, settings),
    )


def settle_fetch(event: StoreEvent, chain: AnyChain, settings: Settings) -> None:
    """Ask for the order of one delivery and apply it, unless the store rests."""
    store = get_store(event.store_id)
    adapter = find_adapter(store.platform)
    key = settings.stored_key
    api = open_store_api(store, key, allow_private=not settings.is_production)
    if adapter is None or api is None:
        _settle_without_api(event, store, chain, settings)
    elif not is_resting(store):
        _ask(event, store, adapter, api, chain, settings)


def note_store_failure(store: Store, error: StoreUnreachable | StoreRefused) -> None:
    """Let a store rest that could not be read; the reason is logged when it changes."""
    detail = str(error.params.get("detail") or error.code)
    retry_after = error.params.get("retry_after")
    if record_poll_failure(store.id, detail, retry_after if isinstance(retry_after, int) else None):
        log.warning("store cannot be read", store=store.id, code=error.code, detail=detail)


def _settle_without_api(event: StoreEvent, store: Store, chain: AnyChain, settings: Settings) -> None:
    wanted = begin_fetch(event)
    if wanted.is_gone:
        _cancel(event, store, wanted, chain, settings)
    else:
        _close(event, "ignored", {"reason": "no_api"})


def _ask(
    event: StoreEvent,
    store: Store,
    adapter: StoreAdapter,
    api: StoreApi,
    chain: AnyChain,
    settings: Settings,
) -> None:
    wanted = begin_fetch(event)
    try:
        reading = adapter.fetch(api, wanted)
    except (StoreUnreachable, StoreRefused) as error:
        note_store_failure(store, error)
        return
    if isinstance(reading, Ignored):
        if reading.reason == ORDER_UNREADABLE:
            _close(event, "refused", unreadable(reading.detail))
        elif reading.reason == ORDER_GONE and wanted.is_gone:
            _cancel(event, store, wanted, chain, settings)
        else:
            _close(event, "ignored", {"reason": reading.reason})
        return
    try:
        receive_snapshot(
            store,
            reading.snapshot,
            kind=event.kind,
            live=not reading.is_test,
            body_sha256=event.body_sha256,
            chain=chain,
            settings=settings,
        )
    except PortalError as error:  # its event says why
        log.info("fetched order refused", store=store.id, code=error.code)
    drop_delivery(event.id)


def _cancel(event: StoreEvent, store: Store, wanted: Fetch, chain: AnyChain, settings: Settings) -> None:
    """Cancel an order that its store no longer has, as far as it is known."""
    if wanted.external_id and cancel_known_order(store, wanted.external_id, event.kind, chain, settings):
        drop_delivery(event.id)
    else:
        _close(event, "ignored", {"reason": ORDER_GONE})


def unreadable(detail: str | None) -> dict[str, Any]:
    """Return the explanation of an order that has not the documented form; what a store writes may be an address.

    A later release may be able to read it.
    """
    return {
        "release": __version__,
        "error": DeliveryUnreadable.code,
        "params": {"detail": without_addresses(detail or "")[:_DETAIL_MAX]},
    }


def _close(event: StoreEvent, outcome: str, explanation: dict[str, Any]) -> None:
    close_store_event(event.id, outcome, order_reference=None, explanation=explanation)
