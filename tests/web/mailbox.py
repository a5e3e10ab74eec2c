"""Reading the outbox in tests, in the words the letters would leave with."""

from __future__ import annotations

import re

from models import MailOutbox
from portal.flows.accounts.account_mail import answer_reset_requests
from portal.mail import Letter
from tests.web.visitor import Visitor


def rows(kind: str | None = None) -> list[MailOutbox]:
    """Return the letters of the outbox, oldest first; requests for a reset are answered before."""
    answer_reset_requests()
    chosen = MailOutbox.select().order_by(MailOutbox.id)
    return list(chosen.where(MailOutbox.kind == kind) if kind else chosen)


def worded(browser: Visitor, row: MailOutbox) -> Letter:
    letter: Letter = browser.application.extensions["portal"].compose(row)
    return letter


def newest_letter(browser: Visitor, kind: str | None = None) -> Letter:
    return worded(browser, rows(kind)[-1])


def newest_link(browser: Visitor, kind: str | None = None) -> str:
    """Return the address, on the tests' own host, that the newest letter leads to."""
    found = re.search(r"http://localhost(/\S+)", newest_letter(browser, kind).text)
    assert found, "a letter without a link"
    return found[1]
