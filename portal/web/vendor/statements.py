"""The vendor's own commission statements, and their payment by a provider."""

from __future__ import annotations

from functools import partial

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue import list_vendors_of_user
from portal.commissions import (
    StatementStatusConflict,
    get_statement,
    list_statement_items,
    list_statements,
    page_of_owed_commissions,
)
from portal.flows.statements.begin_payment import begin_statement_payment, find_statement_payment
from portal.lib.errors import PortalError
from portal.payments import PaymentInProgress, list_providers
from portal.runtime import current_portal
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.departure import depart
from portal.web.core.errors import status_of
from portal.web.core.locale import select_locale
from portal.web.core.security import limit_account
from portal.web.core.urls import url_for
from portal.web.text.checkout import provider_view
from portal.web.text.messages import error_text
from portal.web.text.statements import owed_rows, statement_item_rows, statement_row
from portal.web.vendor.earnings import blueprint


@blueprint.get("/statements")
@for_role("vendor")
def statements() -> ResponseReturnValue:
    """List the statements, newest first, and what is owed."""
    ids = _vendor_ids()
    page = list_statements(request.args.get("cursor"), ids)
    owed = page_of_owed_commissions(select_locale(), ids, request.args.get("owed"))
    return render_template(
        "vendor/statements.html",
        rows=[statement_row(statement) for statement in page.rows],
        next_cursor=page.next_cursor,
        owed=owed_rows(owed.rows),
        next_owed=owed.next_cursor,
        statements_url=partial(url_for, "vendor.statements"),
    )


@blueprint.get("/statements/<int:statement_id>")
@for_role("vendor")
def statement(statement_id: int) -> ResponseReturnValue:
    """Show a statement with its settlements; another vendor's is not found."""
    return _statement_page(statement_id)


@blueprint.post("/statements/<int:statement_id>/pay")
@for_role("vendor")
@limit_account("payments")
def pay_statement(statement_id: int) -> ResponseReturnValue:
    """Send the vendor to a payment provider to pay an open statement."""
    try:
        departure = begin_statement_payment(
            statement_id,
            _vendor_ids(),
            current_user().row,
            select_locale(),
            current_portal().settings,
            request.form.get("method", ""),
        )
    except (StatementStatusConflict, PaymentInProgress) as error:
        return _statement_page(statement_id, error), status_of(error)
    return depart(departure)


def _statement_page(statement_id: int, error: PortalError | None = None) -> str:
    row = get_statement(statement_id, _vendor_ids())
    page = list_statement_items(statement_id, request.args.get("cursor"))
    payment = find_statement_payment(statement_id)
    return render_template(
        "vendor/statement.html",
        row=statement_row(row),
        items=statement_item_rows(page.rows),
        next_cursor=page.next_cursor,
        payment_status=payment.status if payment else "",
        providers=[provider_view(provider) for provider in list_providers(current_portal().settings)],
        form_errors=[("", error_text(error))] if error else [],
    )


def _vendor_ids() -> list[int]:
    return [vendor.id for vendor in list_vendors_of_user(current_user().id, select_locale())]
