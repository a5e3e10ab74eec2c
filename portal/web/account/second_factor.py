"""Switch the second factor on and off, and renew its recovery codes."""

from __future__ import annotations

import segno
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
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
from portal.web.account.identity import renew_token
from portal.web.core.access import signed_in
from portal.web.core.security import limiter, sign_in_limit
from portal.web.text.translate import gettext as _

_TEMPLATE = "account/second_factor.html"


@blueprint.get("/account/security/second-factor")
@signed_in()
def second_factor() -> ResponseReturnValue:
    """Show how things stand, and the QR code of an enrolment that was begun."""
    return form_page(_TEMPLATE, {}, {}, **_facts())


@blueprint.post("/account/security/second-factor/start")
@signed_in(reconfirm=True)
def begin_second_factor() -> ResponseReturnValue:
    """Draw a secret to be scanned; it counts once a first code was entered."""
    begin_enrolment(current_user.id, _key())
    return redirect(url_for("account.second_factor"), 303)


@blueprint.post("/account/security/second-factor")
@signed_in(reconfirm=True)
@limiter.limit(sign_in_limit)
def save_second_factor() -> ResponseReturnValue:
    """Switch it on with a first code and show the recovery codes, this once."""
    try:
        codes = enable_factor(
            current_user.id, current_user.session_id, request.form.get("code", ""), current_portal().settings
        )
    except (SecondFactorMissing, SecondFactorPresent):
        return redirect(url_for("account.second_factor"), 303)
    except PortalError as error:
        return refused(_TEMPLATE, error, "code", {}, **_facts())
    return _show_codes(codes)


@blueprint.post("/account/security/second-factor/disable")
@signed_in(reconfirm=True)
@limiter.limit(sign_in_limit)
def remove_second_factor() -> ResponseReturnValue:
    """Switch it off for whoever holds it, or has a recovery code."""
    try:
        prove_second_factor(current_user.id, request.form.get("code", ""), current_portal().settings)
    except PortalError as error:
        return refused(_TEMPLATE, error, "code", {}, **_facts())
    disable_factor(current_user.id, Actor.user(current_user.id))
    renew_token(proven=True)
    current_portal().wake("send_letters")
    flash(_("The second factor is off."), "success")
    return redirect(url_for("account.security"), 303)


@blueprint.post("/account/security/second-factor/recovery-codes")
@signed_in(reconfirm=True)
@limiter.limit(sign_in_limit)
def replace_recovery_codes() -> ResponseReturnValue:
    """Replace the recovery codes and show the new ones, this once."""
    if not current_user.has_second_factor:
        return redirect(url_for("account.second_factor"), 303)
    return _show_codes(renew_codes(current_user.id))


def _show_codes(codes: list[str]) -> ResponseReturnValue:
    renew_token(proven=True)
    current_portal().wake("send_letters")
    return render_template("account/recovery_codes.html", codes=codes)


def _facts() -> dict[str, object]:
    if current_user.has_second_factor:
        return {"recovery_left": count_recovery_codes(current_user.id), "secret": None, "qr": None}
    secret = enrolment_secret(current_user.id, _key())
    # An admin in production is led here before anything else.
    is_required = current_portal().settings.is_production and current_user.role == "admin"
    return {"secret": secret, "qr": _qr(secret) if secret else None, "is_required": is_required}


def _qr(secret: str) -> Markup:
    uri = provisioning_uri(
        secret, current_user.email or current_user.name, current_portal().settings.brand_name
    )
    return Markup(segno.make(uri, error="m").svg_inline(border=4, omitsize=True))  # noqa: S704 - segno's own markup


def _key() -> str:
    return current_portal().settings.secret_key.get_secret_value()
