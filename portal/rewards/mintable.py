"""The one definition of "may be minted". See docs/rules/minting.md.

The job, the pages, the API, the command and the partial index `referral_rewards_to_mint` all use these conditions.
They are SQL over a row of `referral_rewards` named `r`.
"""

from __future__ import annotations

from enum import StrEnum

from portal.lib.types import OrderReference
from portal.rewards.status_rules import TRANSITIONS

_APPROVED = TRANSITIONS["claim"].from_statuses[0]


class MintObstacle(StrEnum):
    """Why a reward may not be minted now: the code of the error that says so."""

    STATUS = "reward_status_conflict"
    REFUND_DUE = "reward_refund_due"
    NO_AMOUNT = "reward_amount_missing"
    NO_WALLET = "reward_wallet_missing"
    ON_HOLD = "reward_on_hold"
    WAITS_FOR_STATEMENT = "reward_waits_for_statement"
    OTHER_CHAIN = "reward_on_other_chain"


# What a reward must be to wait for a mint, in the order in which a failure is reported. The index has exactly
# these conditions, so they depend on nothing but the row.
_WAITING = {
    MintObstacle.STATUS: f"r.status = '{_APPROVED}'",
    MintObstacle.REFUND_DUE: "NOT r.refund_due",
    MintObstacle.NO_AMOUNT: "r.reward_amount_wei > r.delivered_wei",
    MintObstacle.NO_WALLET: "r.referrer_wallet <> ''",
}
# What it also must be to be minted now, on the chain %(chain)s.
_NOW = {
    MintObstacle.ON_HOLD: "r.mintable_from <= now()",
    MintObstacle.WAITS_FOR_STATEMENT: "NOT r.waits_for_statement",
    MintObstacle.OTHER_CHAIN: "(r.chain_id IS NULL OR r.chain_id = %(chain)s)",
}

# What the contract is asked to pay, and under which reference: a payment that completes an earlier one has its own.
PAYMENT_REFERENCE = (
    "r.order_reference || CASE WHEN r.payment_number = 1 THEN '' ELSE '#' || r.payment_number END"
)
PAYMENT_AMOUNT = "r.reward_amount_wei - r.delivered_wei"


def payment_reference(order_reference: str, payment_number: int) -> OrderReference:
    """Return the reference under which the contract is asked to make a payment of a reward, the first being 1."""
    return OrderReference(order_reference if payment_number == 1 else f"{order_reference}#{payment_number}")


WAITING_TO_MINT = " AND ".join(_WAITING.values())
ON_THIS_CHAIN = _NOW[MintObstacle.OTHER_CHAIN]
MINTABLE_ON_ANY_CHAIN = " AND ".join(
    (WAITING_TO_MINT, _NOW[MintObstacle.ON_HOLD], _NOW[MintObstacle.WAITS_FOR_STATEMENT])
)
MINTABLE = f"{MINTABLE_ON_ANY_CHAIN} AND {ON_THIS_CHAIN}"
# The first condition that a row does not meet, as the value of a MintObstacle; NULL when it may be minted.
OBSTACLE = " ".join(
    [
        "CASE",
        *(f"WHEN ({sql}) IS NOT TRUE THEN '{code.value}'" for code, sql in {**_WAITING, **_NOW}.items()),
        "END",
    ]
)
