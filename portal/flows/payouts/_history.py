"""Compare the payout contract's history with the payouts: heal what is known, stop at what is not.

See docs/rules/payouts.md.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress

from portal.chain.contract.proofs import ProvenPayment, prove_payments
from portal.chain.contract.rewards import PaidEvent
from portal.chain.errors import StateUnavailable
from portal.chain.sending import sender
from portal.chain.sending.event_audit import LATE_LOGS_BLOCKS, audit_events, is_audit_due
from portal.chain.sending.operations import Waiting
from portal.chain.state import recall, remember
from portal.commissions import payouts
from portal.commissions.foreign_payments import (
    SettlementsNotAdoptable,
    adopt_foreign,
    count_unknown,
    forget_foreign,
    is_payout_wallet_of,
    list_foreign,
    list_vanished,
    record_foreign,
)
from portal.commissions.payout_references import Claim, find_claims, match_references, settlement_ids_of
from portal.commissions.payout_rules import PlannedPayout
from portal.flows.payouts._context import PAYOUT_PURPOSES, PayoutRound
from portal.flows.payouts._contract_payments import alert_payment, heal_paid
from portal.flows.payouts._owed import RateAway, find_owed

HISTORY_UNKNOWN = "treasury_history_unknown"


def audit_before_sending(context: PayoutRound) -> None:
    """Read the whole history before anything is sent; raise Waiting while a payment in it is not known.

    Every round is a new epoch, so a copy of this portal with the same key is noticed before each payment.
    """
    if not audit_history(context):
        raise Waiting(
            "history_unread", f"the contract's events up to block {context.finalized.number} are read"
        )
    require_known_history(context)
    _require_no_recent(context)


def require_known_history(context: PayoutRound) -> None:
    """Raise Waiting while a payment of the contract is neither a payout's nor adopted."""
    if unknown := count_unknown(context.contract.address):
        raise Waiting(HISTORY_UNKNOWN, f"{unknown} payments of the contract are not known here")


def audit_when_due(context: PayoutRound) -> None:
    """Audit once a minute, whether or not anything is paid."""
    if is_audit_due(context, context.contract):
        audit_history(context)


def audit_history(context: PayoutRound) -> bool:
    """Compare the events up to the finalized block; return whether that block was reached."""

    def compare(events: Sequence[PaidEvent], start: int, end: int) -> None:
        _compare_events(context, events)
        _reopen_vanished(context, {event.order_ref for event in events}, start, end)

    def recorded(block: int) -> list[tuple[int, str]]:
        chain_id, address = context.chain.chain_id, context.contract.address
        sent = sender.list_settled_payments(chain_id, address, 0, block - 1, purpose="payout")
        foreign = list_vanished(address, 0, block - 1, ())
        return [(at, ref) for _, _, ref, at in sent] + [(row.block_number, row.order_ref) for row in foreign]

    return audit_events(context, context.contract, compare, recorded, overlap=LATE_LOGS_BLOCKS)


def _require_no_recent(context: PayoutRound) -> None:
    """Raise Waiting while a payment or transaction of another sender is not final yet."""
    events = context.contract.paid_events(context.node, context.finalized.number + 1, context.latest.number)
    refs = {event.order_ref for event in events}
    known = (
        find_claims(context.contract.address, refs).keys()
        | list_foreign(context.contract.address, refs).keys()
    )
    if refs - known:
        raise Waiting(HISTORY_UNKNOWN, "a payment of the contract that is not known here is not final yet")
    account = context.key.address
    if context.nonce <= sender.highest_nonce(context.chain.chain_id, account) + 1:
        return
    if context.node.nonce(account, context.finalized.number) < context.nonce:
        raise Waiting(
            HISTORY_UNKNOWN, "a transaction of the operator that is not known here is not final yet"
        )
    left = _final_since(context) + LATE_LOGS_BLOCKS - context.finalized.number
    if left > 0:
        raise Waiting(
            "history_unread",
            f"the events of a final transaction that is not known here may come late: {left} blocks are awaited",
        )


def _final_since(context: PayoutRound) -> int:
    """Return a final block in which the operator had its present nonce: an old one, or that in which it was noticed."""
    earlier = max(0, context.finalized.number - LATE_LOGS_BLOCKS)
    with suppress(StateUnavailable):
        if context.node.nonce(context.key.address, earlier) == context.nonce:
            return earlier
    name, nonce = f"payout_nonce:{context.chain.chain_id}:{context.key.address}", str(context.nonce)
    state = recall(name)
    if state is not None and state[0]["code"] == nonce and state[0]["block"] <= context.finalized.number:
        return int(state[0]["block"])
    remember(name, {"code": nonce, "block": context.finalized.number})
    return context.finalized.number


