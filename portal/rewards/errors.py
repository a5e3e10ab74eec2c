"""What can prevent a change of a reward."""

from __future__ import annotations

from portal.lib.errors import PortalError
from portal.rewards.mintable import MintObstacle

# Reasons of failed rewards whose reference the contract has paid, but not as owed: to another wallet or less, or
# without the token's own transfer. The reference cannot be paid again; only what is missing can, under another one.
PAID_DIFFERENTLY = "paid_differently"
NOT_DELIVERED = "not_delivered"
USED_REFERENCE = (PAID_DIFFERENTLY, NOT_DELIVERED)
# The contract pays another token than the one whose price sized the reward; a retry sizes it again.
TOKEN_CHANGED = "token_changed"  # noqa: S105 - a reason, no secret


class RewardUnknown(PortalError):
    """There is no reward with this id."""

    code = "reward_unknown"


class RewardNotPaid(PortalError):
    """The reward is not minted, so the chain shows no payment of it."""

    code = "reward_not_paid"


class RewardStatusConflict(PortalError):
    """The reward's status does not allow the change; `status` is the current one."""

    code = "reward_status_conflict"


class OwnReward(PortalError):
    """An admin does not decide about a reward of their own."""

    code = "own_reward"


class ReferenceUsed(PortalError):
    """The contract has paid this reference otherwise than owed, so a retry cannot pay it."""

    code = "reward_reference_used"


class NothingMissing(PortalError):
    """The reward was not paid differently, or what was paid covers it."""

    code = "reward_nothing_missing"


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


class RewardWaitsForStatement(RewardNotMintable):
    """The vendor has not paid the commission of the order yet."""

    code = MintObstacle.WAITS_FOR_STATEMENT.value


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
        RewardWaitsForStatement,
        RewardOnOtherChain,
    )
}


def mint_refusal(obstacle: str, status: str) -> PortalError:
    """Return the error for the value of a MintObstacle."""
    return _NOT_MINTABLE.get(obstacle, RewardStatusConflict)(status=status)
