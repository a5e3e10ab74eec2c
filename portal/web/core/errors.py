"""Answer errors: as JSON to programs, as a fragment to htmx, as a page to people."""

from __future__ import annotations

from typing import Any, NamedTuple

import flask_login
from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import BadHost, HTTPException

from portal.db import DatabaseAway, report_outage
from portal.db.connection import DATABASE_ERRORS
from portal.db.outage import is_outcome_unknown
from portal.lib.errors import InputInvalid, PortalError
from portal.logs import get_logger
from portal.web.core.request_id import current_request_id
from portal.web.core.requests import FieldInvalid, is_htmx, wants_json
from portal.web.core.step_up import came_from
from portal.web.core.urls import url_for
from portal.web.text.messages import error_text, error_texts, status_of, status_of_code
from portal.web.text.translate import gettext as _

__all__ = ["answer_error", "install_errors", "status_of", "status_of_code"]

log = get_logger(__name__)

_HTTP_CODES = {
    400: "body_malformed",
    401: "sign_in_required",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    429: "rate_limited",
}
_LOGGED_REFUSALS = {"cron_secret_wrong", "csrf_invalid", "store_key_invalid"}
# For a database that is away or whose pool of connections is in use.
_RETRY_SECONDS = 5
# Their sentences already say what to do next.
_SELF_EXPLANATORY = {"chain_away", "chain_node_refused", "csrf_invalid", "database_away", "internal"}
# The title of the page and its next step say more than their sentences, which are for programs.
_TITLED = {*_HTTP_CODES.values(), "role_required"}


def install_errors(app: Flask) -> None:
    """Register a handler for every error the application can raise."""
    app.register_error_handler(PortalError, answer_error)
    app.register_error_handler(CSRFError, lambda _error: _answer("csrf_invalid"))
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(BadHost, _answer_bad_host)
    for kind in DATABASE_ERRORS:
        app.register_error_handler(kind, _answer_database)
    app.register_error_handler(Exception, _answer_unexpected)


