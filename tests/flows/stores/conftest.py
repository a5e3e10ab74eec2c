"""A connected store with its vendor, a referrer's code, and snapshots of its orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import Order, Refcode, ReferralReward, Settlement, Store, Vendor
from portal.chain import AnyChain, open_chain
from portal.flows.stores.receive_snapshot import Applied, receive_snapshot
from portal.orders import find_store_order, get_order
from portal.settings import Settings
from portal.stores.snapshots import OrderSnapshot
from tests.factories import make_code, make_store, make_user, make_vendor
from tests.flows.conftest import settings_with

PAID_AT = datetime(2026, 11, 28, 14, 39, 44, tzinfo=UTC)


@dataclass
class Shop:
    """A connected store and what it reports: by default one paid order of 719.98 UAH, of which 549.98 are goods."""

    store: Store
    vendor: Vendor
    code: Refcode
    settings: Settings
    chain: AnyChain = field(init=False)

    def __post_init__(self) -> None:
        self.chain = open_chain(self.settings)

    def snapshot(self, **changes: Any) -> OrderSnapshot:
        body: dict[str, Any] = {
            "externalId": "14",
            "number": "#14",
            "version": 1,
            "currency": "UAH",
            "status": "paid",
            "paidAt": PAID_AT.isoformat(),
            "paidAmount": "719.98",
            "referralCode": self.code.code,
            "customer": {"email": "buyer@example.test"},
            "lines": [
                {"externalId": "7", "sku": "MUG-1", "name": "Mug", "quantity": 2, "amount": "299.99", "tax": "60.00"},
                {"externalId": "8", "sku": "POSTER-2", "quantity": 1, "amount": "249.99", "tax": "50.00"},
            ],
            "shipping": "60.00",
        }  # fmt: skip
        return read_snapshot({**body, **changes})

    def report(self, snapshot: OrderSnapshot | None = None, *, live: bool = True, **changes: Any) -> Applied:
        return receive_snapshot(
            self.store,
            snapshot or self.snapshot(**changes),
            kind="api.order",
            chain=self.chain,
            settings=self.settings,
            live=live,
        )

    def order(self, external_id: str = "14") -> Order:
        stored = find_store_order(self.store.id, external_id)
        assert stored is not None
        return get_order(stored.order_id)

    def settlement(self, external_id: str = "14", **where: Any) -> Settlement:
        return Settlement.get(order_reference=self.order(external_id).order_reference, **where)

    def reward(self, external_id: str = "14") -> ReferralReward | None:
        return ReferralReward.get_or_none(order_reference=self.order(external_id).order_reference)

    def open(self, **changes: Any) -> OrderSnapshot:
        return self.snapshot(
            **{"status": "open", "paidAt": None, "paidAmount": "0.00", "version": 0, **changes}
        )

    def later(self, minutes: int) -> str:
        return (PAID_AT + timedelta(minutes=minutes)).isoformat()


def read_snapshot(body: dict[str, Any]) -> OrderSnapshot:
    return OrderSnapshot.model_validate(body, strict=False)


def refund(refund_id: str, amount: str, *lines: tuple[str, str]) -> dict[str, Any]:
    return {
        "id": refund_id,
        "amount": amount,
        "lines": [{"externalId": line, "amount": part} for line, part in lines],
    }


@pytest.fixture
def shop(database: str) -> Shop:
    vendor = make_vendor()
    return Shop(make_store(vendor), vendor, make_code(make_user("Referrer")), settings_with())
