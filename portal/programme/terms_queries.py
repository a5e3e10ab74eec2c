"""Read the terms of the programme, and who accepted them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models import ProgrammeTerms
from portal.db import Keyset, query, within
from portal.programme.errors import TermsUnknown

_TERMS_OF = """
SELECT newest.id, EXISTS (
    SELECT FROM terms_acceptances a WHERE a.user_id = %s AND a.terms_id = newest.id AND a.withdrawn_at IS NULL)
FROM (SELECT id, texts FROM programme_terms ORDER BY id DESC LIMIT 1) AS newest WHERE newest.texts <> '{}'
"""


@dataclass(frozen=True, slots=True)
class TermsOfPerson:
    """The terms in force, and whether a person accepted this version."""

    id: int
    is_accepted: bool


def find_newest_terms() -> ProgrammeTerms | None:
    """Return the version that was saved last; one without texts means that there are no terms."""
    terms: ProgrammeTerms | None = ProgrammeTerms.select().order_by(ProgrammeTerms.id.desc()).first()
    return terms


def find_terms_in_force() -> ProgrammeTerms | None:
    """Return the terms that referrers accept, None where the programme has none."""
    newest = find_newest_terms()
    return newest if newest and newest.texts else None


def find_terms_of(user_id: int) -> TermsOfPerson | None:
    """Return the terms in force and whether a person accepted them, None where the programme has none."""
    rows = query(_TERMS_OF, [user_id])
    return TermsOfPerson(*rows[0]) if rows else None


def find_unaccepted_terms_id(user_id: int) -> int | None:
    """Return the id of the terms in force that a person has not accepted, None where nothing is to be accepted."""
    terms = find_terms_of(user_id)
    return None if terms is None or terms.is_accepted else terms.id


def get_terms(terms_id: int) -> ProgrammeTerms:
    """Return a version of the terms; raise TermsUnknown."""
    terms: ProgrammeTerms | None = ProgrammeTerms.get_or_none(ProgrammeTerms.id == terms_id)
    if terms is None:
        raise TermsUnknown
    return terms


def list_terms_ledger(since: datetime | None = None, until: datetime | None = None) -> Keyset[ProgrammeTerms]:
    """Return the versions of the terms that were saved in a time, the newest first."""
    rows = within(ProgrammeTerms.select(), ProgrammeTerms.created_at, since, until)
    return Keyset(rows, ProgrammeTerms.id)
