"""The reference under which the payout contract remembers a payout. See docs/rules/payouts.md."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from models import Installation, Payout, PayoutItem
from portal.commissions.payout_rules import MOST_ROWS
from portal.db import query
from portal.lib.keccak import keccak

# How many unpaid settlements of one vendor and currency are searched for a reference.
_MOST_SEARCHED = 300


@dataclass(frozen=True)
class Claim:
    """A payout with a reference of a contract; `is_open` while one of its transactions is not settled."""

    payout_id: int
    status: str
    wallet: str
    amount_wei: int
    order_ref: str
    transaction_id: str | None
    is_signed: bool
    is_open: bool

    def pays(self, wallet: str, amount_wei: int) -> bool:
        """Return whether the payout is for exactly this wallet and amount."""
        return (self.wallet, self.amount_wei) == (wallet, amount_wei)


def installation_id() -> str:
    """Return the identity of this installation, which a backup of its database keeps."""
    return str(Installation.get().id)


def payout_order_ref(installation: str, settlement_ids: Collection[int]) -> str:
    """Return the on-chain reference of a payout, which depends on the installation and the settlements alone."""
    joined = ",".join(str(settlement_id) for settlement_id in sorted(settlement_ids))
    digest = sha256(f"{joined}@{installation}".encode()).hexdigest()
    return "0x" + keccak(f"payout:{digest}".encode()).hex()


def assign_references(chain_id: int, token_address: str, contract_address: str) -> int:
    """Give every unsigned payout without a reference the one that the contract will remember; return how many."""
    rows = query(
        "SELECT p.id FROM payouts p JOIN payout_batches b ON b.id = p.batch_id WHERE p.status = 'processing'"
        " AND b.mode = 'onchain' AND p.amount_wei > 0 AND p.order_ref IS NULL AND p.chain_id = %s"
        " AND p.token_address = %s AND NOT EXISTS ("
        "  SELECT 1 FROM chain_transaction_items i WHERE i.purpose = 'payout' AND i.item_id = p.id)"
        " ORDER BY p.id",
        [chain_id, token_address],
    )
    installation = installation_id() if rows else ""
    for (payout_id,) in rows:
        ref = payout_order_ref(installation, settlement_ids_of(payout_id))
        query(
            "UPDATE payouts SET order_ref = %s, contract_address = %s WHERE id = %s AND order_ref IS NULL",
            [ref, contract_address, payout_id],
        )
    return len(rows)


def list_of_other_contracts(
    chain_id: int, token_address: str, contract_address: str
) -> list[tuple[int, str, str]]:
    """Return (payout, reference, contract) of processing payouts of another contract, none of them open."""
    rows = query(
        "SELECT p.id, p.order_ref, p.contract_address FROM payouts p WHERE p.status = 'processing'"
        " AND p.chain_id = %s AND p.token_address = %s AND p.contract_address <> %s AND NOT EXISTS ("
        "  SELECT 1 FROM chain_transaction_items i WHERE i.purpose = 'payout' AND i.item_id = p.id AND i.open)"
        " ORDER BY p.id",
        [chain_id, token_address, contract_address],
    )
    return [(row[0], row[1], row[2]) for row in rows]


def move_to_contract(payout_ids: Sequence[int], contract_address: str) -> None:
    """Let another contract pay payouts that their own one has not paid and that no open transaction pays."""
    ids = lock_sendable(payout_ids)
    Payout.update(contract_address=contract_address).where(Payout.id.in_(ids)).execute()


def settlement_ids_of(payout_id: int) -> list[int]:
    """Return the settlements of a payout, in order."""
    items = PayoutItem.select(PayoutItem.settlement).where(PayoutItem.payout == payout_id)
    return sorted(item.settlement_id for item in items)


def find_claims(contract_address: str, order_refs: Collection[str]) -> dict[str, Claim]:
    """Return the payouts of a contract by reference: of several with one reference that which did not fail."""
    rows = query(
        "SELECT p.id, p.status, p.payout_wallet, p.amount_wei, p.order_ref, p.transaction_id,"
        " count(i.item_id) > 0, coalesce(bool_or(i.open), false)"
        " FROM payouts p LEFT JOIN chain_transaction_items i ON i.purpose = 'payout' AND i.item_id = p.id"
        " WHERE p.contract_address = %s AND p.order_ref = ANY(%s)"
        " GROUP BY p.id ORDER BY (p.status <> 'failed'), p.id",
        [contract_address, list(order_refs)],
    )
    claims = (Claim(row[0], row[1], row[2], int(row[3]), *row[4:]) for row in rows)
    return {claim.order_ref: claim for claim in claims}


def lock_sendable(payout_ids: Sequence[int]) -> list[int]:
    """Lock the processing payouts that no open transaction pays, and return their ids."""
    rows = query(
        "SELECT p.id FROM payouts p WHERE p.id = ANY(%s) AND p.status = 'processing' AND NOT EXISTS ("
        "  SELECT 1 FROM chain_transaction_items i WHERE i.purpose = 'payout' AND i.item_id = p.id AND i.open)"
        " ORDER BY p.id FOR UPDATE OF p",
        [list(payout_ids)],
    )
    return [row[0] for row in rows]


def tokens_of(payout_ids: Collection[int]) -> dict[int, str]:
    """Return the address of the token that each payout is paid in."""
    rows = Payout.select(Payout.id, Payout.token_address).where(Payout.id.in_(list(payout_ids)))
    return {row.id: str(row.token_address) for row in rows}


def match_references(order_refs: Collection[str]) -> dict[str, list[int]]:
    """Return the unpaid settlements that references stand for, as far as a run of consecutive ones has them.

    A run of payouts takes what is due, so the settlements of a vendor in their order of date or number are searched.
    """
    missing, matches = set(order_refs), dict[str, list[int]]()
    installation = installation_id()
    for ids in _unpaid_sequences():
        if not missing:
            break
        for window in _windows(ids):
            ref = payout_order_ref(installation, window)
            if ref in missing:
                matches[ref] = sorted(window)
                missing.discard(ref)
    return matches


def _unpaid_sequences() -> Iterator[Sequence[int]]:
    rows = query(
        "SELECT (array_agg(id ORDER BY scheduled_for, id))[:%(most)s], (array_agg(id ORDER BY id))[:%(most)s],"
        " (array_agg(id ORDER BY id) FILTER (WHERE kind = 'refund' OR scheduled_for <= now()))[:%(most)s]"
        " FROM settlements WHERE status IN ('pending', 'processing', 'failed', 'held')"
        " GROUP BY vendor_id, currency ORDER BY vendor_id, currency",
        {"most": _MOST_SEARCHED},
    )
    for sequences in rows:
        yield from {tuple(ids) for ids in sequences if ids}


def _windows(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(len(ids)):
        for end in range(start + 1, min(len(ids), start + MOST_ROWS) + 1):
            yield ids[start:end]
