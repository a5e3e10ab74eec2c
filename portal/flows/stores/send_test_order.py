"""Report an invented order of a store as a test, to see what the portal would decide. See docs/rules/stores.md."""

from __future__ import annotations

from models import Store
from portal.chain import AnyChain
from portal.flows.stores.receive_snapshot import Applied, receive_snapshot
from portal.lib.clock import epoch_milliseconds, utc_now
from portal.lib.ids import random_text
from portal.lib.money import check_currency, major_text
from portal.settings import Settings
from portal.stores.snapshots import OrderSnapshot, SnapshotLine

KIND = "portal.test"
_SAMPLE_MINOR = 10_000


def send_test_order(
    store: Store, code: str | None, currency: str, chain: AnyChain, settings: Settings
) -> Applied:
    """Apply a paid sample order with a referral code and roll it back; only its event stays.

    Raises UnknownCurrency, and StoreInactive for a disconnected store.
    """
    return receive_snapshot(
        store, _sample(code, check_currency(currency)), kind=KIND, live=False, chain=chain, settings=settings
    )


def _sample(code: str | None, currency: str) -> OrderSnapshot:
    now, amount = utc_now(), major_text(_SAMPLE_MINOR, currency)
    return OrderSnapshot(
        external_id=f"test-{random_text(8)}",
        number="TEST",
        version=epoch_milliseconds(now),
        currency=currency,
        status="paid",
        paid_at=now,
        paid_amount=amount,
        referral_code=code,
        code_source="entered" if code else None,
        lines=(SnapshotLine(external_id="1", sku="TEST", name="Test", quantity=1, amount=amount),),
    )
