"""Make, confirm, decline and expire proposals. See docs/rules/second_admin.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from peewee import SQL, fn

from models import Proposal
from portal.db import SYSTEM, Actor, move_status, record_event, transaction
from portal.lib.texts import clean_line
from portal.proposals.errors import (
    DeclineReasonMissing,
    OwnProposal,
    ProposalClosed,
    ProposalKeyInvalid,
    ProposalUnknown,
    WalletChangeWaits,
)
from portal.proposals.status_rules import TRANSITIONS, ProposalStatus

CREDIT, REFUND, PAYOUT_WALLET = "credit", "refund", "payout_wallet"
LIFETIME = timedelta(days=7)
REASON_MAX = 500
_EXPIRED_PER_RUN = 1_000


@dataclass(frozen=True)
class Draft:
    """What an admin proposes.

    `subject` is a user id, an order reference or a vendor id, by `kind`. `amount_minor` is in minor units of
    `currency`; a wallet replaces `replaced_wallet`. `usd_value` is None where it is unknown.
    """

    kind: str
    subject: str
    reason: str
    request_id: str
    usd_value: Decimal | None
    amount_minor: int | None = None
    currency: str | None = None
    wallet: str | None = None
    replaced_wallet: str | None = None


def propose(draft: Draft, admin_id: int) -> Proposal:
    """Store what waits for a second admin, once per `request_id`, and return it.

    Raises ProposalKeyInvalid if the key was used for something else, or WalletChangeWaits.
    """
    with transaction():
        # One that expired unnoticed must not stand in the way.
        expire_proposals(SYSTEM)
        rows = (
            Proposal.insert(**vars(draft), proposed_by=admin_id, expires_at=SQL("now() + %s", [LIFETIME]))
            .on_conflict_ignore()
            .returning(Proposal.id)
            .execute()
        )
        written = [row.id for row in rows]
        if not written:
            return _find_same(draft)
        record_event(
            Actor.user(admin_id),
            "proposal",
            written[0],
            "proposal_made",
            to_status=ProposalStatus.WAITING,
            reason=draft.reason,
            order_reference=draft.subject if draft.kind == REFUND else None,
            data={
                "kind": draft.kind,
                "subject": draft.subject,
                "usdValue": None if draft.usd_value is None else f"{draft.usd_value:f}",
            },
        )
    return get_proposal(written[0])


def get_proposal(proposal_id: int) -> Proposal:
    """Return a proposal; raise ProposalUnknown."""
    proposal = Proposal.get_or_none(Proposal.id == proposal_id) if 0 < proposal_id < 2**63 else None
    if proposal is None:
        raise ProposalUnknown
    return proposal


def confirm_proposal(proposal_id: int, admin_id: int) -> Proposal:
    """Confirm a proposal of another admin; call it in the transaction that carries the proposal out.

    Raises ProposalUnknown, OwnProposal, or ProposalClosed if it was decided or has expired.
    """
    proposal = _lock(proposal_id)
    if proposal.proposed_by == admin_id:
        raise OwnProposal
    _move(proposal, "confirm", Actor.user(admin_id), decided_by=admin_id)
    return get_proposal(proposal_id)


def decline_proposal(proposal_id: int, reason: str, admin_id: int) -> Proposal:
    """Decline a proposal with a reason; who made it may withdraw it in the same way.

    Raises ProposalUnknown, DeclineReasonMissing, CharacterRefused or ProposalClosed.
    """
    text = clean_line(reason, "reason")
    if not 1 <= len(text) <= REASON_MAX:
        raise DeclineReasonMissing(field="reason", at_most=REASON_MAX)
    with transaction():
        proposal = _lock(proposal_id)
        _move(
            proposal,
            "decline",
            Actor.user(admin_id),
            reason=text,
            decided_by=admin_id,
            decision_reason=text,
        )
    return get_proposal(proposal_id)


def expire_proposals(actor: Actor) -> int:
    """Close the proposals that nobody decided in time and return how many."""
    overdue = Proposal.select(Proposal.id).where(
        (Proposal.status == ProposalStatus.WAITING) & (Proposal.expires_at <= fn.now())
    )
    rows = overdue.order_by(Proposal.expires_at, Proposal.id).limit(_EXPIRED_PER_RUN)
    return sum(
        move_status(Proposal, row.id, TRANSITIONS["expire"], entity="proposal", actor=actor) for row in rows
    )


def _find_same(draft: Draft) -> Proposal:
    """Return the proposal that the same form has made."""
    existing = Proposal.get_or_none(Proposal.request_id == draft.request_id)
    if existing is None:
        raise WalletChangeWaits(field="payout_wallet")
    same = ("kind", "subject", "amount_minor", "currency", "wallet")
    if any(getattr(existing, name) != getattr(draft, name) for name in same):
        raise ProposalKeyInvalid
    return existing


def _lock(proposal_id: int) -> Proposal:
    get_proposal(proposal_id)
    proposal: Proposal = Proposal.select().where(Proposal.id == proposal_id).for_update().get()
    is_overdue = Proposal.select().where((Proposal.id == proposal_id) & (Proposal.expires_at <= fn.now()))
    if proposal.status == ProposalStatus.WAITING and is_overdue.exists():
        raise ProposalClosed(proposal_status=ProposalStatus.EXPIRED.value)
    return proposal


def _move(proposal: Proposal, verb: str, actor: Actor, *, reason: str | None = None, **values: Any) -> None:
    moved = move_status(
        Proposal,
        proposal.id,
        TRANSITIONS[verb],
        entity="proposal",
        actor=actor,
        reason=reason,
        data={"kind": proposal.kind, "subject": proposal.subject, "proposedBy": proposal.proposed_by},
        **values,
    )
    if not moved:
        raise ProposalClosed(proposal_status=proposal.status)
