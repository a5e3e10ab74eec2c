"""Propose a change to a second admin and notify the other admins. See docs/rules/second_admin.md."""

from __future__ import annotations

from models import Proposal
from portal.accounts import list_admin_ids
from portal.notifications import notify
from portal.proposals import Draft, propose


def propose_change(draft: Draft, admin_id: int) -> Proposal:
    """Store a proposal and notify the admins who can confirm it; call it in the transaction of the request.

    Raises what `propose` raises. The same form again notifies nobody twice.
    """
    proposal = propose(draft, admin_id)
    for other in list_admin_ids():
        if other != admin_id:
            kind, key = f"proposal_{proposal.kind}", f"proposal:{proposal.id}:{other}"
            notify(other, kind, key, reference=proposal.subject)
    return proposal
