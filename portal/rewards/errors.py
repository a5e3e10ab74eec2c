"""What can prevent a change of a reward."""

from __future__ import annotations

from portal.lib.errors import PortalError
from portal.rewards.mintable import MintObstacle


class RewardUnknown(PortalError):
    """There is no reward with this id."""

    code = "reward_unknown"


class RewardStatusConflict(PortalError):
    """The reward's status does not allow the change; `status` is the current one."""

    code = "reward_status_conflict"


class OwnReward(PortalError):
    """An admin does not decide about a reward of their own."""

    code = "own_reward"


class AlreadyApprovedByYou(PortalError):
    """The reward needs the approval of a second, different admin."""

    code = "already_approved_by_you"


class RejectionReasonMissing(PortalError):
    """A rejection needs a reason of at most `at_most` characters."""

    code = "reason_missing"


class RewardNotMintable(PortalError):
    """The reward is approved but may not be minted now; `status` is the current one and `code` says why."""

    code = "reward_not_mintable"


class RewardRefundDue(RewardNotMintable):
    """A refund of the order still has to be subtracted from the reward."""

    code = MintObstacle.REFUND_DUE.value


class RewardAmountMissing(RewardNotMintable):
    """The reward has no amount to mint."""

    code = MintObstacle.NO_AMOUNT.value


class RewardWalletMissing(RewardNotMintable):
    """The reward has no wallet to mint to."""

    code = MintObstacle.NO_WALLET.value


class RewardOnHold(RewardNotMintable):
    """The hold period of the reward is not over."""

    code = MintObstacle.ON_HOLD.value


class RewardOnOtherChain(RewardNotMintable):
    """The reward belongs to a chain other than the configured one."""

    code = MintObstacle.OTHER_CHAIN.value


_NOT_MINTABLE: dict[str, type[RewardNotMintable]] = {
    kind.code: kind
    for kind in (
        RewardRefundDue,
        RewardAmountMissing,
        RewardWalletMissing,
        RewardOnHold,
        RewardOnOtherChain,
    )
}


def mint_refusal(obstacle: str, status: str) -> PortalError:
    """Return the error for the value of a MintObstacle."""
    return _NOT_MINTABLE.get(obstacle, RewardStatusConflict)(status=status)
