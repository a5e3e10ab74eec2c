"""Errors of proposals that a second admin confirms."""

from __future__ import annotations

from portal.web.text.messages.answer import Answer, ErrorTable
from portal.web.text.statuses import status_words
from portal.web.text.translate import gettext as _

PROPOSALS_ERRORS: ErrorTable = {
    "credit_to_self": Answer(403, lambda p: _("You cannot add credit to your own account.")),
    "decline_reason_missing": Answer(
        422, lambda p: _("Enter a reason of up to %(at_most)s characters.", **p)
    ),
    "own_proposal": Answer(
        403, lambda p: _("You proposed this or it concerns your own account. Another admin must confirm it.")
    ),
    "proposal_closed": Answer(
        409,
        lambda p: _(
            "This proposal is already “%(label)s”. Nothing has changed.",
            label=status_words("proposal", p["proposal_status"]),
        ),
    ),
    "proposal_key_invalid": Answer(
        409, lambda p: _("This form was already used for something else. Reload the page and try again.")
    ),
    "proposal_unknown": Answer(404, lambda p: _("This proposal does not exist.")),
    "wallet_change_waits": Answer(
        409,
        lambda p: _(
            "Another payout wallet of this vendor is waiting for a second admin. Confirm or decline it first."
        ),
    ),
    "wallet_changed": Answer(
        409, lambda p: _("The payout wallet has been changed since this was proposed. Nothing was done.")
    ),
}
