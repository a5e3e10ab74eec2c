"""A report of a store while it is applied, and what became of it. See docs/rules/stores.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models import Store
from portal.db import Actor
from portal.flows.checkout.size_reward import Market
from portal.flows.stores.attribute import StoreBuyer
from portal.lib.clock import utc_now
from portal.orders import OrderLine, StoreState
from portal.settings import Settings
from portal.stores import KnownSnapshot, PricedSnapshot, assign_vendors


@dataclass(frozen=True)
class Arrived:
    """A snapshot of a store as it is applied, with the prices that were read before anything was locked."""

    store: Store
    known: KnownSnapshot
    buyer: StoreBuyer
    settings: Settings
    market: Market

    @property
    def actor(self) -> Actor:
        return Actor(f"store:{self.store.id}")

    @property
    def placed_at(self) -> datetime | None:
        """Return when the store says that the order was placed; None if it does not say, or says a time to come."""
        placed_at = self.known.snapshot.created_at
        return placed_at if placed_at and placed_at <= utc_now() else None

    @property
    def paid_at(self) -> datetime:
        """Return when the store was paid; a clock that is ahead does not move it into the future."""
        now = utc_now()
        return min(self.known.snapshot.paid_at or now, now)


@dataclass
class Outcome:
    """What became of a snapshot: `notes` are codes with their values, for people."""

    result: str
    order_id: str
    order_reference: str
    notes: list[dict[str, Any]] = field(default_factory=list)

    def note(self, code: str, **values: Any) -> None:
        """Add a fact that an admin should see."""
        self.notes.append({"code": code, **values})


def store_state(known: KnownSnapshot) -> StoreState:
    """Return what is stored of an order as its store reports it."""
    snapshot = known.snapshot
    return StoreState(
        number=snapshot.number or snapshot.external_id,
        version=snapshot.version,
        payment_key=snapshot.payment_key,
        snapshot=known.as_json(),
        snapshot_sha256=known.sha256,
    )


def order_lines(store: Store, priced: PricedSnapshot) -> list[OrderLine]:
    """Return the lines of an order with their vendors; a vendor that is not known yet is noted."""
    assert store.default_vendor_id is not None
    vendors = assign_vendors(store, [line.vendor for line in priced.lines if line.vendor])
    return [
        OrderLine(
            product_id=None,
            vendor_id=vendors[line.vendor] if line.vendor else store.default_vendor_id,
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_price_minor=None,
            subtotal_minor=line.subtotal_minor,
            external_id=line.external_id,
            net_minor=line.net_minor,
        )
        for line in priced.lines
    ]
