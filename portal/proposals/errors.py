"""Why a proposal cannot be made or decided."""

from __future__ import annotations

from portal.lib.errors import PortalError


class ProposalUnknown(PortalError):
    code = "proposal_unknown"


class ProposalClosed(PortalError):
    """The proposal does not wait any more; param proposal_status."""

    code = "proposal_closed"


class OwnProposal(PortalError):
    """Nobody confirms a proposal that they made or would gain from."""

    code = "own_proposal"


class ProposalKeyInvalid(PortalError):
    """The form's key was used for another proposal."""

    code = "proposal_key_invalid"


class WalletChangeWaits(PortalError):
    """Another change of this vendor's payout wallet waits for a second admin."""

    code = "wallet_change_waits"


class DeclineReasonMissing(PortalError):
    """Declining needs a reason; param at_most."""

    code = "decline_reason_missing"
