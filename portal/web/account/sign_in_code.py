"""The second step of signing in: a code of the authenticator or a recovery code."""

from __future__ import annotations

from flask import flash, redirect, request, session
from flask.typing import ResponseReturnValue

from portal.accounts import SessionUnknown, find_pending_session
from portal.flows.accounts.sign_in import finish_sign_in
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.account.forms import form_page, refused
from portal.web.account.identity import (
    PENDING_KEY,
    PENDING_NEXT,
    adopt,
    current_device,
    reset_session,
    start_page,
)
from portal.web.core.access import public
from portal.web.core.requests import local_path
from portal.web.core.security import limiter, sign_in_limit
from portal.web.core.urls import url_for
from portal.web.text.translate import gettext as _

_TEMPLATE = "account/sign_in_code.html"


@blueprint.get("/login/second-factor")
@public()
def sign_in_code() -> ResponseReturnValue:
    """Show the code form; without a pending sign-in, redirect to the first step."""
    if find_pending_session(session.get(PENDING_KEY, "")) is None:
        return redirect(url_for("account.login"), 303)
    return form_page(_TEMPLATE, {}, {})


@blueprint.post("/login/second-factor")
@public()
@limiter.limit(sign_in_limit)
def save_sign_in_code() -> ResponseReturnValue:
    """Check the code and open the session."""
    waiting = session.get(PENDING_KEY, "")
    target = local_path(session.get(PENDING_NEXT))
    try:
        token = finish_sign_in(
            waiting, request.form.get("code", ""), current_device(), current_portal().settings
        )
    except SessionUnknown:
        flash(_("That took too long. Sign in again."), "warning")
        return redirect(url_for("account.login"), 303)
    except PortalError as error:
        return refused(_TEMPLATE, error, "code", {})
    reset_session()
    adopt(token)
    return redirect(target or start_page(), 303)
