"""Turn two-factor authentication on and off, and replace its recovery codes."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from portal.accounts import (
    SecondFactorMissing,
    SecondFactorPresent,
    begin_enrolment,
    count_recovery_codes,
    enrolment_secret,
    provisioning_uri,
)
from portal.db import Actor
from portal.flows.accounts.account_security import disable_factor, enable_factor, renew_codes
from portal.flows.accounts.sign_in import prove_second_factor
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.account.forms import form_page, refused
from portal.web.account.identity import current_session, renew_token, start_page
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.core.security import limit_account, limiter, sign_in_limit
from portal.web.core.urls import url_for
from portal.web.text.share_codes import qr_markup
from portal.web.text.translate import gettext as _

_TEMPLATE = "account/second_factor.html"


@blueprint.get("/account/security/second-factor")
@signed_in()
def second_factor() -> ResponseReturnValue:
    """Show whether it is on, and the QR code of a started enrolment."""
    return form_page(_TEMPLATE, {}, {}, **_facts())


@blueprint.post("/account/security/second-factor/start")
@signed_in(reconfirm=True)
@limit_account("account")
def begin_second_factor() -> ResponseReturnValue:
    """Create a secret to scan; it takes effect with the first correct code."""
    begin_enrolment(current_user().id, _key())
    return redirect(url_for("account.second_factor"), 303)


@blueprint.post("/account/security/second-factor")
@signed_in(reconfirm=True)
@limiter.limit(sign_in_limit)
@limit_account("account")
def save_second_factor() -> ResponseReturnValue:
    """Turn it on with a first code and show the recovery codes once."""
    try:
        codes = enable_factor(
            current_user().id,
            current_session(),
            request.form.get("code", ""),
            current_portal().settings,
        )
    except (SecondFactorMissing, SecondFactorPresent):
        return redirect(url_for("account.second_factor"), 303)
    except PortalError as error:
        return refused(_TEMPLATE, error, "code", {}, **_facts())
    # An admin who had to do this goes on with what they came for.
    return _show_codes(codes, start_page() if _is_required() else url_for("account.security"))


@blueprint.post("/account/security/second-factor/disable")
@signed_in(reconfirm=True)
@limiter.limit(sign_in_limit)
@limit_account("account")
def remove_second_factor() -> ResponseReturnValue:
    """Turn it off with a code of the authenticator or a recovery code."""
    try:
        prove_second_factor(current_user().id, request.form.get("code", ""), current_portal().settings)
    except PortalError as error:
        return refused(_TEMPLATE, error, "code", {}, **_facts())
    disable_factor(current_user().id, current_session(), Actor.user(current_user().id))
    renew_token(proven=True)
    current_portal().wake("send_letters")
    flash(_("Two-factor authentication is off."), "success")
    return redirect(url_for("account.security"), 303)


@blueprint.post("/account/security/second-factor/recovery-codes")
@signed_in(reconfirm=True)
@limiter.limit(sign_in_limit)
@limit_account("account")
def replace_recovery_codes() -> ResponseReturnValue:
    """Replace the recovery codes and show the new ones once."""
    if not current_user().has_second_factor:
        return redirect(url_for("account.second_factor"), 303)
    codes = renew_codes(current_user().id, current_session(), current_portal().settings)
    return _show_codes(codes, url_for("account.security"))


def _show_codes(codes: list[str], next_url: str) -> ResponseReturnValue:
    renew_token(proven=True)
    current_portal().wake("send_letters")
    return render_template("account/recovery_codes.html", codes=codes, next_url=next_url)


def _facts() -> dict[str, object]:
    user = current_user()
    if user.has_second_factor:
        return {"has_second_factor": True, "recovery_left": count_recovery_codes(user.id)}
    secret = enrolment_secret(user.id, _key())
    return {
        "has_second_factor": False,
        "secret": secret,
        "qr": _qr(secret) if secret else None,
        "is_required": _is_required(),
    }


def _is_required() -> bool:
    """Return whether the person is redirected here before doing anything else: an admin in production."""
    return current_portal().settings.is_production and current_user().role == "admin"


def _qr(secret: str) -> Markup:
    user = current_user()
    return qr_markup(provisioning_uri(secret, user.email or user.name, current_portal().settings.brand_name))


def _key() -> str:
    return current_portal().settings.stored_key
