"""Secrets of endpoints and the signatures made with them: Standard Webhooks 1.0.0."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from portal.lib.clock import epoch_milliseconds

_SECRET_BYTES = 32


def new_secret() -> str:
    """Return a random secret as receivers configure it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def event_body(type: str, happened_at: datetime, data: Mapping[str, Any]) -> bytes:
    """Return the body of an event, the same bytes in every attempt."""
    timestamp = happened_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": type, "timestamp": timestamp, "data": data}, ensure_ascii=False).encode()


def signed_headers(webhook_id: str, body: bytes, now: datetime, keys: Iterable[str]) -> dict[str, str]:
    """Return the headers of one attempt, with a signature by each secret; `now` is in UTC."""
    text = body.decode()
    signatures = [Webhook(key).sign(webhook_id, now, text) for key in keys]
    return {
        "Content-Type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(epoch_milliseconds(now) // 1000),
        "webhook-signature": " ".join(signatures),
    }
