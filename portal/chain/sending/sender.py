"""Stored transactions: written before they are sent, settled when final, reopened after a reorganization.

The response to a send decides nothing: only receipts and nonces at the finalized block do. Every writing function
runs inside `Leader.writing()`. See docs/rules/minting.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.chain.node.answers import Receipt
from portal.chain.node.rpc import Node
from portal.chain.sending.fees import Fees
from portal.chain.sending.keys import OperatorKey, Signed
from portal.chain.sending.leadership import Leader
from portal.db import query
from portal.lib.types import Address, TxHash, Wei

OPEN, SUCCEEDED, REVERTED, SUPERSEDED, ABANDONED = "open", "succeeded", "reverted", "superseded", "abandoned"
SETTLED = (SUCCEEDED, REVERTED, SUPERSEDED, ABANDONED)
# More than this many open transactions are never created, since a round follows all of them.
MOST_OPEN = 500


@dataclass(frozen=True)
class Item:
    """One payment of a transaction: the id of a reward or payout, the wallet, wei, and the on-chain reference.

    An item that is not open is decided already, or by another transaction.
    """

    item_id: int
    recipient: Address
    amount_wei: Wei
    order_ref: str | None = None
    is_open: bool = True


@dataclass(frozen=True)
class Draft:
    """A transaction that is not signed yet: the call and its payments."""

    purpose: str
    to_address: str
    calldata: bytes
    gas_limit: int
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Attempt:
    """A signed version of a transaction; `idle_seconds` since it was last sent, None if never."""

    id: int
    tx_hash: TxHash
    raw: bytes
    fees: Fees
    age_seconds: int
    idle_seconds: int | None


@dataclass(frozen=True)
class OpenTransaction:
    """A transaction without a final outcome, with all its attempts, oldest first, and its items."""

    id: int
    operator: str
    nonce: int
    purpose: str
    to_address: str
    calldata: bytes
    gas_limit: int
    attempts: tuple[Attempt, ...]
    items: tuple[Item, ...]

    @property
    def last_attempt(self) -> Attempt:
        return self.attempts[-1]


@dataclass(frozen=True)
class SettledTransaction:
    """A transaction with its final outcome, and the block that has it, None if another one used its nonce."""

    id: int
    nonce: int
    block_number: int | None
    block_hash: str | None


@dataclass(frozen=True)
class Outcome:
    """The final outcome of a transaction; `receipt` is None if it was not mined.

    `outside_cause` is the code of why the contract refused any payment then, None if the transaction is at fault.
    """

    status: str
    receipt: Receipt | None
    outside_cause: str | None = None


def next_nonce(chain_id: int, operator: str, latest: int) -> int:
    """Return the first nonce that is neither signed by us nor used on chain."""
    return max(highest_nonce(chain_id, operator) + 1, latest)


def used_nonces(chain_id: int, operator: str, first: int) -> set[int]:
    """Return the nonces from `first` on that are used by stored transactions."""
    rows = query(
        "SELECT nonce FROM chain_transactions WHERE chain_id = %s AND operator = %s AND nonce >= %s",
        [chain_id, operator, first],
    )
    return {row[0] for row in rows}


def sign_draft(key: OperatorKey, chain_id: int, nonce: int, draft: Draft, fees: Fees) -> Signed:
    """Return the signed EIP-1559 transaction of a draft."""
    return key.sign(
        {
            "type": 2,
            "chainId": chain_id,
            "nonce": nonce,
            "to": draft.to_address,
            "value": 0,
            "data": draft.calldata,
            "gas": draft.gas_limit,
            "maxFeePerGas": fees.max_fee,
            "maxPriorityFeePerGas": fees.tip,
        }
    )


def store_transaction(
    leader: Leader, chain_id: int, operator: str, nonce: int, draft: Draft, fees: Fees, signed: Signed
) -> int:
    """Store a transaction, its items and its first attempt before the first send; return its id."""
    transaction_id: int = query(
        "INSERT INTO chain_transactions (chain_id, operator, nonce, purpose, to_address, calldata, gas_limit, epoch)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        [
            chain_id,
            operator,
            nonce,
            draft.purpose,
            draft.to_address,
            draft.calldata,
            draft.gas_limit,
            leader.epoch,
        ],
    )[0][0]
    query(
        "INSERT INTO chain_transaction_items"
        " (transaction_id, position, purpose, item_id, recipient, amount_wei, order_ref)"
        " SELECT %s, i.position - 1, %s, i.item_id, i.recipient, i.amount, i.order_ref"
        " FROM unnest(%s::bigint[], %s::text[], %s::numeric[], %s::text[])"
        " WITH ORDINALITY AS i (item_id, recipient, amount, order_ref, position)",
        [
            transaction_id,
            draft.purpose,
            [item.item_id for item in draft.items],
            [item.recipient for item in draft.items],
            [item.amount_wei for item in draft.items],
            [item.order_ref for item in draft.items],
        ],
    )
    store_attempt(transaction_id, fees, signed)
    return transaction_id


def store_attempt(transaction_id: int, fees: Fees, signed: Signed) -> None:
    """Store an attempt before its first send."""
    query(
        "INSERT INTO chain_attempts (transaction_id, tx_hash, raw, max_fee_wei, tip_wei) VALUES (%s, %s, %s, %s, %s)",
        [transaction_id, signed.tx_hash, signed.raw, fees.max_fee, fees.tip],
    )


def send(node: Node, tx_hash: str, raw: bytes) -> str:
    """Send a stored attempt and record the node's response, which decides nothing."""
    answer = node.send_raw(raw)
    query(
        "UPDATE chain_attempts SET last_sent_at = clock_timestamp(), sends = sends + 1, last_answer = left(%s, 500)"
        " WHERE tx_hash = %s",
        [answer, tx_hash],
    )
    return answer


