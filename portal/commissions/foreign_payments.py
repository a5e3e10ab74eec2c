"""Payments of the payout contract that this database did not send: after a restore, or by a copy of this portal.

See docs/rules/payouts.md.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from peewee import fn

from models import ForeignPayment, MerchantConfig, Payout, PayoutBatch, PayoutItem, Settlement, Vendor
from portal.commissions.payout_decisions import retry_settlement
from portal.commissions.payout_plans import payout_terms
from portal.commissions.payout_references import settlement_ids_of
from portal.commissions.payout_rules import DueRow, PayoutPlan, PayoutTerms, PlannedPayout, batch_totals
from portal.commissions.payouts import (
    begin_batch,
    complete_payout,
    fail_payout,
    finish_batch,
    lock_payouts,
    lock_unsent,
    write_payout,
)
from portal.commissions.status_rules import SETTLEMENT_TRANSITIONS, SettlementStatus
from portal.db import Actor, move_status, query, record_event, transaction
from portal.lib.errors import PortalError

WITHDRAWN = "payout_withdrawn"
_MOST_SHOWN = 50
_ADOPTABLE = (SettlementStatus.PENDING, SettlementStatus.FAILED, SettlementStatus.HELD)


class ForeignPaymentUnknown(PortalError):
    """There is no unknown payment with this id, or it was adopted."""

    code = "foreign_payment_unknown"


class SettlementsNotAdoptable(PortalError):
    """The settlements are not unpaid ones of one vendor in one currency, or a store collected their money."""

    code = "settlements_not_adoptable"


class SettlementsMissing(PortalError):
    """Neither settlements are named, nor is it said that the payment paid none."""

    code = "settlements_missing"


@dataclass(frozen=True)
class SeenPayment:
    """A final payment on chain, in base units of the token."""

    chain_id: int
    contract_address: str
    order_ref: str
    wallet: str
    amount_wei: int
    tx_hash: str
    block_number: int


def record_foreign(seen: SeenPayment, payout_id: int | None = None) -> int:
    """Store a payment that this database did not send, once per reference, and return its id.

    With the payout that it completed it counts as adopted.
    """
    values = {name: getattr(seen, name) for name in SeenPayment.__dataclass_fields__}
    if payout_id is not None:
        values |= {"payout": payout_id, "adopted_at": fn.clock_timestamp()}
    ForeignPayment.insert(**values).on_conflict_ignore().execute()
    row_id: int = _of_reference(seen.contract_address, [seen.order_ref])[0].id
    return row_id


def list_foreign(contract_address: str, order_refs: Collection[str]) -> dict[str, ForeignPayment]:
    """Return the stored payments of a contract by reference."""
    return {row.order_ref: row for row in _of_reference(contract_address, order_refs)}


def list_unknown() -> list[ForeignPayment]:
    """Return the oldest payments that are not adopted, at most 50."""
    rows = ForeignPayment.select().where(ForeignPayment.adopted_at.is_null())
    return list(rows.order_by(ForeignPayment.id).limit(_MOST_SHOWN))


def find_unknown(payment_id: int) -> ForeignPayment:
    """Return a payment that is not adopted; raise ForeignPaymentUnknown."""
    row: ForeignPayment | None = ForeignPayment.get_or_none(
        (ForeignPayment.id == payment_id) & ForeignPayment.adopted_at.is_null()
    )
    if row is None:
        raise ForeignPaymentUnknown
    return row


def count_unknown(contract_address: str | None = None) -> int:
    """Count the payments that are not adopted, of one contract where given."""
    rows = ForeignPayment.select().where(ForeignPayment.adopted_at.is_null())
    if contract_address is not None:
        rows = rows.where(ForeignPayment.contract_address == contract_address)
    return int(rows.count())


def list_vanished(
    contract_address: str, first: int, last: int, seen: Collection[str]
) -> list[ForeignPayment]:
    """Return the stored payments of a range of blocks whose references are not among the events seen there."""
    rows = ForeignPayment.select().where(
        (ForeignPayment.contract_address == contract_address)
        & ForeignPayment.block_number.between(first, last)
    )
    return [row for row in rows if row.order_ref not in seen]


def forget_foreign(row: ForeignPayment) -> None:
    """Delete a payment that the chain does not have any more."""
    ForeignPayment.delete().where(ForeignPayment.id == row.id).execute()


def list_adoptable(wallet: str) -> list[Settlement]:
    """Return the unpaid settlements of the vendors with a payout wallet, oldest first, at most 50."""
    vendors = MerchantConfig.select(MerchantConfig.vendor).where(MerchantConfig.payout_wallet == wallet)
    earlier = Payout.select(Payout.vendor).where(Payout.payout_wallet == wallet)
    rows = Settlement.select(Settlement, Vendor).join(Vendor)
    rows = rows.where(
        Settlement.status.in_(_ADOPTABLE)
        & (Settlement.collected_by == "platform")
        & (Settlement.vendor.in_(vendors) | Settlement.vendor.in_(earlier))
    )
    return list(rows.order_by(Settlement.id).limit(_MOST_SHOWN))


def is_payout_wallet_of(settlement_ids: Collection[int], wallet: str) -> bool:
    """Return whether a wallet is, or was in an earlier payout, the one of the vendor of settlements."""
    vendors = Settlement.select(Settlement.vendor).where(Settlement.id.in_(list(settlement_ids)))
    present = MerchantConfig.select().where(
        MerchantConfig.vendor.in_(vendors) & (MerchantConfig.payout_wallet == wallet)
    )
    earlier = Payout.select().where(Payout.vendor.in_(vendors) & (Payout.payout_wallet == wallet))
    return present.exists() or earlier.exists()


def possible_payouts(settlement_ids: Collection[int]) -> list[PlannedPayout]:
    """Return the payouts that settlements make alone and with their vendor's released reserve.

    The reserve counts while no payout includes it, or only one for which nothing was sent. Returns nothing for
    settlements of several vendors or currencies.
    """
    ids = sorted(settlement_ids)
    rows = list(Settlement.select().where(Settlement.id.in_(ids)).order_by(Settlement.id))
    owners = {(row.vendor_id, row.currency) for row in rows}
    if len(rows) != len(ids) or len(owners) != 1:
        return []
    ((vendor_id, currency),) = owners
    released = query(
        "SELECT coalesce(sum(amount_minor), 0)::bigint FROM reserve_releases WHERE vendor_id = %s AND currency = %s"
        " AND (payout_id IS NULL OR payout_id IN (SELECT p.id FROM payouts p JOIN payout_items i ON i.payout_id = p.id"
        "  WHERE i.settlement_id = ANY(%s) AND i.live AND p.status = 'processing'))",
        [vendor_id, currency, ids],
    )[0][0]
    due = tuple(DueRow(row.id, vendor_id, currency, row.net_payout_minor) for row in rows)
    percent = payout_terms([vendor_id]).get(vendor_id, PayoutTerms()).reserve_percent
    payouts = [PlannedPayout(vendor_id, currency, due, percent, minor) for minor in sorted({0, released})]
    return [planned for planned in payouts if planned.amount_minor > 0]


def adopt_foreign(
    payment_id: int,
    settlement_ids: Collection[int],
    token: tuple[str, int],
    actor: Actor,
    *,
    with_released: bool = False,
) -> int | None:
    """Adopt a payment as that of settlements, which become `completed`; return the payout's id.

    Without settlements the payment is only known from now on. `token` is the payout token's address and decimals;
    `with_released` says that the vendor's released reserve was paid with it. Raises ForeignPaymentUnknown or
    SettlementsNotAdoptable.
    """
    with transaction():
        lock_payouts()
        row = ForeignPayment.select().where(ForeignPayment.id == payment_id).for_update().first()
        if row is None or row.adopted_at is not None:
            raise ForeignPaymentUnknown
        payout_id = None
        if settlement_ids:
            payout_id = _write_paid(row, sorted(settlement_ids), token, actor, with_released=with_released)
        ForeignPayment.update(adopted_at=fn.clock_timestamp(), payout=payout_id).where(
            ForeignPayment.id == row.id
        ).execute()
        record_event(
            actor,
            "foreign_payment",
            row.id,
            "foreign_payment_adopted",
            data={"txHash": row.tx_hash, "orderRef": row.order_ref, "settlements": sorted(settlement_ids)},
        )
    return payout_id


def _write_paid(
    row: ForeignPayment, ids: list[int], token: tuple[str, int], actor: Actor, *, with_released: bool
) -> int:
    """Write a batch with one payout that the payment completed."""
    _withdraw_unsent(ids, actor)
    settlements = list(Settlement.select().where(Settlement.id.in_(ids)).order_by(Settlement.id).for_update())
    possible = possible_payouts(ids)
    if not possible:
        raise SettlementsNotAdoptable(field="settlements")
    for settlement in settlements:
        _make_pending(settlement, actor)
    planned = possible[-1 if with_released else 0]
    batch_id: int = PayoutBatch.insert(
        mode="onchain", totals=batch_totals(PayoutPlan((planned,))), created_by=actor.user_id
    ).execute()
    record_event(actor, "payout_batch", batch_id, "payout_batch_created", to_status="created")
    sending = {
        "payout_wallet": row.wallet,
        "chain_id": row.chain_id,
        "token_address": token[0],
        "token_decimals": token[1],
        "amount_wei": row.amount_wei,
        "contract_address": row.contract_address,
        "order_ref": row.order_ref,
    }
    payout_id = write_payout(batch_id, planned, sending, actor)
    begin_batch(batch_id, actor)
    complete_payout(payout_id, row.tx_hash, actor, simulated=False)
    finish_batch(batch_id, actor)
    return payout_id


def _withdraw_unsent(ids: list[int], actor: Actor) -> None:
    """Take settlements out of payouts for which nothing was signed; their other settlements are due again."""
    items = (
        PayoutItem.select(PayoutItem.payout)
        .join(Payout)
        .where(PayoutItem.settlement.in_(ids) & PayoutItem.live & (Payout.status == "processing"))
    )
    for payout_id in sorted({item.payout_id for item in items}):
        if not lock_unsent(payout_id):
            raise SettlementsNotAdoptable(field="settlements")
        fail_payout(payout_id, WITHDRAWN, actor)
        finish_batch(Payout.get_by_id(payout_id).batch_id, actor)
        for settlement_id in settlement_ids_of(payout_id):
            retry_settlement(settlement_id, actor)


def _make_pending(settlement: Settlement, actor: Actor) -> None:
    if settlement.status not in _ADOPTABLE or settlement.collected_by != "platform":
        raise SettlementsNotAdoptable(field="settlements")
    verb = {"failed": "retry", "held": "release"}.get(settlement.status)
    if verb:
        move_status(
            Settlement,
            settlement.id,
            SETTLEMENT_TRANSITIONS[verb],
            entity="settlement",
            actor=actor,
            payout_batch_id=None,
            transaction_id=None,
            failure_reason=None,
        )


def _of_reference(contract_address: str, order_refs: Collection[str]) -> list[ForeignPayment]:
    rows = ForeignPayment.select().where(
        (ForeignPayment.contract_address == contract_address) & ForeignPayment.order_ref.in_(list(order_refs))
    )
    return list(rows)
