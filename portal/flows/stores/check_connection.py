"""Whether a connected store works: five checks that its page shows. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from models import Store, StoreEvent
from portal.lib.clock import utc_now
from portal.orders import newest_store_orders
from portal.stores import find_newest_event, has_store_api, newest_key_uses, newest_refusals
from portal.stores.adapters.registry import find_adapter

SNIPPET_WITHIN, POLL_WITHIN = timedelta(hours=24), timedelta(minutes=45)

GOOD, WAITING, BAD, UNUSED = "good", "waiting", "bad", "unused"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `state` is good, waiting, bad or unused; `at` is the moment it is about, `facts` its values."""

    name: str
    state: str
    at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def check_connection(store: Store) -> list[Check]:
    """Return the five checks of a store: snippet, cookie, signature, order, poll."""
    return [_snippet(store), _cookie(store), _signature(store), _order(store), _poll(store)]


def is_waiting(checks: list[Check]) -> bool:
    """Return whether a check can still turn green by itself."""
    return any(check.state in (WAITING, BAD) for check in checks)


def find_troubles(stores: Sequence[Store]) -> dict[int, Check]:
    """Return what is wrong with those of the stores that worked, by store; in two statements for any number."""
    ids = [store.id for store in stores if store.active]
    used, refused = newest_key_uses(ids), newest_refusals(ids)
    troubles: dict[int, Check] = {}
    for store in stores:
        checks = (_compare(store, used.get(store.id), refused.get(store.id)), _poll(store))
        trouble = next((check for check in checks if check.state == BAD), None)
        if store.active and trouble:
            troubles[store.id] = trouble
    return troubles


def _snippet(store: Store) -> Check:
    seen = store.snippet_seen_at
    if seen is None:
        return Check("snippet", WAITING)
    return Check("snippet", GOOD if utc_now() - seen < SNIPPET_WITHIN else BAD, seen)


def _cookie(store: Store) -> Check:
    event = find_newest_event(store.id, with_cookie=True)
    if event is None:
        return Check("cookie", WAITING)
    return Check("cookie", GOOD, event.received_at, {"live": event.live})


def _signature(store: Store) -> Check:
    used = newest_key_uses([store.id]).get(store.id)
    return _compare(store, used, newest_refusals([store.id]).get(store.id))


def _compare(store: Store, used: datetime | None, refused: StoreEvent | None) -> Check:
    """Compare the newest authentic report with the newest one that was refused as not authentic."""
    accepted = max((at for at in (used, store.webhook_seen_at) if at), default=None)
    if refused is not None and (accepted is None or refused.received_at > accepted):
        return Check("signature", BAD, refused.received_at, {"reason": _reason(refused.explanation)})
    return Check("signature", WAITING if accepted is None else GOOD, accepted)


def _reason(explanation: Mapping[str, Any]) -> str:
    return str(explanation.get("reason") or explanation.get("error") or "")


def _order(store: Store) -> Check:
    newest = newest_store_orders([store.id]).get(store.id)
    if newest is None:
        return Check("order", WAITING)
    return Check("order", GOOD, newest.updated_at, {"number": newest.number})


def _poll(store: Store) -> Check:
    adapter = find_adapter(store.platform)
    if adapter is None or not adapter.credential_names or not has_store_api(store):
        can_poll = adapter is not None and bool(adapter.credential_names)
        return Check("poll", UNUSED, facts={"can_poll": can_poll})
    if store.poll_error is not None:
        return Check("poll", BAD, store.polled_at, {"error": store.poll_error})
    if store.polled_at is None:
        return Check("poll", WAITING)
    is_late = utc_now() - store.polled_at > POLL_WITHIN
    return Check("poll", BAD if is_late else GOOD, store.polled_at, {"until": store.polled_until})
