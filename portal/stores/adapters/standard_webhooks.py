"""Deliveries signed by Standard Webhooks 1.0.0, as our samples for store developers send them."""

from __future__ import annotations

import binascii
import hmac
from datetime import UTC, datetime

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from portal.stores.adapters.exact_json import parse_exact_json
from portal.stores.adapters.protocol import (
    Delivery,
    DeliveryRefused,
    DeliveryUnreadable,
    Verified,
    check_delivery_time,
)


def read_standard_webhook(delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> Verified:
    """Return a signed delivery whose body names its `type`; raise DeliveryRefused or DeliveryUnreadable."""
    check_standard_webhook(delivery, secrets, now)
    content = parse_exact_json(delivery.body)
    if not isinstance(content, dict):
        raise DeliveryUnreadable(detail="not an object")
    return Verified(str(content.get("type", "")), content)


def check_standard_webhook(delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:
    """Raise DeliveryRefused unless one of the secrets signed the delivery within five minutes of now."""
    number, time, signatures = (
        delivery.header(f"webhook-{name}") for name in ("id", "timestamp", "signature")
    )
    if not (number and time and signatures):
        raise DeliveryRefused(reason="signature_missing")
    if not secrets:
        raise DeliveryRefused(reason="secret_missing")
    if not (time.isascii() and time.isdecimal() and len(time) <= 12):
        raise DeliveryRefused(reason="signature_wrong")
    expected = [_signature(secret, number, int(time), delivery.body) for secret in secrets]
    given = [signature.encode() for signature in signatures.split(" ")]
    if not any(hmac.compare_digest(one, other) for one in expected for other in given):
        raise DeliveryRefused(reason="signature_wrong")
    check_delivery_time(int(time), now)


def _signature(secret: str, number: str, time: int, body: bytes) -> bytes:
    # The library's own check compares with the clock of the machine; deliveries are judged by the time they arrived.
    try:
        text = body.decode()
        return Webhook(secret).sign(number, datetime.fromtimestamp(time, UTC), text).encode()
    except UnicodeDecodeError:
        raise DeliveryRefused(reason="signature_wrong") from None
    except (binascii.Error, EmptyWebhookSecretError):
        raise DeliveryRefused(reason="secret_missing") from None
