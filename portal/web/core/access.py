"""Access control: every view declares its audience, and one check enforces it and the CSRF token.

The application does not start with an undeclared view, so no route is public by oversight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, current_app, redirect, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import RequestEntityTooLarge

from portal.flows.accounts.sign_in_log import record_refused_access
from portal.lib.errors import PortalError
from portal.runtime import current_portal
from portal.web.core.current_user import SignInRequired, current_user, find_current_user
from portal.web.core.fetch_metadata import is_foreign
from portal.web.core.requests import refuse_unstorable, wants_json
from portal.web.core.step_up import require_confirmation, require_enrolment
from portal.web.core.urls import url_for

View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()
# What a form has beside its file.
_FORM_BYTES = 64 * 1024


class RoleRequired(PortalError):
    """The signed-in person does not have the role the page is for; `role` names it."""

    code = "role_required"


class UploadTooLarge(PortalError):
    """A file is larger than the form allows; param at_most (MB)."""

    code = "upload_too_large"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a view: `public`, `signed_in` or one role.

    `csrf` requires a CSRF token; `reconfirm` requires recent re-authentication. `body_limit` is the size in bytes of
    the file that a form of these people may carry; None keeps the limit of all other requests.
    """

    audience: str
    csrf: bool = True
    reconfirm: bool = False
    body_limit: int | None = None


def public(*, csrf: bool = True) -> Callable[[View], View]:
    """Allow everyone; `csrf=False` for requests that are authenticated otherwise or change no personal data."""
    return _declare(Access("public", csrf))


def signed_in(*, reconfirm: bool = False) -> Callable[[View], View]:
    """Allow signed-in people; `reconfirm` requires recent re-authentication."""
    return _declare(Access("signed_in", reconfirm=reconfirm))


def for_role(role: str, *, reconfirm: bool = False, body_limit: int | None = None) -> Callable[[View], View]:
    """Allow one role, `vendor` or `admin`; `reconfirm` requires recent re-authentication.

    `body_limit` allows a file of so many bytes.
    """
    return _declare(Access(role, reconfirm=reconfirm, body_limit=body_limit))


def access_of(app: Flask, endpoint: str) -> Access:
    """Return the declared access of an endpoint."""
    view = app.view_functions[endpoint]
    declared: Access = getattr(view, "access", None) or _STATIC_ACCESS
    return declared


def install_gate(app: Flask) -> None:
    """Check access and the CSRF token of every request; call after all blueprints are registered."""
    undeclared = [
        name for name, view in app.view_functions.items() if name != "static" and not hasattr(view, "access")
    ]
    if undeclared:
        raise RuntimeError(f"Views without declared access: {', '.join(undeclared)}")
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    # Pages of links with a token send no referrer, so their forms have none; the origin is checked instead.
    app.config["WTF_CSRF_SSL_STRICT"] = False
    csrf.init_app(app)
    app.before_request(_check_access)
    # Long files are in temporary files until then.
    app.teardown_request(lambda _error: request.close())


_STATIC_ACCESS = Access("public", csrf=False)


def _declare(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


def _check_access() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None
    access = access_of(current_app, request.endpoint)
    _read_form(access)
    if access.audience != "public" and find_current_user() is None:
        return _require_sign_in()
    if access.audience in ("vendor", "admin") and current_user().role != access.audience:
        record_refused_access(current_user().id, request.endpoint, access.audience)
        raise RoleRequired(role=access.audience)
    if access.csrf:
        _refuse_other_origins()
        csrf.protect()
    return require_enrolment(access.audience) or (require_confirmation() if access.reconfirm else None)


def _read_form(access: Access) -> None:
    """Read the form, a long one only from people who may send a file, and refuse characters that cannot be stored."""
    user = find_current_user() if access.body_limit else None
    if access.body_limit is None or user is None or user.role != access.audience:
        refuse_unstorable(form=access.csrf)
        return
    request.max_content_length = access.body_limit + _FORM_BYTES
    try:
        refuse_unstorable(form=access.csrf)
    except RequestEntityTooLarge:
        raise UploadTooLarge(at_most=access.body_limit // 1024**2) from None


def _refuse_other_origins() -> None:
    """Raise CSRFError for a form of another site, where the browser names the origin; the token decides elsewhere."""
    # Without Fetch Metadata, "null" is also what pages that send no referrer have as their origin.
    is_unnamed = request.headers.get("Origin") == "null" and "Sec-Fetch-Site" not in request.headers
    if request.method in ("GET", "HEAD", "OPTIONS") or is_unnamed:
        return
    if is_foreign(request.environ, current_portal().settings.app_url):
        raise CSRFError("The request comes from another origin.")


def _require_sign_in() -> ResponseReturnValue:
    if wants_json() or request.headers.get("HX-Request") or request.method not in ("GET", "HEAD"):
        raise SignInRequired
    return redirect(url_for("account.login", next=request.script_root + request.full_path.rstrip("?")), 303)
