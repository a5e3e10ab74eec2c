"""Commission statements: what vendors owe, one statement, and its payment."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.commissions import (
    get_statement,
    list_statement_items,
    list_statements,
    page_of_owed_commissions,
)
from portal.commissions import void_statement as void
from portal.db import Actor
from portal.flows.statements.decide_statement import record_statement_payment
from portal.lib.errors import PortalError
from portal.web.admin.commissions.blueprint import blueprint
from portal.web.admin.commissions.filters import read_vendor_view
from portal.web.admin.commissions.section import section_nav
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.locale import select_locale
from portal.web.core.urls import url_for
from portal.web.core.vendor_field import vendor_field
from portal.web.text.messages import error_text
from portal.web.text.statements import owed_rows, statement_item_rows, statement_row
from portal.web.text.translate import gettext as _


@blueprint.get("/statements")
@for_role("admin")
def statements() -> ResponseReturnValue:
    """List the statements, newest first, and what vendors owe, of one vendor where asked."""
    view = read_vendor_view(request.args)
    page = list_statements(request.args.get("cursor"), view.filter)
    owed = page_of_owed_commissions(select_locale(), view.filter, request.args.get("owed"))
    return render_template(
        "admin/commissions/statements.html",
        rows=[statement_row(statement) for statement in page.rows],
        next_cursor=page.next_cursor,
        owed=owed_rows(owed.rows),
        next_owed=owed.next_cursor,
        statements_url=partial(_statements_url, view.query),
        view=view,
        vendor=vendor_field(view.typed["vendor"], None, _("Any")),
        form_errors=list(view.errors.items()),
        section_nav=section_nav(),
    )


def _statements_url(query: dict[str, str], **values: Any) -> str:
    arguments: dict[str, Any] = {**query, **values}
    return url_for("admin.commissions.statements", **arguments)


@blueprint.get("/statements/<int:statement_id>")
@for_role("admin")
def statement(statement_id: int) -> ResponseReturnValue:
    """Show a statement with its settlements."""
    return _statement_page(statement_id)


@blueprint.post("/statements/<int:statement_id>/pay")
@for_role("admin", reconfirm=True)
def pay_statement(statement_id: int) -> ResponseReturnValue:
    """Mark an open statement as paid, with the reference of the payment."""
    try:
        record_statement_payment(
            statement_id, request.form.get("reference", ""), Actor.user(current_user().id)
        )
    except PortalError as error:
        return _refused(statement_id, error)
    flash(_("The statement is paid."), "success")
    return redirect(url_for("admin.commissions.statement", statement_id=statement_id), 303)


@blueprint.post("/statements/<int:statement_id>/void")
@for_role("admin", reconfirm=True)
def void_statement(statement_id: int) -> ResponseReturnValue:
    """Void an open statement, with a reason."""
    try:
        void(statement_id, request.form.get("reason", ""), Actor.user(current_user().id))
    except PortalError as error:
        return _refused(statement_id, error)
    flash(_("The statement is void. Its sales will be included in the next one."), "success")
    return redirect(url_for("admin.commissions.statement", statement_id=statement_id), 303)


def _refused(statement_id: int, error: PortalError) -> ResponseReturnValue:
    """Show the statement with what was wrong; raise the error where no field is to blame."""
    if error.field is None:
        raise error
    return _statement_page(statement_id, {error.field: error_text(error)}), status_of(error)


def _statement_page(statement_id: int, errors: dict[str, str] | None = None) -> str:
    row = get_statement(statement_id)
    page = list_statement_items(statement_id, request.args.get("cursor"))
    return render_template(
        "admin/commissions/statement.html",
        row=statement_row(row),
        items=statement_item_rows(page.rows),
        next_cursor=page.next_cursor,
        errors=errors or {},
        form_errors=list((errors or {}).items()),
        typed={name: request.form.get(name, "") for name in ("reference", "reason")},
        section_nav=section_nav(),
    )
