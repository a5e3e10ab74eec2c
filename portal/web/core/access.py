"""Access control: every view declares its audience, and one check enforces it and the CSRF token.

The application does not start with an undeclared view, so no route is public by oversight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from portal.lib.errors import PortalError
from portal.web.core.current_user import SignInRequired, current_user, find_current_user
from portal.web.core.requests import refuse_unstorable, wants_json
from portal.web.core.step_up import require_confirmation, require_enrolment

View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()


class RoleRequired(PortalError):
    """The signed-in person does not have the role the page is for; `role` names it."""

    code = "role_required"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a view: `public`, `signed_in` or one role.

    `csrf` requires a CSRF token; `reconfirm` requires recent re-authentication.
    """

    audience: str
    csrf: bool = True
    reconfirm: bool = False


def public(*, csrf: bool = True) -> Callable[[View], View]:
    """Allow everyone; `csrf=False` for requests that are authenticated otherwise or change no personal data."""
    return _declare(Access("public", csrf))


def signed_in(*, reconfirm: bool = False) -> Callable[[View], View]:
    """Allow signed-in people; `reconfirm` requires recent re-authentication."""
    return _declare(Access("signed_in", reconfirm=reconfirm))


def for_role(role: str, *, reconfirm: bool = False) -> Callable[[View], View]:
    """Allow one role, `vendor` or `admin`; `reconfirm` requires recent re-authentication."""
    return _declare(Access(role, reconfirm=reconfirm))


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
    csrf.init_app(app)
    app.before_request(_check_access)


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
    refuse_unstorable(form=access.csrf)
    if access.audience != "public" and find_current_user() is None:
        return _require_sign_in()
    if access.audience in ("vendor", "admin") and current_user().role != access.audience:
        raise RoleRequired(role=access.audience)
    if access.csrf:
        csrf.protect()
    return require_enrolment(access.audience) or (require_confirmation() if access.reconfirm else None)


def _require_sign_in() -> ResponseReturnValue:
    if wants_json() or request.headers.get("HX-Request") or request.method not in ("GET", "HEAD"):
        raise SignInRequired
    return redirect(url_for("account.login", next=request.script_root + request.full_path.rstrip("?")), 303)
