"""Read the terms of the programme, and who accepted them."""

from __future__ import annotations

from datetime import datetime

from models import ProgrammeTerms, TermsAcceptance
from portal.db import Keyset, query, within
from portal.programme.errors import TermsUnknown


def find_newest_terms() -> ProgrammeTerms | None:
    """Return the version that was saved last; one without texts means that there are no terms."""
    terms: ProgrammeTerms | None = ProgrammeTerms.select().order_by(ProgrammeTerms.id.desc()).first()
    return terms


def find_terms_in_force() -> ProgrammeTerms | None:
    """Return the terms that referrers accept, None where the programme has none."""
    newest = find_newest_terms()
    return newest if newest and newest.texts else None


def find_terms_in_force_id() -> int | None:
    """Return the id of the terms that referrers accept, without reading their texts."""
    rows = query(
        """
        SELECT id FROM (SELECT id, texts FROM programme_terms ORDER BY id DESC LIMIT 1) AS newest
        WHERE texts <> '{}'
        """
    )
    return int(rows[0][0]) if rows else None


def find_unaccepted_terms_id(user_id: int) -> int | None:
    """Return the id of the terms in force that a person has not accepted, None where nothing is to be accepted."""
    terms_id = find_terms_in_force_id()
    accepted = (TermsAcceptance.user_id == user_id) & (TermsAcceptance.terms_id == terms_id)
    if terms_id is None or TermsAcceptance.select().where(accepted).exists():
        return None
    return terms_id


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
