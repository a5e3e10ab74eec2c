"""Apply the callbacks that wait in the inbox, in groups that share a transaction.

A callback waits where a burst, or a crash, has left it stored and not applied. See docs/rules/payments.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from models import PaymentEvent, PaymentTransaction
from portal.chain import AnyChain
from portal.db import set_aside, work_through
from portal.db.failing import forget_failures, require_database
from portal.flows.checkout.apply_callbacks import StoredCallback, apply_callbacks
from portal.logs import get_logger
from portal.payments import CALLBACK_QUEUE, get_provider, list_waiting_callbacks, payments_by_reference
from portal.settings import Settings

log = get_logger(__name__)

# A group shares its commit and its statements; while it is settled, other payments of its buyers and products wait.
GROUP = 50
_BATCH = 500
_SECONDS = 60
# In a burst a small group is not worth its statements, so more callbacks may arrive first.
_GATHER_SECONDS = 0.2


@dataclass(frozen=True)
class Waiting:
    """A callback that waits, the keys it shares with others of its buyer or reference, and whether it joins others.

    Refunds, and payments of anything but an order, lock their rows in a different order.
    """

    stored: StoredCallback
    keys: frozenset[Hashable]
    joins: bool


def settle_inbox(
    chain: AnyChain, settings: Settings, *, is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Apply callbacks that are stored and not applied; return how many were applied.

    They are applied in the order in which they arrived. One that cannot be applied is set
    aside and tried again later.
    """
    applied, deadline = 0, time.monotonic() + _SECONDS
    while events := _gathered():
        for group in in_groups(_read(events, settings)):
            if is_stopping() or time.monotonic() > deadline:
                return applied
            applied += _settle(group, chain, settings)
    return applied


def _gathered() -> list[PaymentEvent]:
    """Return the callbacks that wait, a moment later if they are less than a group."""
    events = list_waiting_callbacks(_BATCH)
    if 1 < len(events) < GROUP:
        time.sleep(_GATHER_SECONDS)
        events = list_waiting_callbacks(_BATCH)
    return events


def in_groups(waiting: Sequence[Waiting], size: int = GROUP) -> list[list[StoredCallback]]:
    """Return the callbacks in their order, in groups of one provider and of different buyers."""
    groups: list[list[StoredCallback]] = []
    keys: set[Hashable] = set()
    last: Waiting | None = None
    for each in waiting:
        fits = last is not None and last.joins and each.joins and last.stored.provider == each.stored.provider
        if not fits or keys & each.keys or len(groups[-1]) == size:
            groups.append([])
            keys = set()
        groups[-1].append(each.stored)
        keys |= each.keys
        last = each
    return groups


def _read(events: Sequence[PaymentEvent], settings: Settings) -> list[Waiting]:
    """Read stored callbacks as their providers do; one that cannot be read is set aside."""
    read: list[StoredCallback] = []
    for event in events:
        try:
            callback = get_provider(event.provider, settings).read_stored(event.payload)
        except Exception as error:  # of a provider that is gone, or anything else
            log.exception("callback cannot be read", callback=event.id)
            set_aside(CALLBACK_QUEUE, event.id, f"{type(error).__name__}: {error}")
        else:
            read.append(StoredCallback(event.id, event.provider, callback))
    payments = payments_by_reference([each.callback.order_reference for each in read])
    return [_waiting(each, payments) for each in read]


def _waiting(stored: StoredCallback, payments: Mapping[str, PaymentTransaction]) -> Waiting:
    callback = stored.callback
    payment = payments.get(callback.order_reference)
    if payment is None:
        return Waiting(stored, frozenset({callback.order_reference}), True)
    buyer = ("user", payment.user_id) if payment.user_id else (payment.purpose, payment.entity_id)
    joins = payment.purpose == "store_order" and callback.status != "refunded"
    return Waiting(stored, frozenset({callback.order_reference, buyer}), joins)


def _settle(group: Sequence[StoredCallback], chain: AnyChain, settings: Settings) -> int:
    """Settle a group in one transaction, or each callback alone if that fails; return how many were applied."""
    ids = [each.event_id for each in group]
    if len(group) > 1:
        try:
            apply_callbacks(group, chain, settings)
        except Exception as error:
            require_database(error)
            log.warning("callbacks are settled one by one", first=ids[0], callbacks=len(ids), exc_info=error)
        else:
            forget_failures(CALLBACK_QUEUE, ids)
            return len(ids)
    return work_through(
        CALLBACK_QUEUE,
        group,
        lambda each: each.event_id,
        lambda each: apply_callbacks([each], chain, settings),
    )
