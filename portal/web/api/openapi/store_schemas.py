"""The schemas of what connected stores send and get: bodies from the pydantic models that read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from portal.payments import RefundStatus
from portal.stores import OrderSnapshot
from portal.web.api.openapi.schemas import (
    BOOLEAN,
    CODE,
    COUNT,
    CURRENCY,
    DECIMAL,
    ID,
    REASONS,
    REFERENCE,
    STATUS,
    TEXT,
    TIME,
    WALLET,
    Schema,
    answer,
    example,
    or_null,
    ref,
)
from portal.web.api.v1.models import AttributionBody, CustomersBody, ReferrerBody, RefundBody

_BODIES: tuple[type[BaseModel], ...] = (
    OrderSnapshot,
    RefundBody,
    AttributionBody,
    CustomersBody,
    ReferrerBody,
)


class _BodySchemas(GenerateJsonSchema):
    """Schemas of bodies: members have no titles, which would repeat the names, and optional ones may be null."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> Any:
        described = super().default_schema(schema)
        if schema["schema"]["type"] == "nullable":
            return described
        default = described.pop("default")
        return {**self.get_flattened_anyof([described, {"type": "null"}]), "default": default}


def body_schemas() -> dict[str, Schema]:
    """Return the schema of each body and of the parts it consists of, by name."""
    return dict(pair for model in _BODIES for pair in _schemas_of(model))


def _schemas_of(model: type[BaseModel]) -> Iterator[tuple[str, Schema]]:
    schema = model.model_json_schema(
        by_alias=True,
        ref_template="#/components/schemas/{model}",
        schema_generator=_BodySchemas,
    )
    for name, part in schema.pop("$defs", {}).items():
        yield name, _untitled(part)
    yield model.__name__, _untitled(schema)


def _untitled(schema: Schema) -> Schema:
    return {name: member for name, member in schema.items() if name != "title"}


def with_ignored(**members: Schema) -> Schema:
    """Return the answer to a body: exactly these members, and the names in the body that were ignored, if any."""
    closed = answer(**members)
    ignored = {
        "type": "array",
        "items": TEXT,
        "description": "Members of the body that the portal does not know, if any.",
    }
    return {**closed, "properties": {**members, "ignoredFields": ignored}}


_OUTCOMES = ("created", "updated", "unchanged", "stale", "test", "refused", "ignored", "held")
_NOTES = {
    "type": "array",
    "items": answer(code=TEXT, text=TEXT),
    "description": "Facts for an admin, if any.",
}
_EVENT = answer(
    id=example(ID, 1042),
    receivedAt=TIME,
    kind=example(
        TEXT, "api.order", "What arrived: by this API, by a poll, or the platform's name of a delivery."
    ),
    verified=BOOLEAN,
    live=BOOLEAN,
    outcome={"enum": [*_OUTCOMES, None], "description": "Null while it waits to be applied."},
    externalId=or_null(TEXT),
    orderReference=or_null(TEXT),
    explanation=answer(code=TEXT, text=TEXT, notes=_NOTES),
)
_TRACE = {
    "type": "array",
    "description": "Each guard that ran, in words.",
    "items": answer(
        guard=TEXT, stage={"type": "string", "enum": ["order", "payment", "later"]}, passed=BOOLEAN, text=TEXT
    ),
}
_DECISION: dict[str, Schema] = {
    "referralApplied": BOOLEAN,
    "referralCode": or_null(CODE),
    "referralReason": {"enum": [*REASONS, None], "description": "Why it does not apply."},
    "referralReasonText": or_null(TEXT),
    "trace": _TRACE,
}
_ORDER: dict[str, Schema] = {
    "orderId": example(TEXT, "k3V9mQ2xTz8LpR"),
    "orderReference": REFERENCE,
    "externalId": example(TEXT, "14"),
    **_DECISION,
    "commissionable": answer(amount=DECIMAL, currency=CURRENCY, refunded=DECIMAL),
    "reward": {
        "anyOf": [answer(status=STATUS, percent=DECIMAL, usdValue=or_null(DECIMAL)), {"type": "null"}],
        "description": "Null if the order earns none.",
    },
    "settlements": {
        "type": "array",
        "items": answer(
            vendorId=ID,
            amount=DECIMAL,
            commission=DECIMAL,
            collectedBy={"type": "string", "enum": ["platform", "store"]},
            status={
                "type": "string",
                "enum": ["pending", "processing", "completed", "failed", "held", "cancelled"],
                "description": "`cancelled` after a full refund: no commission is due.",
            },
        ),
    },
}
_REFUND = answer(
    id=or_null(TEXT),
    amount=DECIMAL,
    commissionable=DECIMAL,
    status={"type": "string", "enum": [status.value for status in RefundStatus]},
    at=TIME,
    reason=or_null(TEXT),
)


def _report(*results: str) -> Schema:
    """Return the answer to a report: what became of it and the order as it stands now."""
    closed = with_ignored(
        result={"type": "string", "enum": list(results)},
        live={"type": "boolean", "description": "False with a test key: nothing was stored."},
        **_ORDER,
    )
    return {**closed, "properties": {**closed["properties"], "notes": _NOTES}}


STORE_SCHEMAS: dict[str, Schema] = {
    **body_schemas(),
    "StoreOrderReport": _report("created", "updated", "unchanged", "stale", "test"),
    "StoreRefundReport": _report("booked", "unchanged", "held", "test"),
    "StoreOrderState": answer(
        **_ORDER,
        status=TEXT,
        createdAt=TIME,
        paidAt=or_null(TIME),
        paidAmount=DECIMAL,
        refunds={"type": "array", "items": _REFUND},
    ),
    "AttributionPreview": with_ignored(**_DECISION),
    "DeliveryTaken": answer(
        result={
            **TEXT,
            "enum": ["applied", "waiting", "ignored", "refused"],
            "description": "`waiting` is for the store's API; the events of the store say why `refused`.",
        }
    ),
    "ImportedCustomers": with_ignored(imported=COUNT, known=COUNT, live=BOOLEAN),
    "Referrer": with_ignored(
        connected=BOOLEAN,
        code=TEXT,
        shareUrl=TEXT,
        embedUrl=example(TEXT, "https://portal.example/embed/...", "For a frame of a page of the store."),
        expiresIn=example(COUNT, 900, "How many seconds the address can be opened for."),
        walletAddress=or_null(WALLET),
        walletStatus={
            "enum": ["unproven", "proven", "other_proven", None],
            "description": "Whether rewards go to the wallet that the store named. Null if it named none.",
        },
    ),
    "StoreEvent": _EVENT,
    "StoreEventPage": answer(
        events={"type": "array", "items": ref("StoreEvent")},
        after={**COUNT, "description": "Give it as `after` for what comes next."},
        hasMore=BOOLEAN,
    ),
}