def answer_error(error: PortalError) -> ResponseReturnValue:
    """Return the response to an error in the format of the request."""
    _ensure_viewer(error)
    status = status_of(error)
    is_outage = report_outage(error)
    retry_after = _RETRY_SECONDS if is_outage else error.params.get("retry_after")
    is_refusal = retry_after is not None or status == 403 or error.code in _LOGGED_REFUSALS
    if is_refusal and not is_outage:
        log.warning("request refused", code=error.code, method=request.method, endpoint=request.endpoint)
    elif status == 503 and not is_outage:
        log.error("request failed", code=error.code, error=str(error))
    elif status >= 500 and not is_outage:
        log.error("request failed", code=error.code, exc_info=error)
    response = _as_json(error, status) if wants_json() else _as_html(error, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _ensure_viewer(error: PortalError) -> None:
    """Render the error for an anonymous viewer where loading the account would fail again."""
    try:
        if isinstance(error, DatabaseAway):
            raise error
        bool(flask_login.current_user)
    except (DatabaseAway, *DATABASE_ERRORS):
        g._login_user = flask_login.AnonymousUserMixin()


def _answer(code: str) -> ResponseReturnValue:
    error = PortalError()
    error.code = code
    return answer_error(error)


def _answer_http(error: HTTPException) -> ResponseReturnValue:
    if error.code is not None and error.code < 400:
        return error.get_response()
    status = error.code or 500
    answer = make_response(
        _answer(_HTTP_CODES.get(status, "internal" if status >= 500 else "body_malformed"))
    )
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def _answer_bad_host(error: BadHost) -> ResponseReturnValue:
    """Answer an invalid Host header; no page can be rendered, since no URL can be built from it."""
    return _answer("body_malformed") if wants_json() else error.get_response()


def _answer_database(error: Exception) -> ResponseReturnValue:
    is_change = request.method not in ("GET", "HEAD", "OPTIONS")
    away = DatabaseAway(is_outcome_unknown=is_change and is_outcome_unknown(error))
    away.__cause__ = error
    return answer_error(away)


def _answer_unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("unexpected error", method=request.method, path=request.path)
    if current_app.testing and current_app.config.get("PROPAGATE_UNEXPECTED", True):
        raise error
    return _answer("internal")


def _as_json(error: PortalError, status: int) -> Response:
    body: dict[str, Any] = {"code": error.code, "message": error_text(error)}
    if isinstance(error, InputInvalid):
        body["fields"] = error_texts(error)
    elif error.field:
        body["fields"] = {error.field: body["message"]}
    if "status" in error.params:
        body["status"] = error.params["status"]
    response = jsonify({"error": body})
    response.status_code = status
    return response


def _as_html(error: PortalError, status: int) -> Response:
    template = "errors/_error.html" if is_htmx() else "errors/page.html"
    way = _way_out_of(error.code) or _way_out(status)
    body = render_template(
        template,
        code=status,
        title=way.title,
        message="" if error.code in _TITLED else _sentence(error),
        next_step=None if error.code in _SELF_EXPLANATORY else way.next_step,
        action_url=way.url,
        action_label=way.label,
        shell_quiet=status >= 500,
        request_id=current_request_id() if status >= 500 else "",
    )
    response = make_response(body, status)
    if is_htmx():
        # Never the target, which may be a row of a table. What may work again, or a form, leaves the page as it is.
        is_final = request.method == "GET" and status < 500 and status != 429
        response.headers["HX-Retarget"] = (
            "#main" if is_final or error.code == "step_up_required" else "#toasts"
        )
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _sentence(error: PortalError) -> str:
    """Return the sentence of an error, with the field where the page has none to show it at."""
    text = error_text(error)
    return f"{error.field}: {text}" if isinstance(error, FieldInvalid) and error.field else text


class _WayOut(NamedTuple):
    """What an error page offers: its title, what to do next, and a link."""

    title: str
    next_step: str
    url: str
    label: str


def _way_out_of(code: str) -> _WayOut | None:
    """Return the way out of an error that needs its own, None for any other."""
    if code == "csrf_invalid":
        return _WayOut(_("This page has expired"), "", came_from(), _("Reload"))
    if code == "step_up_required":
        url = url_for("account.confirm", next=came_from())
        return _WayOut(_("Confirm that it is you"), _("Nothing was changed yet."), url, _("Confirm"))
    if code == "second_factor_required":
        url = url_for("account.second_factor")
        return _WayOut(
            _("Turn on two-factor authentication"), _("Nothing was changed yet."), url, _("Continue")
        )
    return None


def _way_out(status: int) -> _WayOut:
    store = (request.script_root + "/", _("Go to the store"))
    is_page = request.method == "GET" and not is_htmx()
    here = request.script_root + request.full_path.rstrip("?") if is_page else came_from()
    reload, again = (here, _("Reload")), (here, _("Try again"))
    # A fragment appears beside the form that is to be corrected.
    back = ("", "") if is_htmx() else (here, _("Back"))
    correct = _("Nothing was changed.") if is_htmx() else _("Go back and correct it. Nothing was changed.")
    sign_in = (url_for("account.login", next=here), _("Sign in"))
    ways = {
        400: (
            _("This request could not be processed"),
            _("Reload the page and send the form again."),
            *reload,
        ),
        401: (_("Sign in first"), _("You will return to this page."), *sign_in),
        403: (_("You do not have access"), _("Sign in with an account that has access."), *store),
        404: (_("Page not found"), _("Check the address, or start from the store."), *store),
        405: (_("This is not possible here"), _("Go back and use the buttons on the page."), *store),
        409: (_("Something has changed"), _("Reload the page to see the current state."), *reload),
        410: (_("This has expired"), _("Start again to get a new one."), *store),
        413: (_("Too large"), _("Choose a smaller file, or shorten the text."), *back),
        422: (_("Check what you entered"), correct, *back),
        429: (_("Too many requests"), _("Wait a minute, then try again."), *again),
        503: (_("Temporarily unavailable"), _("Nothing was changed. Try again in a minute."), *again),
    }
    fallback = (_("Something went wrong"), _("Nothing was lost. Try again in a minute."), *again)
    return _WayOut(*ways.get(status, fallback))
