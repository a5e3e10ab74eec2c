"""The state that the steps of one payout round share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.chain import Treasury
from portal.chain.contract.rewards import PaidEvent, RewardsContract
from portal.chain.sending.operations import FILLER, SendingContext
from portal.chain.state import raise_alert
from portal.commissions import payouts
from portal.commissions.foreign_payments import SeenPayment
from portal.db import Actor
from portal.rewards import RateReading

PAYOUT_PURPOSES = ("payout", FILLER)

RateReader = Callable[[str, datetime], RateReading]


@dataclass(kw_only=True)
class PayoutRound(SendingContext):
    """The context of one payout round.

    `nonce` was read before the latest block: a payment by a copy of this portal that is not in the history read since
    takes that nonce, so that only one of both is mined. `read_rate` returns the rate of a
    currency at a time.
    """

    treasury: Treasury
    actor: Actor
    nonce: int
    read_rate: RateReader

    @property
    def contract(self) -> RewardsContract:
        return self.chain.contract

    def reopen(self, payout_ids: Sequence[int]) -> None:
        """Move payouts whose payment left the chain to `processing`, with an alert where that is impossible."""
        for payout_id in payouts.reopen_payouts(payout_ids, self.actor):
            raise_alert("payout_reopened_after_retry", str(payout_id))

    def seen(self, event: PaidEvent) -> SeenPayment:
        """Return a final event of the contract as the payment to store."""
        return SeenPayment(
            self.chain.chain_id,
            self.contract.address,
            event.order_ref,
            event.wallet,
            event.amount,
            event.tx_hash,
            event.block_number,
        )
