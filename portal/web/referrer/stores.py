"""Stores that show a referrer's results on their own pages: connecting and disconnecting the account."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.flows.stores.store_referrers import choose_wallet, connect_account
from portal.runtime import current_portal
from portal.stores import disconnect_referrer, get_referrer, list_connections
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.core.programme_terms import accept_asked_terms, find_asked_terms
from portal.web.core.store_links import read_connection
from portal.web.core.urls import url_for
from portal.web.referrer.dashboard import blueprint
from portal.web.text.format import When, when
from portal.web.text.translate import gettext as _


@dataclass(frozen=True, slots=True)
class ConnectedStore:
    """A store that shows the results of the account."""

    referrer_id: int
    name: str
    since: When


@blueprint.get("/refcodes/stores")
@signed_in()
def stores() -> ResponseReturnValue:
    """Show the stores that show the person's results."""
    page = list_connections(current_user().id, request.args.get("cursor"))
    return render_template(
        "referrer/stores.html",
        stores=[ConnectedStore(row.id, row.store.name, when(row.connected_at)) for row in page.rows],
        next_cursor=page.next_cursor,
    )


@blueprint.get("/refcodes/stores/connect/<token>")
@signed_in()
def show_connection(token: str) -> ResponseReturnValue:
    """Ask whether a store may show the person's results."""
    referrer = get_referrer(read_connection(token))
    if referrer.user_id == current_user().id:
        return redirect(url_for("referrer.stores"), 303)
    return render_template(
        "referrer/show_connection.html",
        store=referrer.store.name,
        token=token,
        terms=find_asked_terms(current_user().id),
    )


@blueprint.post("/refcodes/stores/connect/<token>")
@signed_in(reconfirm=True)
def connect_store(token: str) -> ResponseReturnValue:
    """Connect the account to the store's customer, with what their code earned; then go on to choose its wallet."""
    referrer = get_referrer(read_connection(token))
    if problem := accept_asked_terms(current_user().id, request.form):
        flash(problem, "warning")
        return redirect(url_for("referrer.show_connection", token=token), 303)
    secret = current_portal().settings.stored_key
    code = connect_account(referrer.id, current_user().id, secret)
    flash(
        _("%(store)s shows your results now. You can close this page.", store=referrer.store.name), "success"
    )
    if code is None or code.wallet_address:
        return redirect(url_for("referrer.stores"), 303)
    flash(_("Choose the wallet that receives the rewards of this code."), "info")
    return redirect(url_for("referrer.dashboard", _anchor=f"code-{code.code}"), 303)


@blueprint.post("/refcodes/<code>/wallet")
@signed_in(reconfirm=True)
def choose_code_wallet(code: str) -> ResponseReturnValue:
    """Send what a code from a store earns to a linked wallet, if it has none yet."""
    secret = current_portal().settings.stored_key
    if choose_wallet(current_user().id, code, request.form.get("wallet", ""), secret):
        flash(_("The rewards of code %(code)s go to this wallet.", code=code), "success")
    else:
        flash(_("This code has a wallet already, and it stays."), "warning")
    return redirect(url_for("referrer.dashboard", _anchor=f"code-{code}"), 303)


@blueprint.post("/refcodes/stores/<int:referrer_id>/disconnect")
@signed_in()
def disconnect_store(referrer_id: int) -> ResponseReturnValue:
    """End what a store may show; codes and rewards stay as they are."""
    disconnect_referrer(referrer_id, current_user().id)
    flash(_("The store no longer shows your results."), "success")
    return redirect(url_for("referrer.stores"), 303)
