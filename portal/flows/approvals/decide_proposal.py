"""Carry out what one admin proposed and a second one confirms. See docs/rules/second_admin.md."""

from __future__ import annotations

from models import PaymentRefund, Proposal
from portal.accounts import lock_user
from portal.commissions import get_vendor, lock_terms, replace_payout_wallet
from portal.db import Actor, transaction
from portal.flows.accounts.top_up_credit import give_credit
from portal.flows.checkout.lock_buyer import lock_buyer
from portal.flows.refunds.request_refund import send_refund, start_refund
from portal.payments import CONFIRMED, get_payment, lock_payment
from portal.proposals import (
    CREDIT,
    PAYOUT_WALLET,
    REFUND,
    OwnProposal,
    amount_of,
    confirm_proposal,
    get_proposal,
    wallet_of,
)
from portal.settings import Settings


def confirm(proposal_id: int, admin_id: int, settings: Settings) -> Proposal:
    """Confirm another admin's proposal and carry it out, once.

    Raises ProposalUnknown, OwnProposal, ProposalClosed, or what the operation itself refuses; then nothing has
    changed and the proposal still waits.
    """
    proposal = get_proposal(proposal_id)
    if admin_id in (proposal.proposed_by, _beneficiary(proposal)):
        raise OwnProposal
    refund: PaymentRefund | None = None
    with transaction():
        # The locks of the operation come before the proposal's, as where it was made.
        if proposal.kind == CREDIT:
            lock_user(int(proposal.subject))
        elif proposal.kind == REFUND:
            lock_buyer(get_payment(proposal.subject))
            payment = lock_payment(proposal.subject)
        else:
            lock_terms()
        confirm_proposal(proposal_id, admin_id)
        if proposal.kind == CREDIT:
            _give_credit(proposal, admin_id)
        elif proposal.kind == PAYOUT_WALLET:
            replace_payout_wallet(
                int(proposal.subject), proposal.replaced_wallet, wallet_of(proposal), Actor.user(admin_id)
            )
        else:
            refund = start_refund(
                payment,
                amount_of(proposal)[0],
                proposal.reason,
                _key(proposal),
                Actor.user(admin_id),
                requested_by=proposal.proposed_by,
            )
    if refund is not None:
        send_refund(refund, settings, Actor.user(admin_id))
    return get_proposal(proposal_id)


def _give_credit(proposal: Proposal, admin_id: int) -> None:
    give_credit(
        int(proposal.subject),
        *amount_of(proposal),
        proposal.reason,
        Actor.user(proposal.proposed_by),
        request_id=_key(proposal),
        confirmed_by=admin_id,
    )


def _beneficiary(proposal: Proposal) -> int | None:
    """Return the account that gains from a proposal, if the portal knows it."""
    if proposal.kind == CREDIT:
        return int(proposal.subject)
    if proposal.kind == REFUND:
        buyer: int | None = get_payment(proposal.subject).user_id
        return buyer
    owner: int | None = get_vendor(int(proposal.subject)).user_id
    return owner


def _key(proposal: Proposal) -> str:
    return f"{CONFIRMED}{proposal.id}"
