"""The routes of referrers, and the public proof of payments on chain."""

from __future__ import annotations

from portal.web.api.openapi.parts import (
    OF_PEOPLE,
    SESSION,
    Operation,
    in_path,
    in_query,
    operation,
)
from portal.web.api.openapi.schemas import TEXT, body, example, ref

CURSOR = in_query("cursor", TEXT, "`nextCursor` of the page before.")

_PAYMENT_HASH = example(
    {**TEXT, "pattern": "^(0[xX])?[0-9a-fA-F]{64}$"},
    "0x" + "ab" * 32,
    "64 hex digits, with or without 0x.",
)

_CODE = example({**TEXT, "minLength": 1, "maxLength": 64}, "q7RmK2xd", "A code, or its alias.")
_LABEL = example(
    {
        "description": "The label of the link: 1 to 32 of a-z, 0-9, _ and -. Any other is ignored. Without it the "
        "label of the first touch counts if its cookies are sent."
    },
    "spring-post",
)
_STORE = example(
    {"description": "The public id of the store whose page reports, from one of its registered origins."},
    "b7Kq2mZx9R",
)


def _arrival(name: str) -> Operation:
    return operation(
        name,
        "referrals",
        "Count one arrival through a share link; bots, previews and prefetches are answered and not counted.",
        takes=body(("code",), code=_CODE, store=_STORE, label=_LABEL),
        answers={200: ("Counted.", ref("Success"))},
        errors=("code_malformed", "code_unknown"),
    )


REFERRALS: dict[str, dict[str, Operation]] = {
    "/api/refcodes": {
        "get": operation(
            "readRefcodes",
            "referrals",
            "Return a page of the person's codes with visit statistics, totals and a page of rewards, newest first.",
            security=SESSION,
            parameters=(CURSOR, in_query("codesCursor", TEXT, "`nextCodesCursor` of the page before.")),
            answers={200: ("The signed-in person's.", ref("ReferrerOverview"))},
            errors=(*OF_PEOPLE, "cursor_invalid"),
        )
    },
    "/api/refcodes/track": {"post": _arrival("trackVisit")},
    "/api/v1/arrivals": {"post": _arrival("reportArrival")},
    "/api/v1/badge": {
        "get": operation(
            "readBadge",
            "referrals",
            "Say whether a code applies in a store, for its pages: nothing about the reader is looked at.",
            parameters=(
                in_query("store", TEXT, "The public id of the store."),
                in_query("code", TEXT, "The code of the visitor."),
                in_query("lang", TEXT, "The language of the page; English where the portal has no other."),
            ),
            answers={200: ("The sentence for the page, if any.", ref("Badge"))},
            errors=("store_unknown",),
        )
    },
    "/api/proof/{paymentHash}": {
        "get": operation(
            "readProof",
            "referrals",
            "Return what the chain shows for a payment hash; `/proof/{paymentHash}` is its page.",
            parameters=(in_path("paymentHash", _PAYMENT_HASH),),
            answers={200: ("What the chain shows now.", ref("Proof"))},
            errors=("not_found", "payment_hash_malformed", "payments_not_on_chain", "chain_away"),
        )
    },
}
