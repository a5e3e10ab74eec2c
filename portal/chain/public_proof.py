"""What the chain shows of one payment, for anyone who knows its hash; the database is not read.

See docs/check-your-payment.md.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from portal.chain.client import AnyChain, Chain
from portal.chain.contract.proofs import SeenPayment, read_payment
from portal.chain.errors import ChainNotConfigured
from portal.lib.clock import utc_now

_LONGEST_CACHE = 2_000
_PASSING_SECONDS = 5.0


@dataclass(frozen=True)
class PublicProof:
    """The state of one payment hash at the latest block.

    `payment` is None if nothing was paid. A node that has pruned its history shows less of it: see SeenPayment.
    `token` is that of the payment where known, else the contract's present one. `block_time` and `confirmations` are
    those of the payment, and unknown with its block.
    """

    payment_hash: str
    chain_id: int
    contract: str
    token: str
    is_paid: bool
    payment: SeenPayment | None = None
    block_time: datetime | None = None
    confirmations: int = 0
    is_final: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether a delivered payment is final, so that the proof no longer changes."""
        return self.is_final and self.payment is not None and self.payment.is_delivered is True


class ProofReader:
    """Read proofs and remember them: permanently once a delivered payment is final, otherwise for seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._proofs: OrderedDict[tuple[int, str, str], tuple[PublicProof, float | None]] = OrderedDict()

    def read(self, chain: AnyChain, payment_hash: str) -> PublicProof:
        """Return the proof of a hash (0x and 64 lower-case digits).

        Raises ChainNotConfigured, ChainAway, WrongChain, NodeRefused or ContractMissing.
        """
        if not isinstance(chain, Chain):
            raise ChainNotConfigured(chain.reason)
        key = (chain.chain_id, chain.contract.address, payment_hash)
        with self._lock:
            proof, expires_at = self._proofs.get(key, (None, 0.0))
        if proof and (expires_at is None or time.monotonic() < expires_at):
            return proof
        proof = _read_proof(chain, payment_hash)
        self._remember(key, proof)
        return proof

    def forget(self) -> None:
        """Read every proof again."""
        with self._lock:
            self._proofs.clear()

    def _remember(self, key: tuple[int, str, str], proof: PublicProof) -> None:
        expires_at = None if proof.is_settled else time.monotonic() + _PASSING_SECONDS
        with self._lock:
            self._proofs[key] = (proof, expires_at)
            self._proofs.move_to_end(key)
            while len(self._proofs) > _LONGEST_CACHE:
                self._proofs.popitem(last=False)


def _read_proof(chain: Chain, payment_hash: str) -> PublicProof:
    node, contract = chain.node(utc_now()), chain.contract
    head = node.block("latest").number
    token, _mode = contract.token_and_mode(node, head)
    (is_paid,) = contract.paid(node, [payment_hash], head)
    proof = PublicProof(payment_hash, chain.chain_id, contract.address, token, is_paid)
    if not is_paid:
        return proof
    payment = read_payment(node, contract, payment_hash, head)
    number = payment.block_number
    if number is None:
        return replace(proof, payment=payment)
    return replace(
        proof,
        token=payment.token or token,
        payment=payment,
        block_time=datetime.fromtimestamp(node.block(number).timestamp, UTC),
        confirmations=head - number + 1,
        is_final=number <= node.block("finalized").number,
    )