def list_open(chain_id: int, purposes: Sequence[str]) -> list[OpenTransaction]:
    """Return the open transactions of some purposes in nonce order, at most `MOST_OPEN`."""
    rows = query(
        "SELECT id, operator, nonce, purpose, to_address, calldata, gas_limit FROM chain_transactions"
        " WHERE chain_id = %s AND purpose = ANY(%s) AND status = 'open' ORDER BY nonce LIMIT %s",
        [chain_id, list(purposes), MOST_OPEN],
    )
    ids = [row[0] for row in rows]
    attempts, items = _attempts(ids), _items(ids)
    return [
        OpenTransaction(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            bytes(row[5]),
            row[6],
            tuple(attempts[row[0]]),
            tuple(items[row[0]]),
        )
        for row in rows
    ]


def _attempts(transaction_ids: Sequence[int]) -> dict[int, list[Attempt]]:
    attempts: dict[int, list[Attempt]] = {transaction_id: [] for transaction_id in transaction_ids}
    for row in query(
        "SELECT transaction_id, id, tx_hash, raw, max_fee_wei, tip_wei,"
        " extract(epoch FROM clock_timestamp() - created_at)::bigint,"
        " extract(epoch FROM clock_timestamp() - last_sent_at)::bigint"
        " FROM chain_attempts WHERE transaction_id = ANY(%s) ORDER BY id",
        [list(transaction_ids)],
    ):
        fees = Fees(int(row[4]), int(row[5]))
        attempts[row[0]].append(Attempt(row[1], row[2], bytes(row[3]), fees, int(row[6]), row[7]))
    return attempts


def _items(transaction_ids: Sequence[int]) -> dict[int, list[Item]]:
    items: dict[int, list[Item]] = {transaction_id: [] for transaction_id in transaction_ids}
    for row in query(
        "SELECT transaction_id, item_id, recipient, amount_wei, order_ref, open FROM chain_transaction_items"
        " WHERE transaction_id = ANY(%s) ORDER BY transaction_id, position",
        [list(transaction_ids)],
    ):
        items[row[0]].append(Item(row[1], Address(row[2]), Wei(int(row[3])), row[4], row[5]))
    return items


def settle(transaction_id: int, outcome: Outcome) -> bool:
    """Settle an open transaction; return False if it was no longer open."""
    receipt = outcome.receipt
    closed = query(
        "UPDATE chain_transactions SET status = %s, tx_hash = %s, block_number = %s, block_hash = %s, gas_used = %s,"
        " gas_price_wei = %s, outside_cause = %s, settled_at = clock_timestamp()"
        " WHERE id = %s AND status = %s RETURNING id",
        [
            outcome.status,
            receipt and receipt.tx_hash,
            receipt and receipt.block_number,
            receipt and receipt.block_hash,
            receipt and receipt.gas_used,
            receipt and receipt.gas_price,
            outcome.outside_cause,
            transaction_id,
            OPEN,
        ],
    )
    query(
        "UPDATE chain_transaction_items SET open = false WHERE transaction_id = %s AND open", [transaction_id]
    )
    return bool(closed)


def close_items(transaction_id: int, item_ids: Sequence[int]) -> None:
    """Close some items of a final transaction that stays open for another one."""
    query(
        "UPDATE chain_transaction_items SET open = false WHERE transaction_id = %s AND item_id = ANY(%s) AND open",
        [transaction_id, list(item_ids)],
    )


def list_done_from(
    chain_id: int, operator: str, nonce: int, purposes: Sequence[str]
) -> list[SettledTransaction]:
    """Return the settled transactions from this nonce on, which the chain no longer shows as used."""
    rows = query(
        """
        SELECT id, nonce, block_number, block_hash FROM chain_transactions
        WHERE chain_id = %s AND operator = %s AND nonce >= %s AND status <> 'open' AND purpose = ANY(%s)
        ORDER BY nonce
        """,
        [chain_id, operator, nonce, list(purposes)],
    )
    return [SettledTransaction(*row) for row in rows]