def _compare_events(context: PayoutRound, events: Sequence[PaidEvent]) -> None:
    refs = {event.order_ref for event in events}
    claims = find_claims(context.contract.address, refs)
    foreign = list_foreign(context.contract.address, refs)
    unsettled: list[str] = []
    strange: list[PaidEvent] = []
    for event in events:
        claim = claims.get(event.order_ref)
        if claim is not None and claim.status == "completed":
            _compare_completed(context, claim, event)
        elif claim is not None and claim.status == "processing":
            # The transaction of an open one is settled by its own receipt.
            if claim.is_open:
                continue
            if claim.is_signed or claim.pays(event.wallet, event.amount) or event.order_ref in foreign:
                unsettled.append(event.order_ref)
            else:
                strange.append(event)
        elif event.order_ref not in foreign and not _is_decided(claim, event):
            strange.append(event)
    if unsettled:
        heal_paid(
            context, prove_payments(context.node, context.contract, unsettled, context.finalized.number)
        )
    if strange:
        _adopt_known(context, strange, claims)


def _is_decided(claim: Claim | None, event: PaidEvent) -> bool:
    """Return whether a payout already failed because of this very payment."""
    return claim is not None and claim.status == "failed" and claim.transaction_id == event.tx_hash


def _compare_completed(context: PayoutRound, claim: Claim, event: PaidEvent) -> None:
    if not claim.pays(event.wallet, event.amount):
        alert_payment("paid_differently", event)
    if claim.transaction_id != event.tx_hash:
        with context.leader.writing():
            payouts.correct_payout_hash(claim.payout_id, event.tx_hash, context.actor)


def _adopt_known(context: PayoutRound, events: Sequence[PaidEvent], claims: dict[str, Claim]) -> None:
    """Complete the settlements that references stand for and that were paid as owed; the rest waits for an admin."""
    refs = [event.order_ref for event in events]
    proofs = prove_payments(context.node, context.contract, refs, context.finalized.number)
    matches = match_references(refs)
    matches |= {ref: settlement_ids_of(claim.payout_id) for ref, claim in claims.items() if ref in refs}
    for event in events:
        ids, proof = matches.get(event.order_ref), proofs.get(event.order_ref)
        owed = None
        if ids and proof and _is_to_vendor(context, proof, claims.get(event.order_ref), ids):
            owed = _find_owed(context, event, ids)
        with context.leader.writing():
            payment_id = record_foreign(context.seen(event))
        if owed is None or not _adopt(context, payment_id, owed):
            alert_payment("payout_unknown", event)


def _is_to_vendor(
    context: PayoutRound, proof: ProvenPayment, claim: Claim | None, settlement_ids: list[int]
) -> bool:
    """Return whether the payout token moved to the wallet that the settlements' money belongs to."""
    wallet = proof.event.wallet
    is_known = claim.wallet == wallet if claim is not None else is_payout_wallet_of(settlement_ids, wallet)
    return is_known and proof.is_delivered and proof.token == context.treasury.token.address


def _find_owed(context: PayoutRound, event: PaidEvent, ids: list[int]) -> PlannedPayout | None:
    token = context.treasury.token
    try:
        return find_owed(context.node, token, context.read_rate, ids, event.amount, event.block_number)
    except RateAway as error:
        raise Waiting("history_unread", str(error)) from None


def _adopt(context: PayoutRound, payment_id: int, owed: PlannedPayout) -> bool:
    token = context.treasury.token
    ids = [row.id for row in owed.rows]
    try:
        decimals = token.decimals(context.node)
        with context.leader.writing():
            adopt_foreign(
                payment_id,
                ids,
                (token.address, decimals),
                context.actor,
                with_released=owed.released_minor > 0,
            )
    except SettlementsNotAdoptable:
        return False
    return True


def _reopen_vanished(context: PayoutRound, seen: Collection[str], start: int, end: int) -> None:
    """Reopen payouts that are recorded as paid in these blocks but are no longer on the chain."""
    chain_id, address = context.chain.chain_id, context.contract.address
    recorded = sender.list_settled_payments(chain_id, address, start, end, purpose="payout")
    sent = {ref: transaction_id for transaction_id, _, ref, _ in recorded if ref not in seen}
    foreign = {row.order_ref: row for row in list_vanished(address, start, end, seen)}
    refs = sorted(sent.keys() | foreign.keys())
    flags = context.contract.paid(context.node, refs, context.finalized.number)
    lost = {ref for ref, flag in zip(refs, flags, strict=True) if not flag}
    if not lost:
        return
    with context.leader.writing():
        context.reopen(sender.reopen(sorted({sent[ref] for ref in lost & sent.keys()}), PAYOUT_PURPOSES))
        for ref in lost & foreign.keys():
            payout_id = foreign[ref].payout_id
            forget_foreign(foreign[ref])
            context.reopen([payout_id] if payout_id else [])
