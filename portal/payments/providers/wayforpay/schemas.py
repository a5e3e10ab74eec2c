"""JSON schemas of WayForPay's callback and of the signed accept, for the API's description."""

from __future__ import annotations

from typing import Any

from portal.payments.provider import CallbackSchemas

_FIELD = {"type": ["string", "number", "boolean", "null"]}
_SIGNED = "HMAC-MD5 of the fields above, joined with `;`."
_ACKNOWLEDGEMENT: dict[str, Any] = {
    "orderReference": {
        "type": "string",
        "examples": ["store_T5mRz8kQw2LxVd_1795222800000"],
        "description": "What every record of one paid event carries.",
    },
    "status": {"const": "accept"},
    "time": {"type": "integer", "description": "Unix seconds."},
    "signature": {"type": "string", "description": _SIGNED},
}

SCHEMAS = CallbackSchemas(
    body={
        "type": "object",
        "properties": {
            "merchantAccount": _FIELD,
            "orderReference": _FIELD,
            "amount": _FIELD,
            "currency": _FIELD,
            "authCode": _FIELD,
            "cardPan": _FIELD,
            "transactionStatus": _FIELD,
            "reasonCode": _FIELD,
            "merchantSignature": {**_FIELD, "description": _SIGNED},
        },
    },
    acknowledgement={
        "type": "object",
        "properties": _ACKNOWLEDGEMENT,
        "required": list(_ACKNOWLEDGEMENT),
        "additionalProperties": False,
    },
)
