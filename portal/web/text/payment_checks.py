"""Payments on chain in words, with the commands that check them without this portal.

See docs/check-your-payment.md.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.chain import PaidEvent, PublicProof, checksum, find_paying_transaction, order_ref
from portal.rewards.mintable import payment_reference
from portal.runtime import current_portal
from portal.web.text.format import When, token_text, when
from portal.web.text.rewards import explorer_url

if TYPE_CHECKING:
    from models import ReferralReward

# What a shell and `cast keccak` take as it is; cast reads a text that begins with 0x as bytes.
_PLAIN = re.compile(r"(?!0[xX])[A-Za-z0-9][A-Za-z0-9_.:#-]*")


@dataclass(frozen=True, slots=True)
class PaidView:
    """A payment as the public page shows it."""

    event: EventView | None
    is_delivered: bool | None
    block: str
    block_url: str | None
    paid_at: When
    is_final: bool
    confirmations: int


@dataclass(frozen=True, slots=True)
class EventView:
    """What the event of a payment says, with the command that shows it."""

    amount: str
    wei: str
    wallet: str
    wallet_url: str | None
    tx_hash: str
    tx_url: str | None
    receipt_command: str


@dataclass(frozen=True, slots=True)
class ProofView:
    """A payment hash as the public page shows it; `payment` is None if nothing was paid or its block is unknown."""

    payment_hash: str
    chain_id: int
    contract: str
    contract_url: str | None
    token: str
    token_url: str | None
    is_paid: bool
    payment: PaidView | None
    paid_command: str


@dataclass(frozen=True, slots=True)
class PaymentCheck:
    """A minted reward of a referrer with what its owner needs to check it without this portal.

    `earlier` are the hashes of payments that this one completed.
    """

    reference: str
    payment_hash: str
    amount: str
    wei: str
    wallet: str
    wallet_url: str | None
    chain_id: int
    contract: str | None
    contract_url: str | None
    tx_hash: str
    tx_url: str | None
    block: str | None
    block_url: str | None
    earlier: tuple[str, ...]
    hash_command: str
    paid_command: str | None
    receipt_command: str


def proof_view(proof: PublicProof) -> ProofView:
    """Return a proof as the public page shows it."""
    contract, token = checksum(proof.contract), checksum(proof.token)
    return ProofView(
        payment_hash=proof.payment_hash,
        chain_id=proof.chain_id,
        contract=contract,
        contract_url=explorer_url("address", contract),
        token=token,
        token_url=explorer_url("address", token),
        is_paid=proof.is_paid,
        payment=_paid_view(proof),
        paid_command=paid_command(contract, proof.payment_hash),
    )


def _paid_view(proof: PublicProof) -> PaidView | None:
    if proof.payment is None or proof.block_time is None:
        return None
    block = str(proof.payment.block_number)
    return PaidView(
        event=_event_view(proof.payment.event) if proof.payment.event else None,
        is_delivered=proof.payment.is_delivered,
        block=block,
        block_url=explorer_url("block", block),
        paid_at=when(proof.block_time),
        is_final=proof.is_final,
        confirmations=proof.confirmations,
    )


def _event_view(event: PaidEvent) -> EventView:
    wallet = checksum(event.wallet)
    return EventView(
        amount=token_text(event.amount),
        wei=str(event.amount),
        wallet=wallet,
        wallet_url=explorer_url("address", wallet),
        tx_hash=event.tx_hash,
        tx_url=explorer_url("tx", event.tx_hash),
        receipt_command=receipt_command(event.tx_hash),
    )


def payment_check(reward: ReferralReward) -> PaymentCheck | None:
    """Return how a referrer checks the last payment of a reward, None unless it is minted."""
    tx_hash = reward.tx_hash
    if reward.status != "minted" or tx_hash is None or reward.reward_amount_wei is None:
        return None
    amount = int(reward.reward_amount_wei - reward.delivered_wei)
    chain_id = reward.chain_id or current_portal().chain.chain_id
    references = [payment_reference(reward.order_reference, n + 1) for n in range(reward.payment_number)]
    *earlier, payment_hash = map(order_ref, references)
    sent = find_paying_transaction(payment_hash, tx_hash)
    stored = sent.to_address if sent else _configured_contract(chain_id)
    contract = checksum(stored) if stored else None
    wallet, block = checksum(reward.referrer_wallet), sent.block_number if sent else None
    return PaymentCheck(
        reference=references[-1],
        payment_hash=payment_hash,
        amount=token_text(amount),
        wei=str(amount),
        wallet=wallet,
        wallet_url=explorer_url("address", wallet),
        chain_id=chain_id,
        contract=contract,
        contract_url=explorer_url("address", contract) if contract else None,
        tx_hash=tx_hash,
        tx_url=explorer_url("tx", tx_hash),
        block=str(block) if block else None,
        block_url=explorer_url("block", str(block)) if block else None,
        earlier=tuple(earlier),
        hash_command=hash_command(references[-1]),
        paid_command=paid_command(contract, payment_hash) if contract else None,
        receipt_command=receipt_command(tx_hash),
    )


def hash_command(reference: str) -> str:
    """Return the command that computes the hash of a payment reference."""
    # Bytes in hex are hashed as they are, so any text can be given that way.
    text = reference if _PLAIN.fullmatch(reference) else f"0x{reference.encode().hex()}"
    return f"cast keccak {shlex.quote(text)}"


def paid_command(contract: str, payment_hash: str) -> str:
    """Return the command that asks the contract whether a hash is paid."""
    return f'cast call {contract} "paidOrders(bytes32)(bool)" {payment_hash} --rpc-url "$RPC"'


def receipt_command(tx_hash: str) -> str:
    """Return the command that shows the events of a transaction."""
    return f'cast receipt {tx_hash} --rpc-url "$RPC"'


def _configured_contract(chain_id: int) -> str | None:
    settings = current_portal().settings
    return settings.referral_rewards_address or None if chain_id == settings.referral_chain_id else None
