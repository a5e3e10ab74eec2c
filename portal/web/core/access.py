"""Every route says who may use it; one gate enforces that, and the CSRF token, before the view runs.

A view without a declaration stops the start, so no route can be open by oversight.
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
from portal.web.core.step_up import ask_to_confirm, ask_to_enrol

View = TypeVar("View", bound=Callable[..., Any])

csrf = CSRFProtect()


class RoleRequired(PortalError):
    """The person is signed in but the page is for another role; `role` names it."""

    code = "role_required"


@dataclass(frozen=True)
class Access:
    """Who may call a view: everybody, whoever is signed in, or one role.

    Also whether a CSRF token is due, and whether a change through it asks who is there first (`reconfirm`).
    """

    audience: str
    csrf: bool = True
    reconfirm: bool = False


def public(*, csrf: bool = True) -> Callable[[View], View]:
    """Open a view to everybody; `csrf=False` for what carries its own proof or changes nothing of a person's."""
    return _declare(Access("public", csrf))


def signed_in(*, reconfirm: bool = False) -> Callable[[View], View]:
    """Open a view to whoever is signed in; `reconfirm` for what a borrowed browser must not change."""
    return _declare(Access("signed_in", reconfirm=reconfirm))


def for_role(role: str, *, reconfirm: bool = False) -> Callable[[View], View]:
    """Open a view to one role, `vendor` or `admin`; `reconfirm` for what a borrowed browser must not change."""
    return _declare(Access(role, reconfirm=reconfirm))


def access_of(app: Flask, endpoint: str) -> Access:
    """Return the declared access of an endpoint."""
    view = app.view_functions[endpoint]
    declared: Access = getattr(view, "access", None) or _STATIC_ACCESS
    return declared


def install_gate(app: Flask) -> None:
    """Check every request's access and CSRF token before its view; call after all blueprints are registered."""
    undeclared = [
        name for name, view in app.view_functions.items() if name != "static" and not hasattr(view, "access")
    ]
    if undeclared:
        raise RuntimeError(f"Views without declared access: {', '.join(undeclared)}")
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    csrf.init_app(app)
    app.before_request(_gate)


_STATIC_ACCESS = Access("public", csrf=False)


def _declare(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


def _gate() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None
    access = access_of(current_app, request.endpoint)
    refuse_unstorable(form=access.csrf)
    if access.audience != "public" and find_current_user() is None:
        return _ask_to_sign_in()
    if access.audience in ("vendor", "admin") and current_user().role != access.audience:
        raise RoleRequired(role=access.audience)
    if access.csrf:
        csrf.protect()
    return ask_to_enrol(access.audience) or (ask_to_confirm() if access.reconfirm else None)


def _ask_to_sign_in() -> ResponseReturnValue:
    if wants_json() or request.headers.get("HX-Request") or request.method not in ("GET", "HEAD"):
        raise SignInRequired
    return redirect(url_for("account.login", next=request.script_root + request.full_path.rstrip("?")), 303)
