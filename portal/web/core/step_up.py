"""Require recent re-authentication for sensitive actions (docs/accounts.md).

It applies to accounts with a second factor, and to every account in production. A form that is interrupted keeps its
values: they pass through the confirmation page, sealed, and the person sees and submits them again.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import HTTPException

from portal.accounts import list_wallet_addresses
from portal.lib.errors import PortalError
from portal.lib.signing import timed_serializer
from portal.lib.urls import split_url
from portal.runtime import current_portal
from portal.web.core.current_user import current_user
from portal.web.core.locale import LOCALES
from portal.web.core.requests import is_htmx, local_path, wants_json
from portal.web.core.urls import url_for
from portal.web.text.sensitive_changes import change_text

_SEAL_SECONDS = 3600
# Secrets are never carried through another page; the form asks for them again. Those of stores begin with "secret".
_NEVER_CARRIED = {"csrf_token", "password", "present", "code"}
# What an admin can open before enrolling a second factor.
_BEFORE_ENROLMENT = {
    "account.logout",
    "account.confirm",
    "account.confirm_identity",
    "account.request_confirmation",
    "account.confirm_by_wallet",
    "account.second_factor",
    "account.begin_second_factor",
    "account.save_second_factor",
}


class StepUpRequired(PortalError):
    """The action needs a recent proof of identity, which `/account/confirm` takes."""

    code = "step_up_required"


class SecondFactorRequired(PortalError):
    """An admin in production needs a second factor before doing anything else."""

    code = "second_factor_required"


def is_confirmation_due() -> bool:
    """Return whether the session needs a new proof of identity."""
    settings, user = current_portal().settings, current_user()
    applies = settings.is_production or user.has_second_factor
    return applies and user.seconds_since_proof >= settings.step_up_minutes * 60


def require_confirmation() -> ResponseReturnValue | None:
    """Return the confirmation page where a change needs it, else None; raise StepUpRequired to scripts."""
    if request.method in ("GET", "HEAD") or not is_confirmation_due():
        return None
    if wants_json() or is_htmx():
        raise StepUpRequired
    target, kept = _here(), _kept_form()
    page = confirmation_page(target, kept, came_from(), seal=_seal().dumps(_sealed(target, kept)))
    return make_response(page, 403)


def require_enrolment(audience: str) -> ResponseReturnValue | None:
    """Redirect an admin in production to set up a second factor; raise SecondFactorRequired to scripts."""
    if audience == "public" or not current_portal().settings.is_production:
        return None
    if current_user().role != "admin" or current_user().has_second_factor:
        return None
    if request.endpoint in _BEFORE_ENROLMENT:
        return None
    if wants_json() or is_htmx() or request.method not in ("GET", "HEAD"):
        raise SecondFactorRequired
    return redirect(url_for("account.second_factor"), 303)


def confirmation_page(
    target: str, kept: str, back: str, errors: dict[str, str] | None = None, *, seal: str = ""
) -> str:
    """Return the page that takes a proof of identity.

    Args:
        target: the path to continue with.
        kept: the interrupted form as `kept_fields` reads it, or "".
        back: the path of the cancel link.
        errors: sentences by field.
        seal: the signature of the interrupted form, "" where no form was interrupted.
    """
    errors = errors or {}
    user = current_user()
    return render_template(
        "account/confirm.html",
        target=target,
        kept=kept,
        back=back,
        seal=seal,
        change=form_words(target) if seal else None,
        errors=errors,
        has_wallets=bool(list_wallet_addresses(user.id)),
        has_password=user.has_password,
        has_second_factor=user.has_second_factor,
        form_errors=list(errors.items()),
    )


def is_interrupted_form(seal: str, target: str, kept: str) -> bool:
    """Return whether the portal interrupted exactly this form for this person, at most an hour ago.

    Otherwise a link could have a person confirm, and then submit, what another one filled in.
    """
    try:
        return bool(_seal().loads(seal, max_age=_SEAL_SECONDS) == _sealed(target, kept))
    except BadSignature:
        return False


def _seal() -> URLSafeTimedSerializer:
    secret_key = current_portal().settings.secret_key.get_secret_value()
    return timed_serializer(secret_key, "interrupted-form")


def _sealed(target: str, kept: str) -> list[object]:
    digest = hashlib.sha256(f"{target}\n{kept}".encode()).hexdigest()
    return [current_user().id, current_user().session_id, digest]


def form_words(target: str) -> str | None:
    """Return what the form at a path changes, None for a path that is no form or needs no proof."""
    route = _form_route(target)
    return change_text(*route) if route else None


def kept_fields(kept: str) -> list[tuple[str, str]]:
    """Return the fields of an interrupted form in their order; `kept` is what the portal has sealed."""
    text = zlib.decompress(base64.urlsafe_b64decode(kept)).decode() if kept else ""
    return parse_qsl(text, keep_blank_values=True)


def _form_route(target: str) -> tuple[str, Mapping[str, Any]] | None:
    """Return endpoint and parameters of a form that requires a proof; only those are resubmitted."""
    path = urlsplit(local_path(target) or "").path
    first, _slash, rest = path.removeprefix("/").partition("/")
    bare = f"/{rest}" if first in LOCALES else path
    try:
        endpoint, arguments = current_app.url_map.bind("").match(bare, method="POST")
    except HTTPException:
        return None
    access = getattr(current_app.view_functions[endpoint], "access", None)
    is_form = access and access.reconfirm and not bare.startswith("/api/")
    return (endpoint, arguments) if is_form else None


def came_from() -> str:
    """Return the path of the portal page the request came from, else the start page."""
    here, referer = split_url(request.host_url), split_url(request.referrer or "")
    path = f"{referer.path}?{referer.query}" if referer.query else referer.path
    return (local_path(path) if referer.netloc == here.netloc else None) or url_for("shop.catalogue")


def _here() -> str:
    return request.script_root + request.full_path.rstrip("?")


def _kept_form() -> str:
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in _NEVER_CARRIED and not name.startswith("secret")
    ]
    # Written out, a form of long Cyrillic texts would exceed what the confirmation page may send.
    return base64.urlsafe_b64encode(zlib.compress(urlencode(fields).encode())).decode() if fields else ""
