"""Helpers that read the outbox and compose its letters."""

from __future__ import annotations

import re

from models import MailOutbox
from portal.flows.accounts.account_mail import answer_reset_requests
from portal.mail import Letter
from tests.web.visitor import Visitor


def rows(kind: str | None = None) -> list[MailOutbox]:
    """Process pending password-reset requests, then return the outbox letters, oldest first."""
    answer_reset_requests()
    letters = MailOutbox.select().order_by(MailOutbox.id)
    return list(letters.where(MailOutbox.kind == kind) if kind else letters)


def compose_letter(browser: Visitor, row: MailOutbox) -> Letter:
    letter: Letter = browser.application.extensions["portal"].compose(row)
    return letter


def newest_letter(browser: Visitor, kind: str | None = None) -> Letter:
    return compose_letter(browser, rows(kind)[-1])


def newest_link(browser: Visitor, kind: str | None = None) -> str:
    """Return the path of the link in the newest letter."""
    match = re.search(r"http://localhost(/\S+)", newest_letter(browser, kind).text)
    assert match, "a letter without a link"
    return match[1]
