"""Every JSON route: who may call it, what it takes, what it answers, and every error it can state."""

from __future__ import annotations

from portal.web.api.openapi.parts import (
    CRON,
    OF_ADMINS,
    OF_CONTRACT_WALLETS,
    OF_DECISIONS,
    OF_LIMITS,
    OF_PAYMENTS,
    OF_PEOPLE,
    OF_PROOFS,
    OF_RECONFIRMED,
    SESSION,
    TOKEN,
    Operation,
    in_path,
    in_query,
    operation,
)
from portal.web.api.openapi.payments import ORDER_ID, PURCHASE
from portal.web.api.openapi.schemas import ADDRESS, ID, STATUS, TEXT, WHOLE_NUMBER_TEXT, body, example, ref

_REWARD_ID = in_path("rewardId", example(ID, 42))
_SIGNATURE = example(TEXT, "0x" + "ab" * 65, "The wallet's signature of the message, in hex.")
_MINT = {200: ("What this round did.", ref("MintRun"))}
_DECIDED = {200: ("The reward as it stands now.", ref("Reward"))}

_CART_ITEM = body(
    ("productId", "quantity"),
    productId=example({"anyOf": [ID, WHOLE_NUMBER_TEXT]}, 7),
    quantity=example({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 999}, WHOLE_NUMBER_TEXT]}, 2),
)
_ORDER = body(
    ("items",),
    items={"type": "array", "items": _CART_ITEM, "minItems": 1, "maxItems": 50},
    checkoutKey={
        **TEXT,
        "maxLength": 64,
        "description": "Drawn by the client: the same key again returns the order it made.",
    },
)

_STORE: dict[str, dict[str, Operation]] = {
    "/api/store/products": {
        "get": operation(
            "listProducts",
            "store",
            "List what is for sale.",
            answers={200: ("The products.", {"type": "array", "items": ref("Product")})},
            errors=(),
        )
    },
    "/api/store/orders": {
        "post": operation(
            "createOrder",
            "store",
            "Place an order; the answer says whether a referral applies and, if not, why.",
            security=TOKEN,
            takes=_ORDER,
            answers={201: ("The order.", ref("PlacedOrder"))},
            errors=(
                *OF_PEOPLE, "items_malformed", "cart_empty", "cart_too_long", "product_unknown",
                "quantity_invalid", "stock_short", "currency_mixed",
            ),
        )
    },
    "/api/store/payments/credit": {
        "post": operation(
            "payByCredit",
            "store",
            "Pay an order from internal credit.",
            security=TOKEN,
            takes=body(("orderId",), orderId=ORDER_ID),
            answers={200: ("The order is paid.", ref("PaidOrder"))},
            errors=(*OF_PAYMENTS, "credit_short"),
        )
    },
    "/api/membership/upgrade": {
        "post": operation(
            "upgradeMembership",
            "store",
            "Return the signed form that pays for a month of a membership tier.",
            security=TOKEN,
            takes=body(
                ("tier",), tier={"type": "string", "enum": ["SUBSCRIBER", "MEMBER", "CONFIDENTIAL"]}
            ),
            answers=PURCHASE,
            errors=(*OF_PEOPLE, "tier_unknown", "tier_free", "tier_lower"),
        )
    },
}  # fmt: skip

_REFERRALS: dict[str, dict[str, Operation]] = {
    "/api/refcodes": {
        "get": operation(
            "readRefcodes",
            "referrals",
            "Return the person's codes with visit statistics, totals and newest rewards.",
            security=SESSION,
            answers={200: ("The person's own.", ref("ReferrerOverview"))},
            errors=OF_PEOPLE,
        )
    },
    "/api/refcodes/track": {
        "post": operation(
            "trackVisit",
            "referrals",
            "Count one arrival through a share link; bots, previews and prefetches are answered and not counted.",
            takes=body(("code",), code=example({**TEXT, "minLength": 1, "maxLength": 64}, "q7RmK2xd")),
            answers={200: ("Counted.", ref("Success"))},
            errors=("code_malformed", "code_unknown", *OF_LIMITS),
        )
    },
}

