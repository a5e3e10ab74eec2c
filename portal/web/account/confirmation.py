"""Re-authentication by password, code or wallet, after which the interrupted action continues (`step_up`)."""

from __future__ import annotations

from flask import jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.accounts import get_user
from portal.flows.accounts.confirm_identity import confirm_with_wallet, request_wallet_proof
from portal.flows.accounts.sign_in import prove_password, prove_second_factor
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.account.forms import error_fields
from portal.web.account.identity import current_device, renew_token
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.core.requests import json_body, local_path, text_field
from portal.web.core.security import limit_account, limiter, sign_in_limit
from portal.web.core.step_up import (
    came_from,
    confirmation_page,
    form_words,
    is_confirmation_due,
    is_interrupted_form,
    kept_fields,
)
from portal.web.core.urls import url_for
from portal.web.text.sensitive_changes import entry_rows


@blueprint.get("/account/confirm")
@signed_in()
def confirm() -> ResponseReturnValue:
    """Show the confirmation page to which a script was sent."""
    target = local_path(request.args.get("next")) or url_for("shop.catalogue")
    return confirmation_page(target, "", target)


@blueprint.post("/account/confirm")
@signed_in()
@limiter.limit(sign_in_limit)
@limit_account("account")
def confirm_identity() -> ResponseReturnValue:
    """Check the proof, then continue with a page or with the interrupted form and its values."""
    form = request.form
    target = local_path(form.get("target")) or url_for("shop.catalogue")
    back, kept, seal = local_path(form.get("back")) or came_from(), form.get("kept", ""), form.get("seal", "")
    words = form_words(target) if is_interrupted_form(seal, target, kept) else None
    try:
        _check(form.get("present", ""), form.get("code", ""))
    except PortalError as error:
        errors, status = error_fields(error, "code" if form.get("code") else "present")
        return confirmation_page(target, kept, back, errors, seal=seal if words else ""), status
    if words is None:
        return redirect(back if kept else target, 303)
    fields = kept_fields(kept)
    return render_template(
        "account/continue.html",
        target=target,
        change=words,
        fields=fields,
        entries=entry_rows(fields),
        back=back,
    )


@blueprint.post("/api/account/confirm/challenge")
@signed_in()
@limiter.limit(sign_in_limit)
@limit_account("account")
def request_confirmation() -> ResponseReturnValue:
    """Return the message that confirms the person once a wallet of the account has signed it."""
    address = text_field(json_body(), "address")
    portal = current_portal()
    return jsonify(message=request_wallet_proof(current_user().id, address, portal.chain, portal.settings))


@blueprint.post("/api/account/confirm")
@signed_in()
@limiter.limit(sign_in_limit)
@limit_account("account")
def confirm_by_wallet() -> ResponseReturnValue:
    """Confirm the person by the signature of a linked wallet."""
    body = json_body()
    confirm_with_wallet(
        current_user().id, text_field(body, "address"), text_field(body, "signature"), current_portal().chain
    )
    renew_token(proven=True)
    return jsonify(success=True)


def _check(password: str, code: str) -> None:
    """Check the submitted proof; none is needed right after a wallet signature."""
    user_id = current_user().id
    if code:
        prove_second_factor(user_id, code, current_portal().settings)
    elif password or is_confirmation_due():
        prove_password(get_user(user_id), password, current_device(), current_portal().settings)
    else:
        return
    renew_token(proven=True)
