"""Where a person stands who wants to become a referrer, for every page that shows share codes."""

from __future__ import annotations

from dataclasses import dataclass

from portal.flows.programme.joining import find_joining
from portal.programme import NOTE_MAX, ApplicationStatus, TermsOfPerson
from portal.runtime import current_portal
from portal.web.text.format import moment


@dataclass(frozen=True, slots=True)
class JoiningView:
    """What stands between a person and their first share code.

    `state` is open (codes are there to be taken), apply or waiting; `since` is the time of the newest application, and
    `reason` why it was rejected, "" where there is none.
    """

    state: str
    since: str = ""
    reason: str = ""
    note_max: int = NOTE_MAX


def joining_view(user_id: int, terms: TermsOfPerson | None) -> JoiningView | None:
    """Return what a person has to do or to wait for before the first share code, None where that is nothing.

    `terms` is what `find_terms_of` returns for the person.
    """
    joining = find_joining(user_id, current_portal().settings, terms)
    if joining is None:
        return None
    if joining.is_open:
        return JoiningView("open")
    if joining.application is None:
        return JoiningView("apply")
    since = moment(joining.application.created_at)
    if joining.application.status == ApplicationStatus.WAITING:
        return JoiningView("waiting", since)
    return JoiningView("apply", since, joining.application.decision_reason or "")