_ACCOUNTS: dict[str, dict[str, Operation]] = {
    "/api/account/wallets/challenge": {
        "post": operation(
            "requestLinkChallenge",
            "accounts",
            "Return the text that links a wallet to the account once it is signed.",
            security=TOKEN,
            takes=body(("address",), address=ADDRESS),
            answers={200: ("The text.", ref("Challenge"))},
            errors=(*OF_RECONFIRMED, *OF_LIMITS, "address_invalid"),
        )
    },
    "/api/account/wallets": {
        "post": operation(
            "linkWallet",
            "accounts",
            "Link a wallet whose signature proves it, and return its share code.",
            security=TOKEN,
            takes=body(("address", "signature"), address=ADDRESS, signature=_SIGNATURE),
            answers={201: ("The wallet is linked.", ref("LinkedWallet"))},
            errors=(*OF_RECONFIRMED, *OF_PROOFS, *OF_CONTRACT_WALLETS, "wallet_taken"),
        )
    },
    "/api/account/wallets/{address}": {
        "delete": operation(
            "unlinkWallet",
            "accounts",
            "Unlink a wallet; its code is deactivated and past rewards stand.",
            security=TOKEN,
            parameters=(in_path("address", {**ADDRESS, "minLength": 10}),),
            answers={200: ("The wallet is unlinked.", ref("UnlinkedWallet"))},
            errors=(
                *OF_RECONFIRMED,
                "not_found",
                "address_invalid",
                "wallet_unknown",
                "wallet_is_only_sign_in",
            ),
        )
    },
    "/api/auth/wallet/challenge": {
        "post": operation(
            "requestSignInChallenge",
            "accounts",
            "Return the text that signs this session in once a wallet signed it.",
            security=TOKEN,
            takes=body(("address",), address=ADDRESS),
            answers={200: ("The text.", ref("Challenge"))},
            errors=(*OF_LIMITS, "address_invalid"),
        )
    },
    "/api/auth/wallet": {
        "post": operation(
            "signInWithWallet",
            "accounts",
            "Sign in with a wallet, into the account that has it linked, else into a new one.",
            security=TOKEN,
            takes=body(
                ("address", "signature"),
                address=ADDRESS,
                signature=_SIGNATURE,
                next={**TEXT, "description": "A path of the portal to go on to."},
            ),
            answers={
                200: ("Signed in.", ref("SignedIn")),
                201: ("A new account, signed in.", ref("SignedIn")),
            },
            errors=(*OF_PROOFS, *OF_CONTRACT_WALLETS),
        )
    },
}

_ACCOUNTS |= {
    "/api/account/confirm/challenge": {
        "post": operation(
            "requestConfirmation",
            "accounts",
            "Return the text that confirms the person once a linked wallet signed it.",
            security=TOKEN,
            takes=body(("address",), address=ADDRESS),
            answers={200: ("The text.", ref("Challenge"))},
            errors=(*OF_PEOPLE, *OF_LIMITS, "address_invalid", "wallet_unknown"),
        )
    },
    "/api/account/confirm": {
        "post": operation(
            "confirmWithWallet",
            "accounts",
            "Confirm the person by a linked wallet's signature, before what asks for it.",
            security=TOKEN,
            takes=body(("address", "signature"), address=ADDRESS, signature=_SIGNATURE),
            answers={200: ("Confirmed.", ref("Success"))},
            errors=(*OF_PEOPLE, *OF_PROOFS, *OF_CONTRACT_WALLETS, *OF_LIMITS, "wallet_unknown"),
        )
    },
}

