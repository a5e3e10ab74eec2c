"""Admin decisions about settlements and reserves: hold, release, retry. See docs/rules/payouts.md."""

from __future__ import annotations

from models import PayoutBatch, ReserveRelease, Settlement
from portal.commissions.payout_queries import get_batch, list_reserves
from portal.commissions.payout_rules import DOUBTFUL
from portal.commissions.payouts import lock_payouts
from portal.commissions.status_rules import SETTLEMENT_TRANSITIONS, SettlementStatus
from portal.db import Actor, move_status, record_event, transaction
from portal.lib.errors import PortalError
from portal.lib.money import InvalidAmount, parse_amount
from portal.lib.texts import clean_text

_REASON_MAX = 500


class SettlementUnknown(PortalError):
    """There is no settlement with this id."""

    code = "settlement_unknown"


class SettlementStatusConflict(PortalError):
    """The status of the settlement, in `state`, does not allow this decision."""

    code = "settlement_status_conflict"


class SettlementUnpayable(PortalError):
    """The commissions of the held sale exceed it, so that it can never be paid."""

    code = "settlement_unpayable"


class HoldReasonMissing(PortalError):
    """The decision needs a reason of at most `at_most` characters."""

    code = "hold_reason_missing"


class ReserveShort(PortalError):
    """The amount exceeds the reserve."""

    code = "reserve_short"


def get_settlement(settlement_id: int) -> Settlement:
    """Return a settlement; raise SettlementUnknown."""
    settlement = Settlement.get_or_none(Settlement.id == settlement_id) if 0 < settlement_id < 2**63 else None
    if settlement is None:
        raise SettlementUnknown
    return settlement


def hold_settlement(settlement_id: int, reason: str, actor: Actor) -> None:
    """Exclude a settlement from payouts until it is released; raise SettlementStatusConflict, HoldReasonMissing."""
    cleaned = clean_reason(reason)
    get_settlement(settlement_id)
    _move(settlement_id, "hold", actor, cleaned, cleaned)


def release_settlement(settlement_id: int, reason: str, actor: Actor) -> None:
    """Release a held settlement for payout.

    Raises SettlementUnknown, SettlementUnpayable, SettlementStatusConflict or HoldReasonMissing.
    """
    cleaned = clean_reason(reason)
    settlement = get_settlement(settlement_id)
    if settlement.kind == "sale" and settlement.net_payout_minor < 0:
        raise SettlementUnpayable
    _move(settlement_id, "release", actor, cleaned, None)


def retry_settlement(settlement_id: int, actor: Actor) -> None:
    """Move a failed settlement back to pending for the next run; raise SettlementStatusConflict."""
    get_settlement(settlement_id)
    _move(settlement_id, "retry", actor, None, None)


def retry_batch(batch_id: int, actor: Actor) -> int:
    """Move the settlements that failed in a batch back to pending, unless they may have been paid; return how many."""
    batch: PayoutBatch = get_batch(batch_id)
    failed = Settlement.select().where(
        (Settlement.payout_batch_id == batch.id)
        & (Settlement.status == SettlementStatus.FAILED)
        & Settlement.failure_reason.not_in(DOUBTFUL)
    )
    count = 0
    for row in failed.order_by(Settlement.id):
        count += _try_move(row.id, "retry", actor, None, None)
    return count


def release_reserve(
    vendor_id: int, currency: str, amount: str, reason: str, actor: Actor, *, key: str | None
) -> bool:
    """Release part of a vendor's reserve with the next payout; return False if `key` was already used.

    Raises InvalidAmount, HoldReasonMissing, or ReserveShort for more than the reserve.
    """
    cleaned = clean_reason(reason)
    minor = parse_amount(amount, currency)
    if minor <= 0:
        raise InvalidAmount(field="amount")
    with transaction():
        lock_payouts()
        if key and ReserveRelease.select().where(ReserveRelease.idempotency_key == key).exists():
            return False
        balances = {(row.vendor_id, row.currency): row.balance_minor for row in list_reserves([vendor_id])}
        if minor > balances.get((vendor_id, currency), 0):
            raise ReserveShort(field="amount")
        release_id = ReserveRelease.insert(
            vendor=vendor_id,
            currency=currency,
            amount_minor=minor,
            reason=cleaned,
            idempotency_key=key,
            created_by=actor.user_id,
        ).execute()
        record_event(
            actor,
            "reserve",
            f"{vendor_id}:{currency}",
            "reserve_released",
            reason=cleaned,
            data={"releaseId": release_id, "amountMinor": minor},
        )
    return True


def clean_reason(reason: str) -> str:
    """Return a reason in normal form; raise CharacterRefused, or HoldReasonMissing if it is empty or too long."""
    cleaned = clean_text(reason, "reason")
    if not cleaned or len(cleaned) > _REASON_MAX:
        raise HoldReasonMissing(field="reason", at_most=_REASON_MAX)
    return cleaned


def _move(
    settlement_id: int,
    verb: str,
    actor: Actor,
    reason: str | None,
    failure_reason: str | None,
) -> None:
    if not _try_move(settlement_id, verb, actor, reason, failure_reason):
        raise SettlementStatusConflict(state=get_settlement(settlement_id).status)


def _try_move(
    settlement_id: int,
    verb: str,
    actor: Actor,
    reason: str | None,
    failure_reason: str | None,
) -> bool:
    return move_status(
        Settlement,
        settlement_id,
        SETTLEMENT_TRANSITIONS[verb],
        entity="settlement",
        actor=actor,
        reason=reason,
        payout_batch_id=None,
        transaction_id=None,
        failure_reason=failure_reason,
    )
