"""The terms of the programme as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.programme import paragraphs_of, terms_in
from portal.web.text.format import moment

if TYPE_CHECKING:
    from models import ProgrammeTerms


@dataclass(frozen=True, slots=True)
class TermsView:
    """One version in one language; `saved_at` is a moment in words."""

    id: int
    language: str
    paragraphs: tuple[str, ...]
    saved_at: str


def terms_view(terms: ProgrammeTerms, language: str) -> TermsView:
    """Return a version that has texts for a reader of a language."""
    found, text = terms_in(terms.texts, language)
    return TermsView(terms.id, found, paragraphs_of(text), moment(terms.created_at))
