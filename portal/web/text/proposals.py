"""Proposals in words: what a second admin confirms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.accounts import names_of_users
from portal.chain import checksum
from portal.commissions import vendor_names
from portal.proposals import CREDIT, PAYOUT_WALLET, REFUND, amount_of, wallet_of
from portal.web.text.format import When, money, usd, when
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models import Proposal


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal; `amount` or `wallet` is what it is about, `value` is in USD or says that it is unknown."""

    id: int
    kind: str
    title: str
    status: str
    subject: str
    subject_id: str
    amount: str
    wallet: str
    replaced_wallet: str
    value: str
    reason: str
    proposed_by: str
    created: When
    expires: When
    decided_by: str
    decided: When
    decision_reason: str
    is_own: bool


def proposal_rows(proposals: Sequence[Proposal], viewer_id: int) -> list[ProposalRow]:
    """Return proposals as a list shows them to an admin."""
    people = _names(proposals)
    vendors = vendor_names([int(each.subject) for each in proposals if each.kind == PAYOUT_WALLET])
    return [_row(proposal, people, vendors, viewer_id) for proposal in proposals]


def _row(proposal: Proposal, people: dict[int, str], vendors: dict[int, str], viewer_id: int) -> ProposalRow:
    is_wallet = proposal.kind == PAYOUT_WALLET
    return ProposalRow(
        id=proposal.id,
        kind=proposal.kind,
        title=_titles()[proposal.kind],
        status=proposal.status,
        subject=_subject(proposal, people, vendors),
        subject_id=proposal.subject,
        amount="" if is_wallet else money(*amount_of(proposal)),
        wallet=checksum(wallet_of(proposal)) if is_wallet else "",
        replaced_wallet=checksum(proposal.replaced_wallet) if proposal.replaced_wallet else "",
        value=_("Unknown") if proposal.usd_value is None else usd(proposal.usd_value),
        reason="" if is_wallet else proposal.reason,
        proposed_by=people[proposal.proposed_by],
        created=when(proposal.created_at),
        expires=when(proposal.expires_at),
        decided_by=people.get(proposal.decided_by or 0, ""),
        decided=when(proposal.updated_at),
        decision_reason=proposal.decision_reason or "",
        is_own=proposal.proposed_by == viewer_id,
    )


def _titles() -> dict[str, str]:
    return {CREDIT: _("Credit top-up"), REFUND: _("Refund"), PAYOUT_WALLET: _("New payout wallet")}


def _subject(proposal: Proposal, people: dict[int, str], vendors: dict[int, str]) -> str:
    if proposal.kind == CREDIT:
        return people[int(proposal.subject)]
    if proposal.kind == PAYOUT_WALLET:
        return vendors.get(int(proposal.subject), proposal.subject)
    return str(proposal.subject)


def _names(proposals: Sequence[Proposal]) -> dict[int, str]:
    """Return the names of the admins of proposals and of the accounts that get credit."""
    ids = {proposal.proposed_by for proposal in proposals}
    ids |= {proposal.decided_by for proposal in proposals if proposal.decided_by}
    ids |= {int(proposal.subject) for proposal in proposals if proposal.kind == CREDIT}
    names = names_of_users(ids)
    return {user_id: names.get(user_id, str(user_id)) for user_id in ids}
