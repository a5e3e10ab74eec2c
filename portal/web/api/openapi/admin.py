"""The routes of admins: the reward queue, minting, applications of referrers."""

from __future__ import annotations

from portal.programme import APPLICATION_REASON_MAX, ApplicationStatus
from portal.web.api.openapi.parts import (
    OF_ADMINS,
    OF_DECISIONS,
    SESSION,
    TOKEN,
    Operation,
    in_path,
    in_query,
    operation,
)
from portal.web.api.openapi.referrals import CURSOR
from portal.web.api.openapi.schemas import ID, STATUS, TEXT, body, example, ref

MINT_RUN = {200: ("What this round did.", ref("MintRun"))}
_REWARD_ID = in_path("rewardId", example(ID, 42))
_DECIDED = {200: ("The reward as it stands now.", ref("Reward"))}
_APPLICATION_ID = in_path("applicationId", example(ID, 42))
_APPLICATION = {200: ("The application as it stands now.", ref("Application"))}
_OF_APPLICATIONS = (
    *OF_ADMINS,
    "step_up_required",
    "not_found",
    "application_unknown",
    "application_decided",
    "own_application",
)

_REWARDS: dict[str, dict[str, Operation]] = {
    "/api/admin/rewards": {
        "get": operation(
            "listRewards",
            "admin",
            "List the rewards of a status, oldest first.",
            security=SESSION,
            parameters=(
                in_query("status", {**STATUS, "default": "pending_approval"}, "Which rewards."),
                CURSOR,
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
            errors=(*OF_DECISIONS, "already_approved_by_you", "budget_exhausted"),
        )
    },
    "/api/admin/rewards/{rewardId}/reject": {
        "post": operation(
            "rejectReward",
            "admin",
            "Reject a reward with a reason that its referrer sees.",
            security=TOKEN,
            parameters=(_REWARD_ID,),
            takes=body(
                ("reason",),
                reason=example({**TEXT, "minLength": 1, "maxLength": 500}, "Two accounts of one person."),
            ),
            answers=_DECIDED,
            errors=(*OF_DECISIONS, "reason_missing", "character_refused"),
        )
    },
    "/api/admin/rewards/{rewardId}/retry": {
        "post": operation(
            "retryReward",
            "admin",
            "Approve a failed reward again, sized again where it had no size.",
            security=TOKEN,
            parameters=(_REWARD_ID,),
            answers=_DECIDED,
            errors=(
                *OF_DECISIONS,
                "already_approved_by_you",
                "budget_exhausted",
                "reward_unsizable",
                "reward_reference_used",
            ),
        )
    },
    "/api/admin/rewards/{rewardId}/pay-missing": {
        "post": operation(
            "payMissingReward",
            "admin",
            "Approve a second payment of what the contract did not pay as owed, under `<order reference>#2` and so on.",
            security=TOKEN,
            parameters=(_REWARD_ID,),
            answers=_DECIDED,
            errors=(
                *OF_DECISIONS,
                "already_approved_by_you",
                "budget_exhausted",
                "reward_nothing_missing",
                "chain_away",
                "chain_not_configured",
            ),
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
            answers=MINT_RUN,
            errors=(
                *OF_ADMINS,
                "step_up_required",
                "reward_unknown",
                "reward_status_conflict",
                "reward_refund_due",
                "reward_on_hold",
                "reward_waits_for_statement",
                "reward_on_other_chain",
                "reward_amount_missing",
                "reward_wallet_missing",
            ),
        )
    },
}

_APPLICATIONS: dict[str, dict[str, Operation]] = {
    "/api/admin/applications": {
        "get": operation(
            "listApplications",
            "admin",
            "List the applications to become a referrer of a status, newest first.",
            security=SESSION,
            parameters=(
                in_query(
                    "status",
                    {**TEXT, "enum": list(ApplicationStatus), "default": ApplicationStatus.WAITING},
                    "Which applications.",
                ),
                CURSOR,
            ),
            answers={200: ("A page.", ref("ApplicationPage"))},
            errors=(*OF_ADMINS, "cursor_invalid"),
        )
    },
    "/api/admin/applications/{applicationId}/approve": {
        "post": operation(
            "approveApplication",
            "admin",
            "Let a person join; linked wallets get their share codes, and the person is notified.",
            security=TOKEN,
            parameters=(_APPLICATION_ID,),
            answers=_APPLICATION,
            errors=(*_OF_APPLICATIONS, "account_disabled"),
        )
    },
    "/api/admin/applications/{applicationId}/reject": {
        "post": operation(
            "rejectApplication",
            "admin",
            "Reject an application with a reason that the person reads; they can apply again.",
            security=TOKEN,
            parameters=(_APPLICATION_ID,),
            takes=body(
                ("reason",),
                reason=example(
                    {**TEXT, "minLength": 1, "maxLength": APPLICATION_REASON_MAX}, "The page is empty."
                ),
            ),
            answers=_APPLICATION,
            errors=(*_OF_APPLICATIONS, "application_reason_missing", "character_refused"),
        )
    },
}

ADMIN = {**_REWARDS, **_APPLICATIONS}
