"""What stops every payment of a contract, with the codes that pages translate."""

from __future__ import annotations

from portal.chain.client import Chain
from portal.chain.contract.rewards import Facts, checksum
from portal.chain.sending.operations import Waiting

# Reverts that affect every payment.
WAITING_CODES = {
    "EnforcedPause": "paused",
    "ReferralRewards__DailyCapExceeded": "daily_cap",
    "ReferralRewards__RewardCapExceeded": "reward_cap",
    "ReferralRewards__InsufficientBalance": "treasury_empty",
    "ReferralRewards__NotMinted": "token_mints_otherwise",
    "AccessControlUnauthorizedAccount": "minter_missing",
    "OwnableUnauthorizedAccount": "minter_missing",
    "ERC20ExceededCap": "token_cap",
}
# Reverts that are not the fault of one payment.
TRANSIENT_REVERTS = {*WAITING_CODES, "ReferralRewards__AlreadyPaid"}


def require_ready(facts: Facts, chain: Chain, account: str, *, decimals: int | None = None) -> None:
    """Raise Waiting unless `account` can pay the expected token, in the expected mode, with these decimals.

    Without `decimals` any number of them is accepted.
    """
    if facts.is_paused:
        raise Waiting("paused", "the contract's admin has paused payments")
    if not facts.is_operator:
        raise Waiting("role_missing", f"{checksum(account)} lacks OPERATOR_ROLE")
    if facts.operator_balance == 0:
        raise Waiting("no_gas", f"{checksum(account)} has no native currency")
    if facts.token_decimals is None:
        raise Waiting("token_missing", f"no token answers at {checksum(facts.token)}")
    if decimals is not None and facts.token_decimals != decimals:
        raise Waiting("decimals_differ", f"the token has {facts.token_decimals} decimals")
    if chain.expected_token not in ("", facts.token):
        raise Waiting("token_differs", f"the contract pays {checksum(facts.token)}")
    if facts.mode != chain.expected_mode:
        raise Waiting("mode_differs", f"the contract is in mode {facts.mode}")
