"""What one admin proposes and a second one confirms. See docs/rules/second_admin.md."""

from portal.proposals.errors import (
    DeclineReasonMissing,
    OwnProposal,
    ProposalClosed,
    ProposalKeyInvalid,
    ProposalUnknown,
    WalletChangeWaits,
)
from portal.proposals.operations import (
    CREDIT,
    PAYOUT_WALLET,
    REFUND,
    Draft,
    confirm_proposal,
    decline_proposal,
    expire_proposals,
    get_proposal,
    propose,
)
from portal.proposals.queries import (
    amount_of,
    count_waiting_proposals,
    find_proposal_by_request,
    find_waiting_wallet,
    list_proposals,
    wallet_of,
)
from portal.proposals.status_rules import ProposalStatus

__all__ = [
    "CREDIT",
    "PAYOUT_WALLET",
    "REFUND",
    "DeclineReasonMissing",
    "Draft",
    "OwnProposal",
    "ProposalClosed",
    "ProposalKeyInvalid",
    "ProposalStatus",
    "ProposalUnknown",
    "WalletChangeWaits",
    "amount_of",
    "confirm_proposal",
    "count_waiting_proposals",
    "decline_proposal",
    "expire_proposals",
    "find_proposal_by_request",
    "find_waiting_wallet",
    "get_proposal",
    "list_proposals",
    "propose",
    "wallet_of",
]
