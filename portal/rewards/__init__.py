"""The token rail's ledger: sizing, the status machine, decisions, and the moves around minting."""

from portal.rewards.operations import (
    OwnReward,
    RewardClaim,
    RewardStatusConflict,
    RewardUnknown,
    Sized,
    approve_reward,
    get_reward,
    record_reward,
    reject_reward,
    retry_reward,
)
from portal.rewards.queries import (
    STATUSES,
    RewardPage,
    find_reward_by_reference,
    list_reward_queue,
    list_rewards_of_referrer,
    reward_totals,
)
from portal.rewards.rates import RateReading, read_rate
from portal.rewards.rules import (
    ALLOWED,
    LinePercent,
    RewardInputs,
    inputs_as_json,
    size_reward,
    stored_percent,
)

__all__ = [
    "ALLOWED",
    "STATUSES",
    "LinePercent",
    "OwnReward",
    "RateReading",
    "RewardClaim",
    "RewardInputs",
    "RewardPage",
    "RewardStatusConflict",
    "RewardUnknown",
    "Sized",
    "approve_reward",
    "find_reward_by_reference",
    "get_reward",
    "inputs_as_json",
    "list_reward_queue",
    "list_rewards_of_referrer",
    "read_rate",
    "record_reward",
    "reject_reward",
    "retry_reward",
    "reward_totals",
    "size_reward",
    "stored_percent",
]
