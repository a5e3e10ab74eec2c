"""The downloadable proof of one order reference."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from models import Table
from portal.chain import AnyChain, checksummed, order_ref
from portal.flows.audit.audit_reference import ReferenceAudit

# JSON readers keep integers up to this exactly.
_LARGEST_EXACT_INTEGER = 2**53


def proof_as_json(audit: ReferenceAudit, chain: AnyChain) -> dict[str, Any]:
    """Return every row, event and on-chain fact of a reference as plain JSON.

    Columns keep their names. Times are ISO 8601, wei and decimals exact texts, addresses EIP-55.
    See docs/rules/audit.md.
    """
    event = audit.paid_event
    return {
        "orderReference": audit.order_reference,
        "orderRef": order_ref(audit.order_reference),
        "chainId": chain.chain_id,
        "paidOnChain": audit.on_chain,
        "referralPaid": None
        if event is None
        else {
            "txHash": event.tx_hash,
            "blockNumber": event.block_number,
            "refWallet": checksummed(event.wallet),
            "amountWei": str(event.amount),
        },
        "payment": _plain_row(audit.payment),
        "order": _plain_row(audit.order),
        "settlements": [_plain_row(row) for row in audit.settlements],
        "salesAssists": [_plain_row(row) for row in audit.assists],
        "reward": _plain_row(audit.reward),
        "refunds": [_plain_row(row) for row in audit.refunds],
        "journal": [_plain_row(row) for row in audit.transfers],
        "callbacks": [_plain_row(row) for row in audit.callbacks],
        "events": [_plain_row(row) for row in audit.events],
        "differences": [difference.code for difference in audit.differences],
    }


def _plain_row(row: Table | None) -> dict[str, Any] | None:
    return None if row is None else {name: _plain_value(value) for name, value in row.__data__.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return checksummed(value)
    if isinstance(value, dict):
        return {name: _plain_value(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain_value(member) for member in value]
    if isinstance(value, Decimal) or (isinstance(value, int) and abs(value) >= _LARGEST_EXACT_INTEGER):
        return str(value)
    return value
