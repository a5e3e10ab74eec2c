"""Audit: compare the payments on chain with the reward ledger, from the last audited block on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.chain import AnyChain, Chain, audits, order_ref
from portal.chain.contract.proofs import ProvenPayment, prove_payments
from portal.chain.contract.rewards import PaidEvent
from portal.chain.sending import sender
from portal.chain.sending.event_audit import AUDIT_EVERY_SECONDS, audit_events, is_audit_due
from portal.chain.state import count_in_alert, raise_alert, recall, remember
from portal.db import database_now, query
from portal.flows.minting._context import REWARD_PURPOSES, MintRound, Owed, judge_payments
from portal.flows.minting._setting_aside import work_together
from portal.rewards import RewardStatus, minting
from portal.rewards.errors import USED_REFERENCE
from portal.rewards.mintable import PAYMENT_AMOUNT, PAYMENT_REFERENCE


@dataclass(frozen=True)
class _Payment:
    """A payment that the ledger owes or has made, for comparison with its event."""

    id: int
    status: str
    tx_hash: str | None
    recipient: str
    amount_wei: int
    failure_reason: str | None
    payment_reference: str

    @property
    def is_unsettled(self) -> bool:
        """Return whether the reward waits or failed, and its reference is not known to be used up."""
        is_open = self.status in (RewardStatus.APPROVED, RewardStatus.FAILED)
        return is_open and self.failure_reason not in USED_REFERENCE


def audit_before_sending(work: MintRound) -> None:
    """Audit first if another leader audited last, or if the database was restored from a backup."""
    mark = audits.find_mark(work.chain.chain_id, work.contract.address)
    if mark is None or mark.epoch != work.leader.epoch:
        audit(work)


def audit_when_due(work: MintRound) -> None:
    """Audit after something was settled, once a minute, and in every round until it has caught up."""
    if work.settled or is_audit_due(work, work.contract):
        audit(work)


def is_idle(chain: AnyChain) -> bool:
    """Return whether a round has nothing to do: no mintable or open reward, and an audit younger than a minute."""
    if (
        not isinstance(chain, Chain)
        or minting.count_mintable(chain.chain_id)[0]
        or sender.has_open(chain.chain_id)
    ):
        return False
    mark = audits.find_mark(chain.chain_id, chain.contract.address)
    return mark is not None and mark.age_seconds < AUDIT_EVERY_SECONDS


def audit(work: MintRound) -> None:
    """Compare `ReferralPaid` events up to the finalized block with the ledger."""

    _revisit_unproven(work)

    def compare(events: Sequence[PaidEvent], start: int, end: int) -> None:
        _compare_events(work, events)
        _compare_records(work, {event.order_ref for event in events}, start, end)

    def recorded(block: int) -> list[tuple[int, str]]:
        payments = sender.list_settled_payments(work.chain.chain_id, work.contract.address, 0, block - 1)
        return [(at, ref) for _, _, ref, at in payments]

    audit_events(work, work.contract, compare, recorded)


def _compare_events(work: MintRound, events: Sequence[PaidEvent]) -> None:
    """Correct every reward that a final event proves paid; raise an alert where no transition is allowed."""
    ids = _rewards_of([event.order_ref for event in events])
    payments = _payments(list(ids.values()))
    unsettled: dict[str, _Payment] = {}
    _report_unknown(work, [event for event in events if ids.get(event.order_ref) not in payments])
    for event in events:
        payment = payments.get(ids.get(event.order_ref, 0))
        if payment is None:
            continue
        if order_ref(payment.payment_reference) != event.order_ref:
            continue  # An earlier payment of a reward, which a later one completes.
        if payment.is_unsettled:
            unsettled[event.order_ref] = payment
        elif payment.status not in (RewardStatus.APPROVED, RewardStatus.FAILED):
            work_together(
                [(payment, event)], lambda pair: pair[0].id, lambda pairs: _compare_decided(work, *pairs[0])
            )
    unproven = _heal_proven(work, unsettled)
    if unproven:
        refs, _ = _recall_unproven(work)
        _remember_unproven(work, [*refs, *unproven])


def _heal_proven(work: MintRound, unsettled: Mapping[str, _Payment]) -> list[str]:
    """Correct the rewards whose payment is proven; return the references for which no node has the proof now."""
    if not unsettled:
        return []
    proofs = prove_payments(work.node, work.contract, list(unsettled), work.finalized.number)
    heal_paid(work, {unsettled[ref].id: (unsettled[ref], proof) for ref, proof in proofs.items()})
    return [ref for ref in unsettled if ref not in proofs]


def _revisit_unproven(work: MintRound) -> None:
    """Try once a minute to prove payments whose blocks were audited while the node lacked their receipts."""
    refs, since = _recall_unproven(work)
    if not refs or since is None or database_now() - since < timedelta(seconds=AUDIT_EVERY_SECONDS):
        return
    ids = _rewards_of(refs)
    payments = _payments(list(ids.values()))
    unsettled = {
        ref: payment
        for ref in refs
        if (payment := payments.get(ids.get(ref, 0)))
        and payment.is_unsettled
        and order_ref(payment.payment_reference) == ref
    }
    unproven = _heal_proven(work, unsettled)
    for ref in unproven:
        raise_alert("payment_event_missing", ref, contract=work.contract.address)
    _remember_unproven(work, unproven)


def _recall_unproven(work: MintRound) -> tuple[list[str], datetime | None]:
    state = recall(_unproven_name(work))
    return (state[0]["order_refs"], state[1]) if state else ([], None)


def _remember_unproven(work: MintRound, refs: Collection[str]) -> None:
    # Another code is another time of the last attempt.
    value = {"code": database_now().isoformat(), "order_refs": sorted(set(refs))}
    with work.leader.writing():
        remember(_unproven_name(work), value)


def _unproven_name(work: MintRound) -> str:
    return f"mint_unproven:{work.chain.chain_id}:{work.contract.address}"


def _payments(reward_ids: Sequence[int]) -> dict[int, _Payment]:
    rows = query(
        f"SELECT r.id, r.status, r.tx_hash, r.referrer_wallet, coalesce({PAYMENT_AMOUNT}, 0)::numeric,"  # noqa: S608
        f" r.failure_reason, {PAYMENT_REFERENCE} FROM referral_rewards r WHERE r.id = ANY(%s)",
        [list(reward_ids)],
    )
    return {row[0]: _Payment(row[0], row[1], row[2], row[3], int(row[4]), row[5], row[6]) for row in rows}


def _compare_decided(work: MintRound, payment: _Payment, event: PaidEvent) -> None:
    if payment.status == RewardStatus.MINTED:
        if (payment.recipient, payment.amount_wei) != (event.wallet, event.amount):
            _alert("paid_differently", event.order_ref, event)
        if payment.tx_hash != event.tx_hash:
            with work.leader.writing():
                minting.correct_tx_hash(payment.id, event.tx_hash, work.actor)
    elif payment.status in (RewardStatus.PENDING_APPROVAL, RewardStatus.REJECTED):
        _alert("paid_unapproved", payment.payment_reference, event)


def _report_unknown(work: MintRound, events: Sequence[PaidEvent]) -> None:
    """Count payments that belong to no reward here in one alert of the contract, which shows the last of them."""
    if events:
        last = events[-1]
        count_in_alert(
            "paid_unknown",
            work.contract.address,
            last.block_number,
            len(events),
            order_ref=last.order_ref,
            tx_hash=last.tx_hash,
            wallet=last.wallet,
            wei=str(last.amount),
        )


def _alert(kind: str, subject: str, event: PaidEvent) -> None:
    raise_alert(kind, subject, tx_hash=event.tx_hash, wallet=event.wallet, wei=str(event.amount))


def heal_paid(work: MintRound, payments: Mapping[int, tuple[Owed, ProvenPayment]]) -> None:
    """Move approved and failed rewards by what final events prove, through each status in between.

    Paid as owed becomes `minted`; paid otherwise becomes `failed`, because the reference cannot be paid again.
    """
    if payments:
        work_together(list(payments), int, lambda ids: _heal(work, {i: payments[i] for i in ids}))


def _heal(work: MintRound, payments: Mapping[int, tuple[Owed, ProvenPayment]]) -> None:
    verdict = judge_payments(payments)
    token, _ = work.contract.token_and_mode(work.node, "latest")
    with work.leader.writing():
        claimed = {
            reward.id
            for claim in (minting.claim_paid, minting.claim_failed_paid)
            for reward in claim(list(payments), chain_id=work.chain.chain_id, token=token, actor=work.actor)
        }
        verdict = verdict.among(claimed)
        work.record_minted(verdict.minted)
        work.record_differences(verdict)


def _rewards_of(order_refs: Sequence[str]) -> dict[str, int]:
    """Return reward ids by on-chain reference: from our transactions, otherwise by hashing rewards never sent."""
    ids: dict[str, int] = dict(
        query(
            "SELECT order_ref, max(item_id) FROM chain_transaction_items"
            " WHERE order_ref = ANY(%s) AND purpose = 'reward' GROUP BY order_ref",
            [list(order_refs)],
        )
    )
    missing = set(order_refs) - ids.keys()
    if missing:
        unsent = query(
            f"SELECT r.id, {PAYMENT_REFERENCE} FROM referral_rewards r WHERE NOT EXISTS ("  # noqa: S608
            "SELECT 1 FROM chain_transaction_items i WHERE i.purpose = 'reward' AND i.item_id = r.id)"
        )
        ids |= {ref: row[0] for row in unsent if (ref := order_ref(row[1])) in missing}
    return ids


def _compare_records(work: MintRound, seen: set[str], start: int, end: int) -> None:
    """Reopen transactions that our records call paid in these blocks but the chain does not."""
    recorded = sender.list_settled_payments(work.chain.chain_id, work.contract.address, start, end)
    doubtful = [(transaction_id, ref) for transaction_id, _, ref, _ in recorded if ref not in seen]
    if not doubtful:
        return
    refs = [ref for _, ref in doubtful]
    paid = work.contract.paid_until(work.node, refs, work.finalized.number, work.latest.number)
    lost = sorted(
        {transaction_id for (transaction_id, _), flag in zip(doubtful, paid, strict=True) if not flag}
    )
    if lost:
        with work.leader.writing():
            minting.reopen_minted(sender.reopen(lost, REWARD_PURPOSES), work.actor)
