"""Applications to become a referrer, with the people who made them."""

from __future__ import annotations

from models import ProgrammeApplication, User
from portal.db import Keyset, Page
from portal.programme import ApplicationStatus

APPLICATIONS_PAGE = 25


def list_applications(status: str = "", cursor: str | None = None) -> Page[ProgrammeApplication]:
    """Return a page of applications, newest first, of one status or of all; raise CursorInvalid."""
    return list_application_ledger(status).page(cursor, APPLICATIONS_PAGE)


def list_application_ledger(status: str = "") -> Keyset[ProgrammeApplication]:
    """Return the applications of one status or of all, newest first, each with its `user`."""
    rows = ProgrammeApplication.select(ProgrammeApplication, User).join(User)
    if status in tuple(ApplicationStatus):
        rows = rows.where(ProgrammeApplication.status == status)
    return Keyset(rows, ProgrammeApplication.id)