_ADMIN: dict[str, dict[str, Operation]] = {
    "/api/admin/rewards": {
        "get": operation(
            "listRewards",
            "admin",
            "List the rewards of a status, oldest first.",
            security=SESSION,
            parameters=(
                in_query("status", {**STATUS, "default": "pending_approval"}, "Which rewards."),
                in_query("cursor", TEXT, "`nextCursor` of the page before."),
            ),
            answers={200: ("A page.", ref("RewardPage"))},
            errors=(*OF_ADMINS, "status_unknown", "cursor_invalid"),
        )
    },
    "/api/admin/rewards/{rewardId}/approve": {
        "post": operation(
            "approveReward",
            "admin",
            "Approve a waiting reward; above the configured value it waits for a second admin.",
            security=TOKEN,
            parameters=(_REWARD_ID,),
            answers=_DECIDED,
            errors=(*OF_DECISIONS, "already_approved_by_you"),
        )
    },
    "/api/admin/rewards/{rewardId}/reject": {
        "post": operation(
            "rejectReward",
            "admin",
            "Refuse a reward with a reason its referrer sees.",
            security=TOKEN,
            parameters=(_REWARD_ID,),
            takes=body(
                ("reason",),
                reason=example({**TEXT, "minLength": 1, "maxLength": 500}, "Two accounts of one person."),
            ),
            answers=_DECIDED,
            errors=(*OF_DECISIONS, "reason_missing"),
        )
    },
    "/api/admin/rewards/{rewardId}/retry": {
        "post": operation(
            "retryReward",
            "admin",
            "Approve a failed reward again, sized anew where it had no size.",
            security=TOKEN,
            parameters=(_REWARD_ID,),
            answers=_DECIDED,
            errors=(*OF_DECISIONS, "already_approved_by_you", "reward_unsizable"),
        )
    },
    "/api/refcodes/mint": {
        "post": operation(
            "mintRewards",
            "admin",
            "Mint one reward by `rewardId`, or the oldest rewards that may be minted, at most `limit`.",
            security=TOKEN,
            takes=body(
                rewardId={"type": ["integer", "null"], "minimum": 1, "maximum": 2**63 - 1},
                limit={"type": "integer", "minimum": 1, "maximum": 50, "default": 10},
            ),
            is_body_due=False,
            answers=_MINT,
            errors=(
                *OF_ADMINS,
                "reward_unknown",
                "reward_status_conflict",
                "reward_refund_due",
                "reward_on_hold",
                "reward_on_other_chain",
                "reward_amount_missing",
                "reward_wallet_missing",
            ),
        )
    },
}

_CALLBACKS: dict[str, dict[str, Operation]] = {
    "/api/cron/refcodes-mint": {
        "get": operation(
            "mintOnSchedule",
            "callbacks",
            "Run one round over the approved queue, at most 20 rewards.",
            security=CRON,
            answers=_MINT,
            errors=("cron_secret_wrong",),
        )
    },
}

_OPERATIONS: dict[str, dict[str, Operation]] = {
    "/healthz": {
        "get": operation(
            "readLiveness",
            "operations",
            "Say that this process answers.",
            answers={200: ("It does.", ref("Alive"))},
            errors=(),
        )
    },
    "/readyz": {
        "get": operation(
            "readReadiness",
            "operations",
            "Say whether the database, its migrations, the chain and the scheduler are in order.",
            answers={
                200: ("Requests can be served.", ref("Readiness")),
                503: ("They cannot.", ref("Readiness")),
            },
            errors=(),
        )
    },
    "/openapi.json": {
        "get": operation(
            "readDescription",
            "operations",
            "Return this description.",
            answers={200: ("OpenAPI 3.1.", body(("openapi", "info", "paths"), openapi={"const": "3.1.0"}))},
            errors=(),
        )
    },
}

PATHS: dict[str, dict[str, Operation]] = {
    **_STORE,
    **_REFERRALS,
    **_ACCOUNTS,
    **_ADMIN,
    **_CALLBACKS,
    **_OPERATIONS,
}
