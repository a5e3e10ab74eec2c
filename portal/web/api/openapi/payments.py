"""The routes of payment providers, described once per provider of the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.payments import PaymentProvider
from portal.web.api.openapi.parts import OF_PAYMENTS, TOKEN, Operation, operation
from portal.web.api.openapi.schemas import TEXT, body, example, ref

ORDER_ID = example(TEXT, "T5mRz8kQw2LxVd")
REVIEW_TOKEN = {
    **TEXT,
    "maxLength": 8192,
    "description": "Optional, from `POST /api/store/review`: confirms exactly what was reviewed, else nothing happens.",
}
PURCHASE = {200: ("The form that sends the buyer to the provider.", ref("PurchaseForm"))}


def payment_paths(providers: Sequence[PaymentProvider]) -> dict[str, dict[str, Operation]]:
    """Return the operations to begin a payment and to take a callback, per provider."""
    paths: dict[str, dict[str, Operation]] = {}
    for provider in providers:
        paths[f"/api/store/payments/{provider.name}"] = {"post": _begin(provider)}
        paths[f"/api/payments/{provider.name}/webhook"] = {"post": _callback(provider)}
    return paths


def payment_schemas(providers: Sequence[PaymentProvider]) -> dict[str, Any]:
    """Return the shapes of each provider's callback and of its acknowledgement."""
    schemas: dict[str, Any] = {}
    for provider in providers:
        described = provider.callback_schemas()
        schemas[f"{_title(provider)}Callback"] = described.body
        schemas[f"{_title(provider)}Acknowledgement"] = described.acknowledgement
    return schemas


def _begin(provider: PaymentProvider) -> Operation:
    return operation(
        f"payBy{_title(provider)}",
        "store",
        f"Return the form that sends the buyer of an order to {provider.name}.",
        security=TOKEN,
        takes=body(("orderId",), orderId=ORDER_ID, reviewToken=REVIEW_TOKEN),
        answers=PURCHASE,
        errors=(*OF_PAYMENTS, "provider_unknown"),
    )


def _callback(provider: PaymentProvider) -> Operation:
    return operation(
        f"take{_title(provider)}Callback",
        "callbacks",
        f"Take a callback of {provider.name}: store it, apply it once, then acknowledge it.",
        takes=ref(f"{_title(provider)}Callback"),
        answers={200: ("Acknowledged: it is stored.", ref(f"{_title(provider)}Acknowledgement"))},
        errors=("callback_refused", "provider_unknown"),
    )


def _title(provider: PaymentProvider) -> str:
    return "".join(part.title() for part in provider.name.split("_"))
