"""Change the state of payouts: a batch takes settlements, pays each once, or fails them with a reason.

Every change of a status is a guarded UPDATE with an event row in the same transaction, and none changes the
commission breakdown. See docs/rules/payouts.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from peewee import fn

from models import Payout, PayoutBatch, PayoutItem, ReserveRelease, Settlement
from portal.commissions.payout_plans import VENDOR_QUEUE, vendor_item
from portal.commissions.payout_queries import payout_wallets
from portal.commissions.payout_rules import (
    AMOUNT_TOO_SMALL,
    RATE_MISSING,
    PayoutPlan,
    PlannedPayout,
    batch_outcome,
    batch_totals,
    token_units,
    wallet_refusal,
)
from portal.commissions.status_rules import (
    BATCH_TRANSITIONS,
    PAYOUT_TRANSITIONS,
    SETTLEMENT_TRANSITIONS,
    PayoutStatus,
)
from portal.db import Actor, forget_failure, move_status, query, record_event, set_aside, transaction
from portal.db.failing import require_database
from portal.lib.money import fraction_to_decimal
from portal.lib.transitions import Transition
from portal.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class PayoutQuote:
    """The token and the rate for payouts of one currency; `units_per_usd` is None where no rate exists."""

    chain_id: int
    token_address: str
    token_decimals: int
    units_per_usd: Fraction | None
    rate_source: str
    rate_at: datetime | None


def lock_payouts() -> None:
    """Lock payouts, so that one transaction at a time takes settlements into a batch."""
    query("SELECT pg_advisory_xact_lock(hashtextextended('payouts', 0))")


def open_batch(
    plan: PayoutPlan,
    *,
    mode: str,
    key: str | None,
    actor: Actor,
    quotes: Mapping[str, PayoutQuote],
    own_addresses: Collection[str] = (),
) -> int | None:
    """Write a batch with its payouts and move their settlements to `processing`; return its id.

    The caller holds `lock_payouts` and locks on the planned rows. `quotes` has every currency of an on-chain batch.
    A payout to one of the portal's own addresses fails, whenever it was saved. A vendor whose payout cannot be written
    is set aside; returns None if that is every vendor.
    """
    wallets = payout_wallets([payout.vendor_id for payout in plan.payouts])
    failures: dict[tuple[int, str], str] = {}
    written: list[PlannedPayout] = []
    with transaction() as batch_savepoint:
        batch_id: int = PayoutBatch.insert(
            mode=mode, idempotency_key=key, totals={}, created_by=actor.user_id
        ).execute()
        record_event(actor, "payout_batch", batch_id, "payout_batch_created", to_status="created")
        for planned in plan.payouts:
            try:
                with transaction():
                    sending: dict[str, Any] = {}
                    refusal = None
                    if mode == "onchain" and planned.amount_minor:
                        wallet = wallets.get(planned.vendor_id)
                        sending, refusal = _sending(planned, wallet, quotes[planned.currency], own_addresses)
                    payout_id = write_payout(batch_id, planned, sending, actor)
                    if refusal:
                        fail_payout(payout_id, refusal, actor)
            except Exception as error:  # one vendor must not stop the others
                require_database(error)
                failures[planned.vendor_id, planned.currency] = f"{type(error).__name__}: {error}"
            else:
                written.append(planned)
        totals = batch_totals(PayoutPlan(tuple(written)))
        PayoutBatch.update(totals=totals).where(PayoutBatch.id == batch_id).execute()
        if not written:
            batch_savepoint.rollback()
    set_vendors_aside(failures)
    for planned in written:
        forget_failure(VENDOR_QUEUE, vendor_item((planned.vendor_id, planned.currency)))
    return batch_id if written else None


def set_vendors_aside(failures: Mapping[tuple[int, str], str]) -> None:
    """Record why vendors, by (vendor, currency), cannot be paid now; a later run tries again."""
    for balance, reason in failures.items():
        log.error("payout not opened", vendor=balance[0], currency=balance[1], reason=reason)
        set_aside(VENDOR_QUEUE, vendor_item(balance), reason)


def begin_batch(batch_id: int, actor: Actor) -> None:
    """Move a created batch to `processing`."""
    move_status(
        PayoutBatch,
        batch_id,
        BATCH_TRANSITIONS["start"],
        entity="payout_batch",
        actor=actor,
    )


def complete_payout(payout_id: int, transaction_id: str, actor: Actor, *, simulated: bool) -> bool:
    """Move a payout and its settlements to `completed`; return False if it is no longer `processing`."""
    with transaction():
        if not move_status(
            Payout,
            payout_id,
            PAYOUT_TRANSITIONS["complete"],
            entity="payout",
            actor=actor,
            transaction_id=transaction_id,
            processed_at=fn.now(),
        ):
            return False
        payout = Payout.get_by_id(payout_id)
        metadata = {"simulated": True} if simulated else {"payout": _sending_as_json(payout)}
        ids = _live_ids(payout_id)
        move_settlements(
            ids,
            SETTLEMENT_TRANSITIONS["complete"],
            actor,
            values={"transaction_id": transaction_id, "processed_at": fn.now()},
            metadata=metadata,
        )
    return True


def fail_payout(payout_id: int, reason: str, actor: Actor, *, transaction_id: str | None = None) -> bool:
    """Move a payout and its settlements to `failed` with the reason, and free its items and reserve releases.

    Return False if it is no longer `processing`.
    """
    with transaction():
        if not move_status(
            Payout,
            payout_id,
            PAYOUT_TRANSITIONS["fail"],
            entity="payout",
            actor=actor,
            reason=reason,
            failure_reason=reason,
            transaction_id=transaction_id,
            processed_at=fn.now(),
        ):
            return False
        ids = _live_ids(payout_id)
        move_settlements(
            ids,
            SETTLEMENT_TRANSITIONS["fail"],
            actor,
            reason=reason,
            values={"failure_reason": reason},
        )
        PayoutItem.update(live=False).where(PayoutItem.payout == payout_id).execute()
        ReserveRelease.update(payout_id=None).where(ReserveRelease.payout_id == payout_id).execute()
    return True


def lock_unsent(payout_id: int) -> bool:
    """Lock a processing payout; return False if a transaction was signed for it or it is no longer processing."""
    row = (
        Payout.select()
        .where((Payout.id == payout_id) & (Payout.status == PayoutStatus.PROCESSING))
        .for_update()
        .first()
    )
    signed = query(
        "SELECT 1 FROM chain_transaction_items WHERE purpose = 'payout' AND item_id = %s", [payout_id]
    )
    return row is not None and not signed


def correct_payout_hash(payout_id: int, tx_hash: str, actor: Actor) -> None:
    """Store the transaction that final blocks show as the one that paid a completed payout."""
    with transaction():
        changed = (
            Payout.update(transaction_id=tx_hash)
            .where((Payout.id == payout_id) & (Payout.status == PayoutStatus.COMPLETED))
            .execute()
        )
        if changed:
            Settlement.update(transaction_id=tx_hash).where(Settlement.id.in_(_live_ids(payout_id))).execute()
            record_event(actor, "payout", payout_id, "payout_hash_corrected", data={"txHash": tx_hash})


def finish_batch(batch_id: int, actor: Actor) -> str | None:
    """Close a batch once none of its payouts is processing; return its final status, None while it is open."""
    with transaction():
        PayoutBatch.select().where(PayoutBatch.id == batch_id).for_update().first()
        statuses = [row.status for row in Payout.select(Payout.status).where(Payout.batch == batch_id)]
        outcome = batch_outcome(statuses)
        if outcome is not None:
            move_status(
                PayoutBatch,
                batch_id,
                BATCH_TRANSITIONS[outcome],
                entity="payout_batch",
                actor=actor,
                completed_at=fn.now(),
            )
        return outcome


def reopen_payouts(payout_ids: Sequence[int], actor: Actor) -> list[int]:
    """Move payouts whose transaction a reorganisation removed to `processing`, with their settlements and batches.

    Return the ids of payouts that cannot be reopened: they had failed, and their settlements have changed since.
    """
    stuck = []
    for payout_id in payout_ids:
        with transaction():
            payout = Payout.select().where(Payout.id == payout_id).for_update().first()
            if payout is None or payout.status == "processing":
                continue
            if payout.status == "failed" and not _restore_items(payout):
                stuck.append(payout_id)
                continue
            _reopen(payout, actor)
    return stuck


def _reopen(payout: Payout, actor: Actor) -> None:
    reason = "a reorganisation removed the block"
    move_status(
        Payout,
        payout.id,
        PAYOUT_TRANSITIONS["reopen"],
        entity="payout",
        actor=actor,
        reason=reason,
        transaction_id=None,
        failure_reason=None,
        processed_at=None,
    )
    values = {"transaction_id": None, "processed_at": None, "failure_reason": None}
    move_settlements(
        _live_ids(payout.id), SETTLEMENT_TRANSITIONS["reopen"], actor, reason=reason, values=values
    )
    move_status(
        PayoutBatch,
        payout.batch_id,
        BATCH_TRANSITIONS["reopen"],
        entity="payout_batch",
        actor=actor,
        reason=reason,
        completed_at=None,
    )


def _restore_items(payout: Payout) -> bool:
    """Give a failed payout its items back if all its settlements are unchanged since it failed."""
    items = list(PayoutItem.select().where(PayoutItem.payout == payout.id))
    ids = [item.settlement_id for item in items]
    unchanged = Settlement.select().where(
        Settlement.id.in_(ids)
        & (Settlement.status == "failed")
        & (Settlement.payout_batch_id == payout.batch_id)
    )
    if payout.released_minor or unchanged.for_update().count() != len(items):
        return False
    PayoutItem.update(live=True).where(PayoutItem.payout == payout.id).execute()
    return True


def _sending(
    planned: PlannedPayout, wallet: str | None, quote: PayoutQuote, own_addresses: Collection[str]
) -> tuple[dict[str, Any], str | None]:
    """Return the columns that an on-chain payout is sent with, or the reason why it is refused."""
    if (refusal := wallet_refusal(wallet, own_addresses)) is not None or wallet is None:
        return {}, refusal
    if quote.units_per_usd is None:
        return {}, RATE_MISSING
    rate = fraction_to_decimal(quote.units_per_usd, 18)
    amount = token_units(planned.amount_minor, planned.currency, Fraction(rate), quote.token_decimals)
    if amount < 1:
        return {}, AMOUNT_TOO_SMALL
    columns = {
        "payout_wallet": wallet,
        "chain_id": quote.chain_id,
        "token_address": quote.token_address,
        "token_decimals": quote.token_decimals,
        "units_per_usd": rate,
        "rate_source": quote.rate_source,
        "rate_at": quote.rate_at,
        "amount_wei": amount,
    }
    return columns, None


def write_payout(batch_id: int, planned: PlannedPayout, sending: dict[str, Any], actor: Actor) -> int:
    """Write a payout with its items and move its settlements, which are pending and locked, to `processing`."""
    payout_id: int = Payout.insert(
        batch=batch_id,
        vendor=planned.vendor_id,
        currency=planned.currency,
        net_minor=planned.net_minor,
        reserve_percent=planned.reserve_percent,
        reserve_minor=planned.reserve_minor,
        released_minor=planned.released_minor,
        amount_minor=planned.amount_minor,
        **sending,
    ).execute()
    record_event(actor, "payout", payout_id, "payout_created", to_status="processing")
    for row in planned.rows:
        PayoutItem.insert(payout=payout_id, settlement=row.id, net_minor=row.net_minor).execute()
    ids = [row.id for row in planned.rows]
    moved = move_settlements(
        ids, SETTLEMENT_TRANSITIONS["process"], actor, values={"payout_batch_id": batch_id}
    )
    if len(moved) != len(ids):
        raise RuntimeError("a planned settlement was not pending although it was locked")
    if planned.released_minor:
        mine = (ReserveRelease.vendor == planned.vendor_id) & (ReserveRelease.currency == planned.currency)
        ReserveRelease.update(payout_id=payout_id).where(mine & ReserveRelease.payout_id.is_null()).execute()
    return payout_id


def _live_ids(payout_id: int) -> list[int]:
    rows = PayoutItem.select().where((PayoutItem.payout == payout_id) & PayoutItem.live)
    return [item.settlement_id for item in rows]


def move_settlements(
    ids: Sequence[int],
    transition: Transition,
    actor: Actor,
    *,
    reason: str | None = None,
    values: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
) -> list[int]:
    """Apply a transition to settlements, with one event each; return the moved ids. Metadata is merged."""
    changes: dict[Any, Any] = {"status": transition.to_status, "updated_at": fn.now(), **(values or {})}
    if metadata:
        changes["metadata"] = Settlement.metadata.concat(metadata)
    moved: list[int] = []
    with transaction():
        for from_status in transition.from_statuses:
            rows = list(
                Settlement.update(changes)
                .where(Settlement.id.in_(list(ids)) & (Settlement.status == from_status))
                .returning(Settlement.id, Settlement.order_reference)
                .execute()
            )
            for row in rows:
                record_event(
                    actor,
                    "settlement",
                    row.id,
                    transition.event,
                    from_status=from_status,
                    to_status=transition.to_status,
                    reason=reason,
                    order_reference=row.order_reference,
                )
            moved += [row.id for row in rows]
    return moved


def _sending_as_json(payout: Payout) -> dict[str, Any]:
    def text(value: Decimal | None) -> str | None:
        return None if value is None else f"{value.normalize():f}"

    return {
        "payoutId": payout.id,
        "amountWei": None if payout.amount_wei is None else str(payout.amount_wei),
        "tokenAddress": payout.token_address,
        "unitsPerUsd": text(payout.units_per_usd),
        "rateSource": payout.rate_source,
        "rateAt": payout.rate_at and payout.rate_at.isoformat(),
    }
