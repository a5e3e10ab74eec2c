"""The store credit of the signed-in person: balance per currency and entries."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.db import Actor
from portal.payments import CreditChanged, credit_balances, give_up_credit, list_statement
from portal.web.account.blueprint import blueprint
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.core.outcomes import flash_change
from portal.web.core.security import limit_account
from portal.web.core.urls import url_for
from portal.web.text.format import money
from portal.web.text.messages import error_text
from portal.web.text.payments import statement_rows
from portal.web.text.translate import gettext as _


@blueprint.get("/account/credit")
@signed_in()
def credit() -> ResponseReturnValue:
    """Show the balances and entries, newest first."""
    user_id = current_user().id
    owned = [(code, minor, money(minor, code)) for code, minor in credit_balances(user_id).items() if minor]
    return render_template("account/credit.html", owned=owned, **read_statement(user_id))


@blueprint.post("/account/credit/give-up")
@signed_in(reconfirm=True)
@limit_account("account")
def save_given_up_credit() -> ResponseReturnValue:
    """Give up all credit of a currency, for example before the account is erased."""
    currency, seen = request.form.get("currency", ""), request.form.get("seen_minor", 0, type=int)
    here = redirect(url_for("account.credit"), 303)
    if request.form.get("confirmed") != "1":
        flash(_("Tick the box to confirm that this cannot be undone."), "warning")
        return here
    try:
        is_changed = give_up_credit(current_user().id, currency, seen, Actor.user(current_user().id))
    except CreditChanged as error:
        flash(error_text(error), "warning")
        return here
    # What was not changed may name no currency.
    flash_change(
        is_changed,
        _("You have given up your credit of %(amount)s.", amount=money(seen, currency) if is_changed else ""),
    )
    return here


def read_statement(user_id: int) -> dict[str, Any]:
    """Return the context of a statement page, for the currency and page of the URL."""
    balances = credit_balances(user_id)
    currency = request.args.get("currency", "")
    currency = currency if currency in balances else ""
    page = list_statement(user_id, request.args.get("cursor"), currency)
    return {
        "balances": [(code, money(minor, code)) for code, minor in balances.items()],
        "currency": currency,
        "rows": statement_rows(page.rows),
        "next_cursor": page.next_cursor,
        "is_further": "cursor" in request.args,
    }
