"""The state that the steps of one minting round share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from portal.chain.contract.rewards import PaidEvent, RewardsContract
from portal.chain.sending.operations import FILLER, SendingContext
from portal.db import Actor
from portal.lib.types import TxHash
from portal.rewards import minting

REWARD_PURPOSES = ("reward", FILLER)

OnMinted = Callable[[Sequence[int]], None]


@dataclass(kw_only=True)
class MintRound(SendingContext):
    """The context of one minting round and its results so far."""

    actor: Actor
    batch_size: int
    on_minted: OnMinted | None = None
    reward_ids: Sequence[int] | None = None
    processed: int = 0
    submitted: int = 0
    minted: list[int] = field(default_factory=list)
    failed: int = 0
    settled: int = 0

    @property
    def contract(self) -> RewardsContract:
        return self.chain.contract

    def record_minted(self, tx_hashes: dict[int, TxHash]) -> None:
        """Move rewards to `minted` and call `on_minted`, inside the caller's transaction."""
        moved = minting.record_minted(tx_hashes, self.actor)
        if moved and self.on_minted:
            self.on_minted(moved)
        self.minted += moved

    def hashes_of(self, events: Sequence[PaidEvent]) -> dict[str, TxHash]:
        """Return the transaction hash of each event by its order reference."""
        return {event.order_ref: event.tx_hash for event in events}
