"""Read proposals."""

from __future__ import annotations

from peewee import fn

from models import Proposal
from portal.db import Keyset, Page
from portal.proposals.operations import PAYOUT_WALLET
from portal.proposals.status_rules import ProposalStatus

PROPOSALS_PAGE = 15


def list_proposals(status: str = "", cursor: str | None = None) -> Page[Proposal]:
    """Return a page of proposals, newest first, of one status or of all; raise CursorInvalid."""
    rows = Proposal.select()
    if status:
        rows = rows.where(Proposal.status == status)
    newest_first: Keyset[Proposal] = Keyset(rows, Proposal.id)
    return newest_first.page(cursor, PROPOSALS_PAGE)


def count_waiting_proposals() -> int:
    """Count the proposals that can be confirmed."""
    rows = Proposal.select().where(
        (Proposal.status == ProposalStatus.WAITING) & (Proposal.expires_at > fn.now())
    )
    return int(rows.count())


def find_proposal_by_request(request_id: str) -> Proposal | None:
    """Return the proposal that a form has made, or None."""
    return Proposal.get_or_none(Proposal.request_id == request_id)


def find_waiting_wallet(vendor_id: int) -> Proposal | None:
    """Return the change of a vendor's payout wallet that waits for a second admin, or None."""
    return Proposal.get_or_none(
        (Proposal.kind == PAYOUT_WALLET)
        & (Proposal.subject == str(vendor_id))
        & (Proposal.status == ProposalStatus.WAITING)
        & (Proposal.expires_at > fn.now())
    )


def amount_of(proposal: Proposal) -> tuple[int, str]:
    """Return the amount in minor units and the currency of a proposal about money."""
    assert proposal.amount_minor is not None
    assert proposal.currency is not None
    return proposal.amount_minor, proposal.currency


def wallet_of(proposal: Proposal) -> str:
    """Return the new wallet of a proposal about a payout wallet."""
    assert proposal.wallet is not None
    return proposal.wallet
