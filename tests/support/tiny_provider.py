"""A second payment provider for tests: JSON signed with HMAC-SHA256 in a header, an address instead of a form."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from portal.lib import http
from portal.payments.provider import (
    MERCHANT_REDIRECT,
    Callback,
    CallbackSchemas,
    CallbackStatus,
    CallbackText,
    Payment,
    Purchase,
    RawCallback,
    Redirect,
    RefundAnswer,
    Refusal,
    StatusReport,
    Unclear,
    storable_text,
)
from portal.settings import Settings

SECRET = b"tiny secret"
PAGE = "https://pay.tiny.example"
_STATUSES: dict[str, CallbackStatus] = {
    "wait": "pending",
    "ok": "paid",
    "no": "failed",
    "late": "cancelled",
    "back": "refunded",
}
_OBJECT = {"type": "object"}


def tiny_signature(body: bytes) -> str:
    return hmac.new(SECRET, body, hashlib.sha256).hexdigest()


def tiny_body(payment: Payment, state: str = "ok", **changes: object) -> bytes:
    fields = {"id": payment.order_reference, "state": state, "cents": payment.amount_minor}
    return json.dumps({**fields, "currency": payment.currency, **changes}).encode()


def tiny_callback(payment: Payment, state: str = "ok", **changes: object) -> RawCallback:
    """Return a signed callback about a payment."""
    body = tiny_body(payment, state, **changes)
    return RawCallback("tiny", body, {"X-Tiny-Signature": tiny_signature(body)})


@dataclass(frozen=True)
class TinyProvider:
    """Send the browser to an address, and read what comes back."""

    settings: Settings
    name = "tiny"
    label = "Tiny wallet"
    rail = MERCHANT_REDIRECT
    is_configured = True
    setting_names = ()
    simulator = None

    def form_origins(self) -> tuple[str, ...]:
        return (PAGE,)

    def begin(self, payment: Payment, purchase: Purchase) -> Redirect:
        query = {"id": payment.order_reference, "cents": payment.amount_minor, "hook": purchase.callback_url}
        return Redirect(payment.order_reference, f"{PAGE}/checkout?{urlencode(query)}")

    def read_callback(self, raw: RawCallback) -> Callback | Refusal:
        signature = raw.headers.get("X-Tiny-Signature", "")
        if not hmac.compare_digest(signature.encode(), tiny_signature(raw.body).encode()):
            return Refusal("bad_signature")
        return self.read_stored(storable_text(raw.body))

    def read_stored(self, payload: str) -> Callback:
        fields = json.loads(payload)
        status = _STATUSES.get(fields["state"], "unknown")
        fingerprint = hashlib.sha256(payload.encode()).hexdigest()
        return Callback(fields["id"], status, fields["cents"], fields["currency"], fingerprint, None, payload)

    def describe_callback(self, payload: str) -> CallbackText | None:
        try:
            fields = json.loads(payload)
            return CallbackText(fields["state"], str(fields["cents"]), fields["currency"], "", payload)
        except (ValueError, KeyError, TypeError):
            return None

    def acknowledge(self, callback: Callback) -> Mapping[str, str | int]:
        return {"id": callback.order_reference, "seen": 1}

    def check_status(self, payment: Payment) -> StatusReport | Unclear:
        answer = self._call({"ask": payment.order_reference})
        if isinstance(answer, Unclear):
            return answer
        return StatusReport(self.read_stored(answer), json.loads(answer).get("refunded"))

    def refund(self, payment: Payment, amount_minor: int, comment: str) -> RefundAnswer | Unclear:
        answer = self._call({"refund": payment.order_reference, "cents": amount_minor, "why": comment})
        if isinstance(answer, Unclear):
            return answer
        is_done = json.loads(answer)["state"] == "back"
        return RefundAnswer("refunded") if is_done else RefundAnswer("refused", "no")

    def sample_callback(self, payment: Payment, status: CallbackStatus, comment: str) -> RawCallback:
        state = next(state for state, known in _STATUSES.items() if known == status)
        return tiny_callback(payment, state, comment=comment)

    def callback_schemas(self) -> CallbackSchemas:
        return CallbackSchemas(_OBJECT, _OBJECT)

    def dev_description(self) -> Mapping[str, str]:
        return {"secret": SECRET.decode()}

    def _call(self, request: Mapping[str, object]) -> str | Unclear:
        try:
            answer = http.post(f"{PAGE}/api", json.dumps(request).encode(), {})
        except http.HttpFailed as error:
            return Unclear("unreachable", str(error))
        return answer.text
