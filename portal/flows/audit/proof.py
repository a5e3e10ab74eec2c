"""The downloadable proof of one order reference."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from models import JournalTransfer, Table
from portal.chain import AnyChain, checksummed, order_ref
from portal.chain.contract.rewards import TOKEN_DECIMALS
from portal.chain.contract.token import tokens_text
from portal.flows.audit.audit_reference import ReferenceAudit
from portal.journal import IN_WEI
from portal.lib.money import major_text

# JSON readers keep integers up to this exactly.
_LARGEST_EXACT_INTEGER = 2**53


def proof_as_json(audit: ReferenceAudit, chain: AnyChain) -> dict[str, Any]:
    """Return every row, event and on-chain fact of a reference as plain JSON.

    Columns keep their names, and each `<name>_minor` has its amount in major units as `<name>` next to it, the
    `amount` of a journal row as `amount_decimal`. Times are ISO 8601, wei and decimals exact texts, addresses EIP-55.
    See docs/rules/audit.md.
    """
    event = audit.paid_event
    return {
        "orderReference": audit.order_reference,
        "orderRef": order_ref(audit.order_reference),
        "chainId": chain.chain_id,
        "chainConfigured": audit.is_chain_configured,
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
        "store": audit.store
        and {
            "name": audit.store.name,
            "externalId": audit.store.external_id,
            "number": audit.store.number,
            "reports": [_plain_row(row) for row in audit.store.reports],
        },
        "settlements": [_plain_row(row) for row in audit.settlements],
        "salesAssists": [_plain_row(row) for row in audit.assists],
        "reward": _plain_row(audit.reward),
        "programme": _plain_row(audit.programme),
        "refunds": [_plain_row(row) for row in audit.refunds],
        "journal": [_journal_row(row) for row in audit.transfers],
        "callbacks": [_plain_row(row) for row in audit.callbacks],
        "events": [_plain_row(row) for row in audit.events],
        "differences": [difference.code for difference in audit.differences],
    }


def _journal_row(row: JournalTransfer) -> dict[str, Any] | None:
    """Return a transfer, whose amount is in wei or in minor units, with the amount in tokens or major units."""
    in_tokens = row.currency == IN_WEI
    text = tokens_text(row.amount, TOKEN_DECIMALS) if in_tokens else major_text(row.amount, row.currency)
    return {**(_plain_row(row) or {}), "amount_decimal": text}


def _plain_row(row: Table | None) -> dict[str, Any] | None:
    if row is None:
        return None
    columns = {name: _plain_value(value) for name, value in row.__data__.items()}
    return {**columns, **_major_amounts(row.__data__)}


def _major_amounts(columns: Mapping[str, Any]) -> dict[str, str]:
    """Return `<name>` for each `<name>_minor` next to a currency: a decimal string in major units."""
    currency = columns.get("currency")
    return {
        name.removesuffix("_minor"): major_text(value, currency)
        for name, value in columns.items()
        if currency and name.endswith("_minor") and value is not None
    }


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
