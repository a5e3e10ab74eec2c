"""Ask for the acceptance of the programme's terms, on every page where a share code is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.flows.accounts.link_wallet import accept_programme_terms
from portal.programme import TermsChanged, find_unaccepted_terms_id
from portal.runtime import current_portal
from portal.web.text.messages import error_text
from portal.web.text.translate import gettext as _


@dataclass(frozen=True, slots=True)
class AskedTerms:
    """The version of the terms that a person is asked to accept."""

    id: int


def find_asked_terms(user_id: int) -> AskedTerms | None:
    """Return the terms that a person has to accept, None where there are none."""
    terms_id = find_unaccepted_terms_id(user_id)
    return AskedTerms(terms_id) if terms_id is not None else None


def accept_asked_terms(user_id: int, form: Mapping[str, str]) -> str | None:
    """Accept the terms by the fields of `terms_fields`, if any are asked for; return what prevents it, or None."""
    if find_unaccepted_terms_id(user_id) is None:
        return None
    read = form.get("terms", "")
    # Ids of bigint have at most 19 digits.
    terms_id = int(read) if read.isdecimal() and len(read) < 19 else 0
    if form.get("accepted") != "1":
        return _("Tick the box to accept the terms.")
    try:
        accept_programme_terms(user_id, terms_id, current_portal().settings)
    except TermsChanged as error:
        return error_text(error)
    return None
