"""The shapes that the API takes and gives."""

from __future__ import annotations

from typing import Any

from portal.rewards import STATUSES

Schema = dict[str, Any]

_BIGINT = 2**63 - 1
REASONS = ("no_code", "unknown_code", "self_referral", "wallet_overlap", "not_first_purchase")


def answer(**members: Schema) -> Schema:
    """Return an object of exactly these members, all of them present."""
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def body(required: tuple[str, ...] = (), **members: Schema) -> Schema:
    """Return an object to be sent; unknown members are left alone."""
    told: Schema = {"type": "object", "properties": members}
    return {**told, "required": list(required)} if required else told


def ref(name: str) -> Schema:
    """Return a reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def example(schema: Schema, value: object, description: str = "") -> Schema:
    """Return a schema with an example, and a description if given."""
    told = {**schema, "examples": [value]}
    return {**told, "description": description} if description else told


def or_null(schema: Schema) -> Schema:
    """Return a schema that null fits as well."""
    return {**schema, "type": [schema["type"], "null"]}


TEXT: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "boolean"}
TRUE: Schema = {"const": True}
COUNT: Schema = {"type": "integer", "minimum": 0}
ID: Schema = {"type": "integer", "minimum": 1, "maximum": _BIGINT}
DECIMAL: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
WEI: Schema = {"type": "string", "pattern": r"^[0-9]+$"}
WALLET: Schema = {"type": "string", "pattern": r"^0x[0-9a-f]{40}$"}
CHECKSUMMED: Schema = {"type": "string", "pattern": r"^0x[0-9a-fA-F]{40}$"}
TIME: Schema = {"type": "string", "format": "date-time"}
URL: Schema = {"type": "string", "format": "uri"}
CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3,5}$"}
STATUS: Schema = {"type": "string", "enum": list(STATUSES)}

REFERENCE = example(
    TEXT, "store_T5mRz8kQw2LxVd_1795222800000", "What every record of one paid event carries."
)
CODE = example(TEXT, "q7RmK2xd")
ADDRESS = example(TEXT, "0x1234567890AbcdEF1234567890aBcdef12345678", "0x and 40 hex digits.")
WHOLE_NUMBER_TEXT: Schema = {"type": "string", "pattern": "^[0-9]{1,19}$"}

_ORDER: dict[str, Schema] = {
    "orderId": example(TEXT, "T5mRz8kQw2LxVd"),
    "orderReference": REFERENCE,
    "total": example(DECIMAL, "480.00"),
    "currency": example(CURRENCY, "UAH"),
}
_APPLIED: dict[str, Schema] = {"referralApplied": TRUE, "referralCode": CODE}
_NOT_APPLIED: dict[str, Schema] = {
    "referralApplied": {"const": False},
    "referralReason": {"type": "string", "enum": list(REASONS)},
    "referralReasonText": {"type": "string", "description": "The reason as a sentence for the buyer."},
}
_LINKED = {
    "address": example(CHECKSUMMED, "0x1234567890AbcdEF1234567890aBcdef12345678", "As people read it."),
    "walletAddress": example(WALLET, "0x1234567890abcdef1234567890abcdef12345678", "As it is stored."),
}
_WITH_CODE = {"code": CODE, "shareUrl": URL, "active": BOOLEAN}

_REWARD = answer(
    id=example(ID, 42),
    orderReference=REFERENCE,
    orderId=or_null(TEXT),
    refCode=CODE,
    referrerUserId=ID,
    referrerWallet=WALLET,
    refereeUserId=or_null(ID),
    orderTotal=example(DECIMAL, "480.00"),
    currency=CURRENCY,
    rewardPercent=example(DECIMAL, "5.000000"),
    usdValue=or_null(DECIMAL),
    tokenPriceUsd=or_null(DECIMAL),
    rewardAmount={**or_null(DECIMAL), "description": "Tokens; null while the reward has no size."},
    rewardAmountWei=or_null(WEI),
    rewardToken=or_null(TEXT),
    chainId=or_null({"type": "integer"}),
    rail={"type": "string", "enum": ["fiat", "crypto"]},
    status=STATUS,
    txHash=or_null(TEXT),
    failureReason={**or_null(TEXT), "description": "A stable code, or an admin's words."},
    approvedBy=or_null(ID),
    approvedAt=or_null(TIME),
    createdAt=TIME,
)

_SHARE_CODE = answer(
    code=CODE,
    walletAddress=WALLET,
    active=BOOLEAN,
    shareUrl=URL,
    createdAt=TIME,
    visitStats=answer(total=COUNT, today=COUNT, last7d=COUNT, last28d=COUNT),
)

_STATUS_TOTAL = answer(count=COUNT, amount=DECIMAL, amountWei=WEI)

_MINT_RUN = answer(
    success={"type": "boolean", "description": "False when something holds minting up and nothing was sent."},
    processed=COUNT,
    submitted={"type": "integer", "minimum": 0, "description": "Rewards put into a transaction."},
    minted={"type": "integer", "minimum": 0, "description": "Rewards whose transaction became final."},
    failed=COUNT,
    jobId=or_null(ID),
    waitingReason={**or_null(TEXT), "description": "Why no more was possible; docs/on-chain.md lists them."},
)

SCHEMAS: dict[str, Schema] = {
    "Error": {
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "code": {"type": "string", "description": "Stable: for programs."},
                    "message": {"type": "string", "description": "In the reader's language: for people."},
                    "fields": {
                        "type": "object",
                        "description": "What to correct, by the name of the field.",
                        "additionalProperties": TEXT,
                    },
                    "status": {"type": "string", "description": "The present status, after a conflict."},
                },
                "required": ["code", "message"],
                "additionalProperties": False,
            }
        },
        "required": ["error"],
        "additionalProperties": False,
    },
    "Product": answer(
        productId=example(ID, 7),
        slug=example(TEXT, "mountain-tea"),
        name=example(TEXT, "Mountain tea, 100 g"),
        price=example(DECIMAL, "240.00"),
        currency=CURRENCY,
        stock={"type": "integer"},
        vendorId=ID,
    ),
    "PlacedOrder": {"oneOf": [answer(**_ORDER, **_APPLIED), answer(**_ORDER, **_NOT_APPLIED)]},
    "PaidOrder": {
        "oneOf": [
            answer(success=TRUE, orderReference=REFERENCE, **_APPLIED),
            answer(success=TRUE, orderReference=REFERENCE, **_NOT_APPLIED),
        ]
    },
    "PurchaseForm": answer(
        action={"type": "string", "format": "uri", "description": "Where the browser sends the fields."},
        method={"enum": ["POST", "GET"]},
        fields={
            "type": "object",
            "description": "The provider's fields; arrays under names such as `productName[]`.",
            "additionalProperties": {"anyOf": [TEXT, {"type": "array", "items": TEXT}]},
        },
        orderReference=REFERENCE,
    ),
    "Reward": _REWARD,
    "RewardPage": answer(
        rewards={"type": "array", "items": ref("Reward")},
        nextCursor={
            **or_null(TEXT),
            "description": "Give it as `cursor` for the next page; null at the end.",
        },
    ),
    "ShareCode": _SHARE_CODE,
    "ReferrerOverview": answer(
        codes={"type": "array", "items": ref("ShareCode")},
        stats={
            "type": "object",
            "description": "Over all rewards, by status.",
            "propertyNames": {"enum": list(STATUSES)},
            "additionalProperties": _STATUS_TOTAL,
        },
        rewards={"type": "array", "items": ref("Reward"), "description": "The newest."},
    ),
    "MintRun": _MINT_RUN,
    "Challenge": answer(message={"type": "string", "description": "The EIP-4361 text to be signed."}),
    "LinkedWallet": answer(**_LINKED, **_WITH_CODE),
    "UnlinkedWallet": {
        "oneOf": [answer(success=TRUE, **_LINKED), answer(success=TRUE, **_LINKED, **_WITH_CODE)]
    },
    "SignedIn": answer(userId=ID, name=TEXT, isNew=BOOLEAN, next=example(TEXT, "/", "Where to go now.")),
    "Success": answer(success=TRUE),
    "Alive": answer(status={"const": "ok"}),
    "Readiness": answer(
        status={"type": "string", "enum": ["ok", "unready"]},
        database={"type": "string", "enum": ["ok", "away"]},
        migrations={"type": "string", "enum": ["ok", "pending", "unknown"]},
        chain={"type": "string", "enum": ["ok", "away", "not_configured"]},
        scheduler={"type": "string", "enum": ["ok", "off"]},
    ),
}
