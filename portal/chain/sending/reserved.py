"""What the unmined transactions of an account may still take, which a further transaction cannot count on."""

from __future__ import annotations

from dataclasses import dataclass

from portal.db import query


@dataclass(frozen=True)
class Reserved:
    """The wei of the unmined payments of a contract, and the most wei that the gas of unmined transactions can cost."""

    amount_wei: int
    gas_wei: int


def count_reserved(chain_id: int, operator: str, to_address: str, first_nonce: int) -> Reserved:
    """Return what the open transactions of an account from a nonce on may still take from it and from a contract."""
    amount, gas = query(
        """
        SELECT coalesce(sum(paid.wei) FILTER (WHERE t.to_address = %s), 0), coalesce(sum(t.gas_limit * offer.fee), 0)
        FROM chain_transactions t
        CROSS JOIN LATERAL (
            SELECT max(max_fee_wei) AS fee FROM chain_attempts WHERE transaction_id = t.id
        ) offer
        CROSS JOIN LATERAL (
            SELECT sum(amount_wei) AS wei FROM chain_transaction_items WHERE transaction_id = t.id AND open
        ) paid
        WHERE t.chain_id = %s AND t.operator = %s AND t.status = 'open' AND t.nonce >= %s
        """,
        [to_address, chain_id, operator, first_nonce],
    )[0]
    return Reserved(int(amount), int(gas))
