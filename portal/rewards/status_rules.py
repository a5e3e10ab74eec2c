"""The statuses of a reward and the only changes between them. See docs/rules/rewards.md."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from portal.lib.transitions import Transition


class RewardStatus(StrEnum):
    """The statuses of a reward."""

    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    MINTING = "minting"
    MINTED = "minted"
    FAILED = "failed"
    REJECTED = "rejected"


# A reward that no transaction may have paid: it can be reduced or rejected.
UNSENT = (RewardStatus.PENDING_APPROVAL, RewardStatus.APPROVED, RewardStatus.FAILED)

TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "approve": Transition("reward_approved", (RewardStatus.PENDING_APPROVAL,), RewardStatus.APPROVED),
        "reject": Transition("reward_rejected", UNSENT, RewardStatus.REJECTED),
        "retry": Transition("reward_retried", (RewardStatus.FAILED,), RewardStatus.APPROVED),
        "claim": Transition("reward_minting", (RewardStatus.APPROVED,), RewardStatus.MINTING),
        # Only with the proof that the chain paid it: that is no approval, so it does not pass through `approved`.
        "prove": Transition("reward_proven_paid", (RewardStatus.FAILED,), RewardStatus.MINTING),
        "mint": Transition("reward_minted", (RewardStatus.MINTING,), RewardStatus.MINTED),
        # Only with the proof that the chain did not pay it.
        "return": Transition("reward_mint_undone", (RewardStatus.MINTING,), RewardStatus.APPROVED),
        "fail": Transition("reward_mint_failed", (RewardStatus.MINTING,), RewardStatus.FAILED),
        # The one way out of `minted`: a reorganisation removed the block that paid it. A reward that was
        # returned to `approved` is part of the reopened transaction as well.
        "reopen": Transition(
            "reward_reopened", (RewardStatus.MINTED, RewardStatus.APPROVED), RewardStatus.MINTING
        ),
    }
)
