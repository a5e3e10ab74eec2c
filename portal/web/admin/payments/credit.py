"""Internal credit: find an account, show its statement, add credit with a reason."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts import UserUnknown
from portal.flows.accounts.top_up_credit import CreditToSelf, find_person, top_up_credit
from portal.lib.addresses import AddressChecksumWrong
from portal.lib.currencies import list_currencies
from portal.lib.errors import InputInvalid, PortalError
from portal.payments import CreditKeyInvalid
from portal.runtime import current_portal
from portal.web.account.credit import read_statement
from portal.web.admin.payments.blueprint import blueprint
from portal.web.admin.payments.section import payment_nav
from portal.web.core.access import for_role
from portal.web.core.current_user import current_user
from portal.web.core.errors import status_of
from portal.web.core.urls import url_for
from portal.web.text.format import money
from portal.web.text.messages import error_text, error_texts
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import User

_FIELDS = ("amount", "currency", "reason")


@blueprint.get("/credit")
@for_role("admin")
def credit() -> ResponseReturnValue:
    """Show the search form, or an account's credit and the form that adds to it."""
    account = request.args.get("account", "").strip()
    if not account:
        return _credit_page("", None, {})
    try:
        return _credit_page(account, find_person(account), {})
    except (UserUnknown, AddressChecksumWrong) as error:
        return _credit_page(account, None, {"account": error_text(error)}), status_of(error)


@blueprint.post("/credit")
@for_role("admin", reconfirm=True)
def add_credit() -> ResponseReturnValue:
    """Add credit to an account; the same form sent twice adds once."""
    form = request.form
    account = form.get("account", "").strip()
    typed = {name: form.get(name, "") for name in _FIELDS}
    try:
        result = top_up_credit(
            account,
            **typed,
            request_id=form.get("creditKey", ""),
            admin_id=current_user().id,
            settings=current_portal().settings,
        )
    except InputInvalid as error:
        return _refused(account, error_texts(error), max(status_of(inner) for inner in error.fields.values()))
    except CreditToSelf as error:
        return _refused(account, {"account": error_text(error)}, status_of(error))
    except CreditKeyInvalid as error:
        return _refused(account, {"": error_text(error)}, status_of(error))
    if result.waits:
        flash(_("A second admin has to confirm this amount. Nothing has been added yet."), "warning")
    elif result.balance_minor is None:
        flash(_("This form was already sent. Nothing was added again."), "info")
    else:
        balance_text = money(result.balance_minor, typed["currency"].strip().upper())
        flash(_("The credit is added. The balance is now %(balance)s.", balance=balance_text), "success")
    return redirect(url_for("admin.payments.credit", account=account), 303)


def _refused(account: str, errors: dict[str, str], status: int) -> ResponseReturnValue:
    try:
        person = find_person(account)
    except PortalError:
        person = None
    return _credit_page(account, person, errors), status


def _credit_page(account: str, person: User | None, errors: dict[str, str]) -> str:
    statement: dict[str, Any] = read_statement(person.id) if person else {}
    # A form with invalid fields keeps its key; one whose key was used gets a new one.
    key = request.form.get("creditKey") if "" not in errors else None
    return render_template(
        "admin/payments/credit.html",
        account=account,
        person=person.name if person else None,
        # A linked wallet is proven, so an account that was found by it is its owner's.
        is_unconfirmed=person is not None and "@" in account and person.email_confirmed_at is None,
        currencies=[(code, code) for code in list_currencies()],
        values={name: request.form.get(name, "") for name in _FIELDS},
        errors=errors,
        form_errors=list(errors.items()),
        credit_key=key or secrets.token_urlsafe(24),
        section_nav=payment_nav(),
        **statement,
    )
