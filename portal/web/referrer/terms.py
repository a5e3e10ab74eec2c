"""The terms of the programme: everyone reads them, referrers accept them."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts import list_wallet_addresses
from portal.programme import find_terms_in_force
from portal.web.core.access import public, signed_in
from portal.web.core.current_user import current_user, find_current_user
from portal.web.core.locale import select_locale
from portal.web.core.programme_terms import accept_asked_terms, find_asked_terms
from portal.web.core.urls import url_for
from portal.web.referrer.dashboard import blueprint
from portal.web.text.terms import terms_view
from portal.web.text.translate import gettext as _


@blueprint.get("/terms")
@public()
def terms() -> ResponseReturnValue:
    """Show the terms in force in the language of the page, and ask a person to accept them who has not."""
    reader, in_force = find_current_user(), find_terms_in_force()
    return render_template(
        "referrer/terms.html",
        terms=terms_view(in_force, select_locale()) if in_force else None,
        asked=find_asked_terms(reader.id) if reader else None,
    )


@blueprint.post("/terms")
@signed_in()
def accept_terms() -> ResponseReturnValue:
    """Accept the terms in force; wallets that waited for it get their codes."""
    if problem := accept_asked_terms(current_user().id, request.form):
        flash(problem, "warning")
        return redirect(url_for("referrer.terms", _anchor="accept-terms"), 303)
    flash(_("You have accepted the terms."), "success")
    if list_wallet_addresses(current_user().id):
        return redirect(url_for("referrer.dashboard"), 303)
    return redirect(url_for("account.wallets", _anchor="link-wallet"), 303)
