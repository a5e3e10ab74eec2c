"""Everybody's mailbox, in development only: the letters as they would leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue

from portal.flows.accounts.account_mail import answer_reset_requests
from portal.mail import Letter, LetterObsolete, list_letters
from portal.web.core.access import public
from portal.web.text.letters import composer

if TYPE_CHECKING:
    from models import MailOutbox

blueprint = Blueprint("dev_mail", __name__)


@dataclass(frozen=True)
class Shown:
    """A row of the outbox and its words; None when what it would tell no longer holds."""

    row: MailOutbox
    letter: Letter | None


@blueprint.get("/dev/mail")
@public(csrf=False)
def mailbox() -> ResponseReturnValue:
    """Show the newest letters of everybody, with their links."""
    answer_reset_requests()  # otherwise the job's, a moment later
    before = request.args.get("before", type=int)
    rows = list_letters(before if before and 0 < before < 2**63 else None)
    return render_template("dev/mailbox.html", shown=[Shown(row, _worded(row)) for row in rows])


def _worded(row: MailOutbox) -> Letter | None:
    try:
        # The type checker cannot see the application behind Flask's proxy.
        return composer(current_app._get_current_object())(row)  # type: ignore[attr-defined]
    except LetterObsolete:
        return None
