"""Applications to become a referrer, with the people who made them."""

from __future__ import annotations

from datetime import datetime

from models import ProgrammeApplication, User
from portal.db import Keyset, Page, within
from portal.programme import ApplicationStatus

APPLICATIONS_PAGE = 25


def list_applications(status: str = "", cursor: str | None = None) -> Page[ProgrammeApplication]:
    """Return a page of applications, newest first, of one status or of all; raise CursorInvalid."""
    return list_application_ledger(status).page(cursor, APPLICATIONS_PAGE)


def list_application_ledger(
    status: str = "", since: datetime | None = None, until: datetime | None = None
) -> Keyset[ProgrammeApplication]:
    """Return the applications of one status or of all in a time, newest first, each with its `user`."""
    rows = ProgrammeApplication.select(ProgrammeApplication, User).join(User)
    rows = within(rows, ProgrammeApplication.created_at, since, until)
    if status in tuple(ApplicationStatus):
        rows = rows.where(ProgrammeApplication.status == status)
    return Keyset(rows, ProgrammeApplication.id)
