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


@dataclass(frozen=True, slots=True)
class LetterView:
    """An e-mail of the outbox; `letter` is None when it is out of date."""

    id: int
    kind: str
    to_address: str
    locale: str
    status: str
    letter: Letter | None


@blueprint.get("/dev/mail")
@public(csrf=False)
def mailbox() -> ResponseReturnValue:
    """Show the letters to everybody, newest first, with their links."""
    answer_reset_requests()  # otherwise the job's, a moment later
    page = list_letters(request.args.get("cursor"))
    return render_template(
        "dev/mailbox.html", letters=[_view(row) for row in page.rows], next_cursor=page.next_cursor
    )


def _view(row: MailOutbox) -> LetterView:
    return LetterView(row.id, row.kind, row.to_address, row.locale, row.status, _compose(row))


def _compose(row: MailOutbox) -> Letter | None:
    try:
        # The type checker cannot see the application behind Flask's proxy.
        return composer(current_app._get_current_object())(row)  # type: ignore[attr-defined]
    except LetterObsolete:
        return None
