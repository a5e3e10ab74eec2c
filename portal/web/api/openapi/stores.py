"""The routes that connected stores call with a key."""

from __future__ import annotations

from portal.stores.adapters.registry import ADAPTERS
from portal.web.api.openapi.parts import Operation, Security, in_path, in_query, operation
from portal.web.api.openapi.schemas import ID, TEXT, Schema, example, ref

TAG = "connected stores"
KEY: Security = [{"storeKey": []}]
STORE_SECURITY_SCHEME = {
    "storeKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of a connected store, `rk_live_...` or `rk_test_...`, for servers only.",
    }
}
OF_KEYS = (
    "store_key_invalid",
    "scope_missing",
    "store_signature_missing",
    "store_signature_time",
    "store_signature_unexpected",
    "store_signature_wrong",
    "too_large",
)
_OF_BODIES = ("amount_not_string", "duplicate_member", "input_invalid", "too_many_items")


_OF_SNAPSHOTS = (
    "address_checksum_wrong",
    "address_invalid",
    "amount_invalid",
    "currency_changed",
    "currency_unknown",
    "id_repeated",
    "lines_do_not_add_up",
    "refund_line_unknown",
    "total_too_large",
)

_ORDERS: dict[str, dict[str, Operation]] = {
    "/api/v1/orders": {
        "post": operation(
            "reportStoreOrder",
            TAG,
            "Report the whole present state of an order; an equal report changes nothing.",
            security=KEY,
            takes=ref("OrderSnapshot"),
            answers={
                201: ("The order is new.", ref("StoreOrderReport")),
                200: ("The order was known, or this is a test.", ref("StoreOrderReport")),
            },
            errors=(*OF_KEYS, *_OF_BODIES, *_OF_SNAPSHOTS),
        ),
        "get": operation(
            "findStoreOrder",
            TAG,
            "Return what the portal decided about an order, by the store's own id.",
            security=KEY,
            parameters=(
                {
                    **in_query("externalId", {**TEXT, "minLength": 1, "maxLength": 200}, "The store's id."),
                    "required": True,
                },
            ),
            answers={200: ("The order.", ref("StoreOrderState"))},
            errors=(*OF_KEYS, "input_invalid", "order_unknown"),
        ),
    },
    "/api/v1/orders/{orderId}": {
        "get": operation(
            "readStoreOrder",
            TAG,
            "Return what the portal decided about an order, by the portal's id.",
            security=KEY,
            parameters=(in_path("orderId", {**TEXT, "minLength": 10, "maxLength": 64}),),
            answers={200: ("The order.", ref("StoreOrderState"))},
            errors=(*OF_KEYS, "not_found", "order_unknown"),
        )
    },
}

_REFUNDS: dict[str, dict[str, Operation]] = {
    "/api/v1/refunds": {
        "post": operation(
            "reportStoreRefund",
            TAG,
            "Book one refund of an order by its id, as a report of the order with it would.",
            security=KEY,
            takes=ref("RefundBody"),
            answers={200: ("What became of it, and the order as it stands now.", ref("StoreRefundReport"))},
            errors=(
                *OF_KEYS,
                *_OF_BODIES,
                "amount_invalid",
                "order_unknown",
                "refund_changed",
                "refund_line_unknown",
                "total_too_large",
            ),
        )
    }
}

_BUYERS: dict[str, dict[str, Operation]] = {
    "/api/v1/attribution": {
        "post": operation(
            "previewAttribution",
            TAG,
            "Return whether a code would apply to a buyer now; nothing is stored.",
            security=KEY,
            takes=ref("AttributionBody"),
            answers={200: ("The decision.", ref("AttributionPreview"))},
            errors=(
                *OF_KEYS,
                *_OF_BODIES,
                "address_checksum_wrong",
                "address_invalid",
                "amount_invalid",
                "currency_unknown",
                "member_invalid",
            ),
        )
    },
    "/api/v1/referrers": {
        "post": operation(
            "createReferrer",
            TAG,
            "Create or find the referrer behind a customer, with a page that shows the results in the store.",
            security=KEY,
            takes=ref("ReferrerBody"),
            answers={
                200: ("The referrer with their code. With a test key nothing of it stays.", ref("Referrer"))
            },
            errors=(
                *OF_KEYS,
                *_OF_BODIES,
                "address_checksum_wrong",
                "address_invalid",
                "address_reserved",
                "payee_is_contract",
            ),
        )
    },
    "/api/v1/customers": {
        "post": operation(
            "importCustomers",
            TAG,
            "Take over earlier buyers, up to 1,000 in a request, so that none of them makes a first purchase later.",
            security=KEY,
            takes=ref("CustomersBody"),
            answers={200: ("How many are new, and how many were known.", ref("ImportedCustomers"))},
            errors=(*OF_KEYS, *_OF_BODIES),
        )
    },
}

_EVENTS: dict[str, dict[str, Operation]] = {
    "/api/v1/events": {
        "get": operation(
            "listStoreEvents",
            TAG,
            "List what the store sent and what became of it, oldest first.",
            security=KEY,
            parameters=(
                in_query(
                    "after",
                    {"type": "integer", "minimum": 0, "maximum": 2**63 - 1, "default": 0},
                    "The `after` of the page before.",
                ),
            ),
            answers={200: ("A page.", ref("StoreEventPage"))},
            errors=(*OF_KEYS, "input_invalid"),
        )
    },
    "/api/v1/events/{eventId}/replay": {
        "post": operation(
            "replayStoreEvent",
            TAG,
            "Apply what the store reported once more; what changed nothing then changes nothing now.",
            security=KEY,
            parameters=(in_path("eventId", example(ID, 1042)),),
            answers={200: ("What became of it now.", ref("StoreOrderReport"))},
            errors=(
                *OF_KEYS,
                *_OF_SNAPSHOTS,
                "live_key_required",
                "not_found",
                "store_event_empty",
                "store_event_unknown",
            ),
        )
    },
}

_PUBLIC_ID: Schema = {**TEXT, "minLength": 10, "maxLength": 64, "description": "The store's public id."}
_PLATFORM: Schema = {**TEXT, "enum": [adapter.name for adapter in ADAPTERS]}
_DELIVERIES: dict[str, dict[str, Operation]] = {
    "/hooks/{storeKey}/{platform}": {
        "post": operation(
            "takeStoreDelivery",
            "callbacks",
            "Take what the platform of a store sends by itself, signed in the platform's own header.",
            parameters=(in_path("storeKey", _PUBLIC_ID), in_path("platform", _PLATFORM)),
            takes={"type": "object", "description": "As the platform documents it, up to 4 MB."},
            answers={200: ("It is authentic, and stored unless it concerns no order.", ref("DeliveryTaken"))},
            errors=("delivery_refused", "not_found", "store_unknown"),
        )
    }
}

STORE_PATHS: dict[str, dict[str, Operation]] = {**_ORDERS, **_REFUNDS, **_BUYERS, **_EVENTS, **_DELIVERIES}
