"""What stores sent when they were recorded, and deliveries signed as their platforms sign them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook

from portal.stores.adapters.protocol import Delivery, Reading, StoreAdapter, Verified
from portal.stores.snapshots import OrderSnapshot

CAPTURES = Path(__file__).parents[1] / "stores" / "captures"
STANDARD_SECRET = "whsec_bGFiLXNlY3JldC1sYWItc2VjcmV0LWxhYi1zZWNyZXQ="


def recorded(number: int) -> tuple[Delivery, datetime]:
    """Return a recorded delivery, byte for byte, and when it arrived."""
    described = json.loads((CAPTURES / f"raw/{number:03}.headers.json").read_text())
    body = (CAPTURES / f"raw/{number:03}.body").read_bytes()
    headers = {name.lower(): value for name, value in described["headers"]}
    return Delivery(headers, body), datetime.fromtimestamp(described["received_at"], UTC)


def recorded_content(number: int) -> dict[str, Any]:
    """Return the body of a recorded delivery, to be changed by a test."""
    return json.loads((CAPTURES / f"raw/{number:03}.body").read_bytes())


def vector(scheme: str) -> dict[str, Any]:
    """Return the published signature vector whose name begins so."""
    vectors = json.loads((CAPTURES / "signature_vectors.json").read_text())
    return next(value for name, value in vectors.items() if name.startswith(scheme))


def standard(content: object, now: datetime, secret: str = STANDARD_SECRET) -> Delivery:
    """Return a delivery of some content, signed by Standard Webhooks."""
    body = json.dumps(content)
    signature = Webhook(secret).sign("msg_1", now, body)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    return Delivery(headers, body.encode())


def order_of(
    adapter: StoreAdapter, delivery: Delivery, now: datetime, secret: str = STANDARD_SECRET
) -> OrderSnapshot:
    """Return the order that an authentic delivery states."""
    verified = adapter.verify(delivery, (secret,), now)
    assert isinstance(verified, Verified)
    reading = adapter.read(verified)
    assert isinstance(reading, Reading), reading
    return reading.snapshot
