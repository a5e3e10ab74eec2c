"""The schemas of requests and responses."""

from __future__ import annotations

from typing import Any

from portal.programme import ApplicationStatus
from portal.rewards import STATUSES

Schema = dict[str, Any]

_BIGINT = 2**63 - 1
REASONS = ("no_code", "unknown_code", "self_referral", "wallet_overlap", "not_first_purchase")


def answer(**members: Schema) -> Schema:
    """Return an object of exactly these members, all required."""
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def body(required: tuple[str, ...] = (), **members: Schema) -> Schema:
    """Return the schema of a request body; unknown members are ignored."""
    schema: Schema = {"type": "object", "properties": members}
    return {**schema, "required": list(required)} if required else schema


def ref(name: str) -> Schema:
    """Return a reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def example(schema: Schema, value: object, description: str = "") -> Schema:
    """Return a schema with an example, and a description if given."""
    with_example = {**schema, "examples": [value]}
    return {**with_example, "description": description} if description else with_example


def or_null(schema: Schema) -> Schema:
    """Return a nullable schema."""
    return {**schema, "type": [schema["type"], "null"]}


TEXT: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "boolean"}
TRUE: Schema = {"const": True}
COUNT: Schema = {"type": "integer", "minimum": 0}
ID: Schema = {"type": "integer", "minimum": 1, "maximum": _BIGINT}
DECIMAL: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
WEI: Schema = {"type": "string", "pattern": r"^[0-9]+$"}
WALLET: Schema = {"type": "string", "pattern": r"^0x[0-9a-fA-F]{40}$", "description": "In EIP-55."}
HASH: Schema = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
TIME: Schema = {"type": "string", "format": "date-time"}
URL: Schema = {"type": "string", "format": "uri"}
CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3,5}$"}
STATUS: Schema = {"type": "string", "enum": list(STATUSES)}

REFERENCE = example(TEXT, "store_T5mRz8kQw2LxVd_1795222800000", "Shared by all records of one payment.")
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
_REVIEW: dict[str, Schema] = {
    "lines": {
        "type": "array",
        "items": answer(
            productId=example(ID, 7),
            name=example(TEXT, "Mountain tea, 100 g"),
            quantity={"type": "integer", "minimum": 1},
            price=example(DECIMAL, "240.00"),
            subtotal=example(DECIMAL, "480.00"),
        ),
    },
    "total": example(DECIMAL, "480.00"),
    "currency": example(CURRENCY, "UAH"),
    "earnsReward": {"type": "boolean", "description": "Whether the order earns its referrer a reward."},
    "needsDelivery": {"type": "boolean", "description": "Whether the order needs `delivery`."},
    "reviewToken": {"type": "string", "description": "Send it with the order or the payment."},
}
_LINKED = {
    "address": example(WALLET, "0x1234567890AbcdEF1234567890aBcdef12345678"),
    "walletAddress": example(WALLET, "0x1234567890AbcdEF1234567890aBcdef12345678", "Same as `address`."),
}
_WITH_CODE = {"code": CODE, "shareUrl": URL, "active": BOOLEAN}

_REWARD = answer(
    id=example(ID, 42),
    orderReference=REFERENCE,
    orderId=or_null(TEXT),
    refCode=CODE,
    referrerUserId=ID,
    referrerWallet=or_null(WALLET),
    refereeUserId=or_null(ID),
    orderTotal=example(DECIMAL, "480.00"),
    currency=CURRENCY,
    rewardPercent=example(DECIMAL, "5.000000"),
    bonusPercent=example(DECIMAL, "0.000000", "Percent points that the platform adds to rewardPercent."),
    programmeVersionId={**or_null(ID), "description": "The programme that decided it; null if imported."},
    usdValue=or_null(DECIMAL),
    tokenPriceUsd=or_null(DECIMAL),
    rewardAmount={**or_null(DECIMAL), "description": "Tokens; null while the reward has no size."},
    rewardAmountWei=or_null(WEI),
    rewardToken=or_null(TEXT),
    chainId=or_null({"type": "integer"}),
    rail={"type": "string", "enum": ["fiat", "crypto"]},
    status=STATUS,
    txHash=or_null(TEXT),
    failureReason={**or_null(TEXT), "description": "A stable code, or an admin's text."},
    mintableFrom={**TIME, "description": "When it may be minted at the earliest."},
    waitsForBudget={**BOOLEAN, "description": "Approved automatically once a budget has room for it."},
    waitsForStatement={**BOOLEAN, "description": "Not minted before the commission of the order is paid."},
    approvedBy=or_null(ID),
    approvedAt=or_null(TIME),
    createdAt=TIME,
)

# What a referrer sees of a reward: neither who bought nor which admin approved.
_OWN_REWARD = answer(
    **{
        name: member
        for name, member in _REWARD["properties"].items()
        if name not in ("refereeUserId", "approvedBy")
    }
)

_APPLICATION = answer(
    id=example(ID, 42),
    userId=ID,
    name=TEXT,
    email=or_null(TEXT),
    status={"type": "string", "enum": list(ApplicationStatus)},
    note={**TEXT, "description": "What the person wrote."},
    reason={**or_null(TEXT), "description": "Why it was rejected; the person reads it."},
    decidedBy={**or_null(ID), "description": "The admin; null while it waits, or if a command decided."},
    decidedAt=or_null(TIME),
    createdAt=TIME,
)

_SHARE_CODE = answer(
    code=CODE,
    walletAddress=or_null(WALLET),
    active=BOOLEAN,
    shareUrl=URL,
    createdAt=TIME,
    visitStats=answer(total=COUNT, today=COUNT, last7d=COUNT, last28d=COUNT),
)

_NEXT_CURSOR: Schema = {
    **or_null(TEXT),
    "description": "Give it as `cursor` for the next page; null at the end.",
}

_STATUS_TOTAL = answer(count=COUNT, amount=DECIMAL, amountWei=WEI)

_PAYMENT = answer(
    wallet=or_null(WALLET),
    amount=or_null(example(DECIMAL, "12.5", "Tokens.")),
    amountWei=or_null(WEI),
    delivered={
        **or_null(BOOLEAN),
        "description": "Whether the token's own Transfer is in the transaction; null if the node cannot say.",
    },
    blockNumber=or_null(COUNT),
    blockTime=or_null(TIME),
    txHash=or_null(HASH),
    final={**or_null(BOOLEAN), "description": "Whether the block is final, so that nothing can change."},
    confirmations={**or_null(COUNT), "description": "Blocks since, that one included; null once final."},
)
_PROOF = answer(
    paymentHash={**HASH, "description": "keccak256 of the payment reference in UTF-8."},
    chainId={"type": "integer"},
    contract=WALLET,
    token={**WALLET, "description": "The token of the payment; where unknown, the contract's present one."},
    paid={"type": "boolean", "description": "What `paidOrders` of the contract says at the latest block."},
    payment={
        "anyOf": [_PAYMENT, {"type": "null"}],
        "description": "Null if nothing is paid. A field is null if the node, which may prune, does not show it.",
    },
)

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
        stock=COUNT,
        vendorId=ID,
        needsDelivery={**BOOLEAN, "description": "An order of it needs `delivery`."},
        imageUrl={**or_null(URL), "description": "A WebP picture of at most 1600 pixels."},
    ),
    "PlacedOrder": {"oneOf": [answer(**_ORDER, **_APPLIED), answer(**_ORDER, **_NOT_APPLIED)]},
    "Review": {"oneOf": [answer(**_REVIEW, **_APPLIED), answer(**_REVIEW, **_NOT_APPLIED)]},
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
    "OwnReward": _OWN_REWARD,
    "RewardPage": answer(
        rewards={"type": "array", "items": ref("Reward")},
        nextCursor=_NEXT_CURSOR,
    ),
    "Application": _APPLICATION,
    "ApplicationPage": answer(
        applications={"type": "array", "items": ref("Application")},
        nextCursor=_NEXT_CURSOR,
    ),
    "ShareCode": _SHARE_CODE,
    "ReferrerOverview": answer(
        codes={
            "type": "array",
            "items": ref("ShareCode"),
            "description": "A page of a hundred, oldest first.",
        },
        nextCodesCursor={
            "type": ["string", "null"],
            "description": "Give it as `codesCursor` for the next page; null at the end.",
        },
        stats={
            "type": "object",
            "description": "Over all rewards, by status.",
            "propertyNames": {"enum": list(STATUSES)},
            "additionalProperties": _STATUS_TOTAL,
        },
        rewards={"type": "array", "items": ref("OwnReward"), "description": "A page, newest first."},
        nextCursor=_NEXT_CURSOR,
    ),
    "MintRun": _MINT_RUN,
    "Proof": _PROOF,
    "Challenge": answer(message={"type": "string", "description": "The EIP-4361 text to be signed."}),
    "LinkedWallet": {"oneOf": [answer(**_LINKED), answer(**_LINKED, **_WITH_CODE)]},
    "UnlinkedWallet": {
        "oneOf": [answer(success=TRUE, **_LINKED), answer(success=TRUE, **_LINKED, **_WITH_CODE)]
    },
    "SignedIn": answer(userId=ID, name=TEXT, isNew=BOOLEAN, next=example(TEXT, "/", "Where to go now.")),
    "Success": answer(success=TRUE),
    "Badge": answer(
        applies=BOOLEAN,
        text=example(or_null(TEXT), "Referral code q7RmK2xd applied. Your price stays the same."),
        lang=example(TEXT, "en", "The language of the text."),
    ),
    "Alive": answer(status={"const": "ok"}),
    "Readiness": {
        **answer(
            status={"type": "string", "enum": ["ok", "unready", "stopping"]},
            database={"type": "string", "enum": ["ok", "away", "full", "read_only"]},
            migrations={"type": "string", "enum": ["ok", "pending", "unknown"]},
            chain=example(TEXT, "ok", "`ok`, `away`, `not_configured`, or the reason why minting waits."),
            scheduler={"type": "string", "enum": ["ok", "off"]},
        ),
        # The parts are for the operator's token.
        "required": ["status"],
    },
}
