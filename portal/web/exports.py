"""Ledgers as CSV: streamed page by page, UTC ISO times, integers of minor units beside decimals.

A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers are written as they are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from flask import Response, stream_with_context

from portal.commissions import SettlementFilter, list_settlements
from portal.lib.money import major_text
from portal.rewards import RewardFilter, list_reward_queue
from portal.web.format import exact_tokens, iso

if TYPE_CHECKING:
    from models import ReferralReward, Settlement

Cell = str | int | Decimal | datetime | bool | None

CHUNK = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

SETTLEMENT_COLUMNS = (
    "id", "orderReference", "vendorId", "vendor", "kind", "status", "currency", "amountMinor", "amount",
    "commissionMinor", "commission", "netPayoutMinor", "netPayout", "platformCommission", "referralCommission",
    "referralEffectivePercent", "scheduledFor", "processedAt", "transactionId", "simulated", "payoutBatchId",
    "failureReason", "createdAt",
)  # fmt: skip
REWARD_COLUMNS = (
    "id", "orderReference", "refCode", "referrerUserId", "referrerWallet", "refereeUserId", "rail", "status",
    "currency", "orderTotalMinor", "orderTotal", "rewardPercent", "usdValue", "tokenPriceUsd", "rewardAmountWei",
    "rewardAmount", "rewardToken", "chainId", "txHash", "approvedBy", "approvedAt", "failureReason", "createdAt",
    "updatedAt",
)  # fmt: skip


def settlements_csv(wanted: SettlementFilter, vendor_ids: Sequence[int] | None = None) -> Response:
    """Return the matching settlements, newest first, of some vendors only where given."""
    return _stream("settlements", SETTLEMENT_COLUMNS, _settlement_lines(wanted, vendor_ids))


def rewards_csv(wanted: RewardFilter) -> Response:
    """Return the matching rewards, oldest first; raise StatusUnknown."""
    first = list_reward_queue(wanted, None, 1)
    return _stream("rewards", REWARD_COLUMNS, _reward_lines(wanted) if first.rewards else iter(()))


def _stream(name: str, columns: Sequence[str], lines: Iterable[Sequence[Cell]]) -> Response:
    def generate() -> Iterator[str]:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow(columns)
        for line in lines:
            writer.writerow([cell_text(cell) for cell in line])
            if buffer.tell() > 32_768:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue()

    answer = Response(stream_with_context(generate()), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{datetime.now(UTC):%Y-%m-%d}.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def cell_text(cell: Cell) -> str:
    """Return one value as a spreadsheet may read it without running anything."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return iso(cell)
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, int):
        return str(cell)
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _settlement_lines(wanted: SettlementFilter, vendor_ids: Sequence[int] | None) -> Iterator[Sequence[Cell]]:
    before: int | None = None
    while found := list_settlements(wanted=wanted, vendor_ids=vendor_ids, before_id=before, limit=CHUNK):
        for row in found:
            yield _settlement_line(row)
        before = found[-1].id


def _settlement_line(row: Settlement) -> Sequence[Cell]:
    told = row.metadata.get("commissionBreakdown", {})

    def money(minor: int) -> Decimal:
        return Decimal(major_text(minor, row.currency))

    return (
        row.id, row.order_reference, row.vendor_id, row.vendor.name, row.kind, row.status, row.currency,
        row.amount_minor, money(row.amount_minor), row.commission_minor, money(row.commission_minor),
        row.net_payout_minor, money(row.net_payout_minor), _number(told.get("platformCommission")),
        _number(told.get("referralCommission")), _number(told.get("referralEffectivePercent")), row.scheduled_for,
        row.processed_at, row.transaction_id, bool(row.metadata.get("simulated")), row.payout_batch_id,
        row.failure_reason, row.created_at,
    )  # fmt: skip


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _reward_lines(wanted: RewardFilter) -> Iterator[Sequence[Cell]]:
    cursor: str | None = None
    while True:
        page = list_reward_queue(wanted, cursor, CHUNK)
        for row in page.rewards:
            yield _reward_line(row)
        cursor = page.next_cursor
        if cursor is None:
            return


def _reward_line(row: ReferralReward) -> Sequence[Cell]:
    wei = row.reward_amount_wei
    return (
        row.id, row.order_reference, row.ref_code, row.referrer_user_id, row.referrer_wallet, row.referee_user_id,
        row.rail, row.status, row.currency, row.order_total_minor,
        Decimal(major_text(row.order_total_minor, row.currency)), row.reward_percent, row.usd_value,
        row.token_price_usd, wei, None if wei is None else Decimal(exact_tokens(wei)), row.reward_token,
        row.chain_id, row.tx_hash, row.approved_by, row.approved_at, row.failure_reason, row.created_at,
        row.updated_at,
    )  # fmt: skip
