"""The store credit of the signed-in person: balance per currency and entries."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.payments import credit_balances, list_statement
from portal.web.account.blueprint import blueprint
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.text.format import money
from portal.web.text.payments import statement_rows


@blueprint.get("/account/credit")
@signed_in()
def credit() -> ResponseReturnValue:
    """Show the balances and entries, newest first."""
    return render_template("account/credit.html", **read_statement(current_user().id))


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
