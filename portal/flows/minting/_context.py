"""The state that the steps of one minting round share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from portal.chain.contract.proofs import ProvenPayment
from portal.chain.contract.rewards import RewardsContract
from portal.chain.sending.operations import FILLER, SendingContext
from portal.chain.state import raise_alert
from portal.db import Actor
from portal.lib.types import TxHash
from portal.rewards import minting
from portal.rewards.errors import NOT_DELIVERED, PAID_DIFFERENTLY

REWARD_PURPOSES = ("reward", FILLER)

OnMinted = Callable[[Sequence[int]], None]


class Owed(Protocol):
    """What a payment must cover: a wallet and wei."""

    @property
    def recipient(self) -> str: ...

    @property
    def amount_wei(self) -> int: ...


@dataclass(frozen=True)
class Verdict:
    """What the chain proves of rewards: the hash that paid each as owed, and why others were not paid as owed."""

    minted: dict[int, TxHash] = field(default_factory=dict)
    differing: dict[int, tuple[str, ProvenPayment]] = field(default_factory=dict)

    def among(self, reward_ids: Collection[int]) -> Verdict:
        """Return the part that concerns some rewards."""
        return Verdict(
            {i: tx_hash for i, tx_hash in self.minted.items() if i in reward_ids},
            {i: difference for i, difference in self.differing.items() if i in reward_ids},
        )


def judge_payments(payments: Mapping[int, tuple[Owed, ProvenPayment]]) -> Verdict:
    """Compare proven payments with what was owed; only the token's own transfer of at least the amount counts."""
    verdict = Verdict()
    for reward_id, (owed, proof) in payments.items():
        if proof.covers(owed.recipient, owed.amount_wei):
            verdict.minted[reward_id] = proof.event.tx_hash
        else:
            reason = PAID_DIFFERENTLY if proof.is_delivered else NOT_DELIVERED
            verdict.differing[reward_id] = (reason, proof)
    return verdict


@dataclass(kw_only=True)
class MintRound(SendingContext):
    """The context of one minting round and its results so far."""

    actor: Actor
    batch_size: int
    most_unmined: int = 1
    on_minted: OnMinted | None = None
    reward_ids: Sequence[int] | None = None
    processed: int = 0
    submitted: int = 0
    minted: list[int] = field(default_factory=list)
    failed: int = 0
    settled: int = 0
    is_unmined: bool = False
    # How many transactions may be added now, and the rewards that this round has tried to pay.
    free_slots: int = 0
    tried: set[int] = field(default_factory=set)

    @property
    def contract(self) -> RewardsContract:
        return self.chain.contract

    def record_minted(self, tx_hashes: dict[int, TxHash]) -> None:
        """Move rewards to `minted` and call `on_minted`, inside the caller's transaction."""
        moved = minting.record_minted(tx_hashes, self.actor)
        if moved and self.on_minted:
            self.on_minted(moved)
        self.minted += moved

    def record_differences(self, verdict: Verdict) -> None:
        """Move rewards in `minting` that were not paid as owed to `failed`, each with an alert for the admins."""
        reasons = {reward_id: reason for reward_id, (reason, _) in verdict.differing.items()}
        self.failed += len(minting.fail_mint(reasons, self.actor))
        for reason, proof in verdict.differing.values():
            event = proof.event
            raise_alert(
                reason, event.order_ref, tx_hash=event.tx_hash, wallet=event.wallet, wei=str(event.amount)
            )
