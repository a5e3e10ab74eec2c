"""Save versions of the terms, and accept the one in force. See docs/rules/programme.md."""

from __future__ import annotations

from peewee import fn

from models import ProgrammeTerms, TermsAcceptance
from portal.db import Actor, query, record_event, transaction
from portal.programme.errors import TermsChanged, TermsSavedMeanwhile, TermsUnchanged
from portal.programme.terms_queries import find_newest_terms, find_terms_of


def save_terms(texts: dict[str, str], seen_id: int, actor: Actor) -> ProgrammeTerms:
    """Put texts by language into force at once; no texts end the terms.

    `seen_id` is the newest version that the author knows, 0 for none. Raises TermsSavedMeanwhile where there is a
    newer one, and TermsUnchanged where nothing differs.
    """
    with transaction():
        query("SELECT pg_advisory_xact_lock(hashtextextended('programme_terms', 0))")
        newest = find_newest_terms()
        if (newest.id if newest else 0) != seen_id:
            raise TermsSavedMeanwhile
        if texts == (newest.texts if newest else {}):
            raise TermsUnchanged
        terms: ProgrammeTerms = ProgrammeTerms.create(texts=texts, created_by=actor.user_id)
        event = "terms_saved" if texts else "terms_ended"
        record_event(actor, "terms", terms.id, event, data={"languages": sorted(texts)})
    return terms


def accept_terms(user_id: int, terms_id: int, actor: Actor) -> None:
    """Record that a person accepts the version in force, which they have read; raise TermsChanged if it is another."""
    with transaction():
        terms = find_terms_of(user_id)
        if terms is None or terms.id != terms_id:
            raise TermsChanged
        values = {TermsAcceptance.user_id: user_id, TermsAcceptance.terms_id: terms_id}
        added = TermsAcceptance.insert(values).on_conflict_ignore().returning(TermsAcceptance.id).execute()
        if list(added):
            record_event(actor, "user", user_id, "terms_accepted", data={"termsId": terms_id})


def withdraw_acceptances(user_id: int, actor: Actor) -> None:
    """End what was accepted for an account before the first proof of its mailbox; the record stays."""
    accepted = (TermsAcceptance.user_id == user_id) & TermsAcceptance.withdrawn_at.is_null()
    with transaction():
        if TermsAcceptance.update(withdrawn_at=fn.now()).where(accepted).execute():
            record_event(actor, "user", user_id, "terms_acceptance_withdrawn")
