"""The terms that referrers accept: the texts in force, the next version, and every version before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.flows.overviews.queue_overview import admin_names
from portal.lib.errors import PortalError
from portal.programme import list_terms_ledger
from portal.programme.terms_operations import save_terms
from portal.programme.terms_queries import find_newest_terms, get_terms
from portal.programme.terms_rules import TERMS_LENGTH, read_terms
from portal.settings.types import LANGUAGES
from portal.web.admin.programme.blueprint import blueprint
from portal.web.admin.programme.section import PROGRAMME_PAGE, acting_admin, note_error, programme_nav
from portal.web.core.access import for_role
from portal.web.core.locale import LOCALES
from portal.web.core.urls import url_for
from portal.web.text.format import When, number, when
from portal.web.text.messages import status_of
from portal.web.text.messages.errors import UNPROCESSABLE
from portal.web.text.terms import TermsView, terms_view
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import ProgrammeTerms

# Three texts of Cyrillic letters, six bytes each in a form.
_FORM_BYTES = 1024**2


@dataclass(frozen=True, slots=True)
class TermsField:
    """The text of one language in the form."""

    name: str
    language: str
    language_name: str
    value: str
    error: str | None


@dataclass(frozen=True, slots=True)
class TermsRow:
    """A version in the list; one without languages ended the terms."""

    id: int
    saved: When
    author: str
    languages: str
    is_in_force: bool


@blueprint.get("/programme/terms")
@for_role("admin")
def terms() -> ResponseReturnValue:
    """Show the form with the texts in force, and a page of versions, the newest first."""
    newest = find_newest_terms()
    texts = newest.texts if newest else {}
    return _page({f"text_{language}": texts.get(language, "") for language in LANGUAGES})


@blueprint.get("/programme/terms/<int:terms_id>")
@for_role("admin")
def terms_version(terms_id: int) -> ResponseReturnValue:
    """Show the texts of one version."""
    version = get_terms(terms_id)
    return render_template(
        "admin/programme/terms_version.html",
        terms_id=version.id,
        texts=[(LOCALES[view.language], view) for view in _views(version)],
        section_nav=programme_nav(),
    )


@blueprint.post("/programme/terms")
@for_role("admin", reconfirm=True, body_limit=_FORM_BYTES)
def save_terms_form() -> ResponseReturnValue:
    """Put a version into force at once."""
    seen = request.form.get("seen", "")
    errors: dict[str, str] = {}
    try:
        texts = read_terms(request.form)
        save_terms(texts, int(seen) if seen.isdecimal() and len(seen) < 19 else 0, acting_admin())
    except PortalError as error:
        note_error(error, errors)
        status = UNPROCESSABLE if len(errors) > 1 else status_of(error)
        return _page(request.form, errors), status
    if texts:
        flash(_("The terms are in force. Referrers are asked to accept them."), "success")
    else:
        flash(_("The programme has no terms now."), "success")
    return redirect(url_for("admin.programme.terms"), 303)


def _page(typed: Mapping[str, str], errors: dict[str, str] | None = None) -> str:
    errors = errors or {}
    newest = find_newest_terms()
    page = list_terms_ledger().page(request.args.get("cursor"), PROGRAMME_PAGE)
    newest_id = newest.id if newest else 0
    return render_template(
        "admin/programme/terms.html",
        fields=[
            TermsField(name, language, LOCALES[language], typed.get(name, ""), errors.get(name))
            for language, name in ((each, f"text_{each}") for each in LANGUAGES)
        ],
        # A form that another admin overtook stays so until it is reloaded.
        seen=typed.get("seen", newest_id),
        form_errors=list(errors.items()),
        has_terms=bool(newest and newest.texts),
        most=number(TERMS_LENGTH),
        rows=_rows(page.rows, newest_id),
        next_cursor=page.next_cursor,
        section_nav=programme_nav(),
    )


def _rows(versions: Sequence[ProgrammeTerms], newest_id: int) -> list[TermsRow]:
    names = admin_names([row.created_by for row in versions if row.created_by is not None])
    return [
        TermsRow(
            row.id,
            when(row.created_at),
            names.get(row.created_by or 0, ""),
            ", ".join(LOCALES[language] for language in LANGUAGES if language in row.texts),
            row.id == newest_id,
        )
        for row in versions
    ]


def _views(version: ProgrammeTerms) -> list[TermsView]:
    return [terms_view(version, language) for language in LANGUAGES if language in version.texts]
