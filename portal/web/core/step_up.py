"""Ask again who is there before what a borrowed browser must not do (docs/accounts.md).

It applies to accounts with a second factor, and to everybody in production: demo sign-ins stay convenient. A form
that is stopped here keeps its values: they travel through the confirmation and are sent again by the person.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from portal.accounts import list_wallet_addresses
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.core.current_user import current_user
from portal.web.core.locale import LOCALES
from portal.web.core.requests import is_htmx, local_path, wants_json

# A password never travels through another page; its form asks for it again.
_NEVER_KEPT = {"csrf_token", "password", "present", "code"}
# What an admin who has to enrol may still open.
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
    """The person has to confirm who they are first: `/account/confirm`."""

    code = "step_up_required"


class SecondFactorRequired(PortalError):
    """An admin in production has to switch on a second factor before anything else."""

    code = "second_factor_required"


def is_confirmation_due() -> bool:
    """Tell whether the person at this session has to confirm who they are."""
    settings = current_portal().settings
    applies = settings.is_production or current_user().has_second_factor
    return bool(applies and current_user().seconds_since_proof >= settings.step_up_minutes * 60)


def ask_to_confirm() -> ResponseReturnValue | None:
    """Stop a change until the person has confirmed; None when nothing is due. Raises StepUpRequired."""
    if request.method in ("GET", "HEAD") or not is_confirmation_due():
        return None
    if wants_json() or is_htmx():
        raise StepUpRequired
    return make_response(confirmation_page(_here(), _kept_form(), came_from()), 403)


def ask_to_enrol(audience: str) -> ResponseReturnValue | None:
    """Lead an admin without a second factor to it, in production; raise SecondFactorRequired to programs."""
    if audience == "public" or not current_portal().settings.is_production:
        return None
    if (
        current_user().role != "admin"
        or current_user().has_second_factor
        or request.endpoint in _BEFORE_ENROLMENT
    ):
        return None
    if wants_json() or is_htmx() or request.method not in ("GET", "HEAD"):
        raise SecondFactorRequired
    return redirect(url_for("account.second_factor"), 303)


def confirmation_page(target: str, kept: str, back: str, errors: dict[str, str] | None = None) -> str:
    """Return the page that asks for a proof; `target` and `kept` are what goes on afterwards."""
    errors = errors or {}
    return render_template(
        "account/confirm.html",
        target=target,
        kept=kept,
        back=back,
        errors=errors,
        has_wallets=bool(list_wallet_addresses(current_user().id)),
        form_errors=list(errors.items()),
    )


def kept_fields(kept: str) -> list[tuple[str, str]]:
    """Return the fields of a stopped form, in their order."""
    return parse_qsl(kept, keep_blank_values=True)


def is_form_target(target: str) -> bool:
    """Tell whether an address is a form of this portal that asks for confirmation: only those are sent again."""
    path = urlsplit(local_path(target) or "").path
    first, _slash, rest = path.removeprefix("/").partition("/")
    bare = f"/{rest}" if first in LOCALES else path
    try:
        endpoint, _arguments = current_app.url_map.bind("").match(bare, method="POST")
    except HTTPException:
        return False
    access = getattr(current_app.view_functions[endpoint], "access", None)
    return bool(access and access.reconfirm)


def came_from() -> str:
    """Return the page of this portal that the request came from, else the start page."""
    here, referer = urlsplit(request.host_url), urlsplit(request.referrer or "")
    path = f"{referer.path}?{referer.query}" if referer.query else referer.path
    return (local_path(path) if referer.netloc == here.netloc else None) or url_for("shop.catalogue")


def _here() -> str:
    return request.script_root + request.full_path.rstrip("?")


def _kept_form() -> str:
    fields = [pair for pair in request.form.items(multi=True) if pair[0] not in _NEVER_KEPT]
    return urlencode(fields)