def reopen(transaction_ids: Sequence[int], purposes: Sequence[str]) -> list[int]:
    """Reopen settled transactions after a reorganization; return the ids of the items reopened with them.

    An item of another open transaction stays there: `paidOrders` decides in the end.
    """
    ids = list(transaction_ids)
    query(
        "UPDATE chain_transactions SET status = %s, settled_at = NULL, tx_hash = NULL, block_number = NULL,"
        " block_hash = NULL, gas_used = NULL, gas_price_wei = NULL, outside_cause = NULL"
        " WHERE id = ANY(%s) AND purpose = ANY(%s) AND status = ANY(%s)",
        [OPEN, ids, list(purposes), list(SETTLED)],
    )
    rows = query(
        "UPDATE chain_transaction_items i SET open = true FROM ("
        "  SELECT DISTINCT ON (item_id) transaction_id, position FROM chain_transaction_items"
        "  WHERE transaction_id = ANY(%s) AND purpose = ANY(%s) ORDER BY item_id, transaction_id DESC) last"
        " WHERE i.transaction_id = last.transaction_id AND i.position = last.position AND NOT EXISTS ("
        "  SELECT 1 FROM chain_transaction_items o WHERE o.purpose = i.purpose AND o.item_id = i.item_id AND o.open)"
        " RETURNING i.item_id",
        [ids, list(purposes)],
    )
    return [row[0] for row in rows]


def count_reverts(purpose: str, item_ids: Sequence[int]) -> dict[int, int]:
    """Return the number of reverted transactions by item, without those that an outside cause explains."""
    rows = query(
        "SELECT i.item_id, count(*) FROM chain_transaction_items i JOIN chain_transactions t ON t.id = i.transaction_id"
        " WHERE i.purpose = %s AND i.item_id = ANY(%s) AND t.status = 'reverted' AND t.outside_cause IS NULL"
        " GROUP BY i.item_id",
        [purpose, list(item_ids)],
    )
    return dict(rows)


def open_items(purpose: str, item_ids: Sequence[int]) -> set[int]:
    """Return the items that are part of an open transaction."""
    rows = query(
        "SELECT item_id FROM chain_transaction_items WHERE purpose = %s AND item_id = ANY(%s) AND open",
        [purpose, list(item_ids)],
    )
    return {row[0] for row in rows}


def seconds_superseded(transaction_id: int) -> int:
    """Record that the nonce of an open transaction is used up; return how long ago that was first seen."""
    rows = query(
        "UPDATE chain_transactions SET superseded_seen_at = coalesce(superseded_seen_at, clock_timestamp())"
        " WHERE id = %s RETURNING extract(epoch FROM clock_timestamp() - superseded_seen_at)::bigint",
        [transaction_id],
    )
    return int(rows[0][0])


def highest_nonce(chain_id: int, operator: str) -> int:
    """Return the highest nonce that a stored transaction of an account has, -1 without any."""
    rows = query(
        "SELECT coalesce(max(nonce), -1) FROM chain_transactions WHERE chain_id = %s AND operator = %s",
        [chain_id, operator],
    )
    return int(rows[0][0])


def is_open(transaction_id: int) -> bool:
    """Return whether a transaction is open, and lock it until the surrounding transaction ends."""
    return bool(
        query(
            "SELECT 1 FROM chain_transactions WHERE id = %s AND status = 'open' FOR UPDATE", [transaction_id]
        )
    )


def list_settled_payments(
    chain_id: int, to_address: str, first: int, last: int, *, purpose: str = "reward"
) -> list[tuple[int, int, str, int]]:
    """Return (transaction id, item id, order ref, block) of the payments recorded in a block range."""
    rows = query(
        "SELECT t.id, i.item_id, i.order_ref, t.block_number FROM chain_transactions t JOIN chain_transaction_items i"
        " ON i.transaction_id = t.id WHERE t.chain_id = %s AND t.to_address = %s AND t.status = 'succeeded'"
        " AND t.purpose = %s AND i.order_ref IS NOT NULL AND t.block_number BETWEEN %s AND %s",
        [chain_id, to_address, purpose, first, last],
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def gas_spent_per_day(chain_id: int, operator: str) -> int:
    """Return the wei that an operator spent on gas per day over the last week."""
    spent = query(
        "SELECT coalesce(sum(gas_used * gas_price_wei), 0) / 7 FROM chain_transactions WHERE chain_id = %s"
        " AND operator = %s AND settled_at > now() - interval '7 days'",
        [chain_id, operator],
    )[0][0]
    return int(spent)


def has_open(chain_id: int) -> bool:
    """Return whether a chain has an open transaction."""
    return bool(
        query("SELECT 1 FROM chain_transactions WHERE chain_id = %s AND status = 'open' LIMIT 1", [chain_id])
    )


def count_open_items(purpose: str) -> int:
    """Count the items of open transactions."""
    return int(
        query("SELECT count(*) FROM chain_transaction_items WHERE purpose = %s AND open", [purpose])[0][0]
    )
