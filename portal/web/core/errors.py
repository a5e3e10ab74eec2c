"""Every error becomes one status and one sentence: JSON for programs, a fragment for htmx, a page for people."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import BadHost, HTTPException

from portal.db import DatabaseAway
from portal.db.connection import DATABASE_ERRORS
from portal.lib.errors import InputInvalid, PortalError
from portal.logs import get_logger
from portal.web.core.request_id import current_request_id
from portal.web.core.requests import is_htmx, wants_json
from portal.web.core.step_up import came_from
from portal.web.text.messages import error_text, error_texts
from portal.web.text.translate import gettext as _

log = get_logger(__name__)

_STATUS = {
    "already_paid": 409,
    "callback_closed": 409,
    "callback_refused": 400,
    "callback_unknown": 404,
    "challenge_expired": 410,
    "challenge_unknown": 409,
    "chain_away": 503,
    "chain_not_configured": 503,
    "code_blocked": 409,
    "code_unknown": 404,
    "credentials_wrong": 401,
    "credit_key_invalid": 409,
    "credit_short": 409,
    "cron_secret_wrong": 401,
    "csrf_invalid": 400,
    "body_malformed": 400,
    "field_invalid": 400,
    "filter_limit": 409,
    "rate_changed": 409,
    "filter_name_invalid": 400,
    "filter_name_taken": 409,
    "filter_unknown": 404,
    "code_malformed": 400,
    "cursor_invalid": 400,
    "status_unknown": 400,
    "database_away": 503,
    "email_taken": 409,
    "email_unconfirmed": 403,
    "link_unusable": 410,
    "second_factor_missing": 409,
    "second_factor_paused": 429,
    "second_factor_present": 409,
    "second_factor_required": 403,
    "session_unknown": 404,
    "sign_in_paused": 429,
    "step_up_required": 403,
    "internal": 500,
    "already_approved_by_you": 409,
    "match_changed": 409,
    "method_not_allowed": 405,
    "mint_job_unknown": 404,
    "payout_batch_unknown": 404,
    "payout_plan_changed": 409,
    "product_missing": 404,
    "settlement_status_conflict": 409,
    "settlement_unknown": 404,
    "settlement_unpayable": 409,
    "vendor_unknown": 404,
    "nothing_to_mint": 409,
    "reward_unsizable": 409,
    "tier_free": 409,
    "tier_lower": 409,
    "not_found": 404,
    "not_refundable": 409,
    "order_unknown": 404,
    "own_reward": 403,
    "password_present": 409,
    "payment_in_progress": 409,
    "payment_unknown": 404,
    "product_unknown": 404,
    "provider_unclear": 503,
    "provider_unknown": 404,
    "rail_failure_unknown": 404,
    "rate_limited": 429,
    "refund_key_invalid": 409,
    "reward_amount_missing": 409,
    "reward_not_mintable": 409,
    "reward_on_hold": 409,
    "reward_on_other_chain": 409,
    "reward_refund_due": 409,
    "reward_status_conflict": 409,
    "reward_wallet_missing": 409,
    "reward_unknown": 404,
    "role_required": 403,
    "forbidden": 403,
    "sign_in_required": 401,
    "stock_short": 409,
    "too_large": 413,
    "user_unknown": 404,
    "tier_unknown": 422,
    "wallet_is_only_sign_in": 409,
    "wallet_taken": 409,
    "wallet_unknown": 404,
}
_HTTP_CODES = {
    400: "body_malformed",
    401: "sign_in_required",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    429: "rate_limited",
}
_UNPROCESSABLE = 422
# Their own sentence says what to do next; the page does not say it twice.
_SAY_IT_ALL = {"chain_away", "csrf_invalid", "database_away", "internal"}


def install_errors(app: Flask) -> None:
    """Handle every error the application can raise."""
    app.register_error_handler(PortalError, answer_error)
    app.register_error_handler(CSRFError, lambda _error: _answer("csrf_invalid"))
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(BadHost, _answer_bad_host)
    for kind in DATABASE_ERRORS:
        app.register_error_handler(kind, _answer_database)
    app.register_error_handler(Exception, _answer_unexpected)


def status_of(error: PortalError) -> int:
    """Return the HTTP status of an error; what the person typed wrong is 422."""
    return status_of_code(error.code)


def status_of_code(code: str) -> int:
    """Return the HTTP status of an error code."""
    return _STATUS.get(code, _UNPROCESSABLE)


def answer_error(error: PortalError) -> ResponseReturnValue:
    """Answer a stated error in the form the request wants."""
    _settle_reader(error)
    status = status_of(error)
    if status >= 500:
        log.error("request failed", code=error.code, exc_info=error)
    if wants_json():
        return _as_json(error, status)
    return _as_html(error, status)


def _settle_reader(error: PortalError) -> None:
    """Answer as to nobody where asking the database who reads would fail again."""
    try:
        if isinstance(error, DatabaseAway):
            raise error
        bool(current_user)
    except (DatabaseAway, *DATABASE_ERRORS):
        g._login_user = AnonymousUserMixin()


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
    """Answer a Host header that is no name of a host: no address can be built under it, and so no page."""
    return _answer("body_malformed") if wants_json() else error.get_response()


def _answer_database(error: Exception) -> ResponseReturnValue:
    log.error("database unavailable", error=type(error).__name__)
    return answer_error(DatabaseAway())


def _answer_unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("unexpected error", method=request.method, path=request.path)
    if current_app.testing and current_app.config.get("PROPAGATE_UNEXPECTED", True):
        raise error
    return _answer("internal")


def _as_json(error: PortalError, status: int) -> Response:
    told: dict[str, Any] = {"code": error.code, "message": error_text(error)}
    if isinstance(error, InputInvalid):
        told["fields"] = error_texts(error)
    elif error.field:
        told["fields"] = {error.field: told["message"]}
    if "status" in error.params:
        told["status"] = error.params["status"]
    response = jsonify({"error": told})
    response.status_code = status
    return response


def _as_html(error: PortalError, status: int) -> Response:
    template = "errors/_error.html" if is_htmx() else "errors/page.html"
    title, next_step, url, label = _proof_first(error.code) or _way_out(status)
    body = render_template(
        template,
        code=status,
        title=title,
        message=error_text(error),
        next_step=None if error.code in _SAY_IT_ALL else next_step,
        action_url=url,
        action_label=label,
        shell_quiet=status >= 500,
        request_id=current_request_id() if status >= 500 else "",
    )
    return make_response(body, status)


def _proof_first(code: str) -> tuple[str, str, str, str] | None:
    """Return the way on of who has to prove something first, None for every other error."""
    if code == "step_up_required":
        url = url_for("account.confirm", next=came_from())
        return _("Confirm that it is you"), _("Nothing was changed yet."), url, _("Confirm")
    if code == "second_factor_required":
        url = url_for("account.second_factor")
        return _("Turn on the second factor"), _("Nothing was changed yet."), url, _("Continue")
    return None


def _way_out(status: int) -> tuple[str, str, str, str]:
    home = request.script_root + "/"
    here = request.script_root + request.full_path.rstrip("?") if request.method == "GET" else came_from()
    back_home = (home, _("Go to the store"))
    ways = {
        400: (_("This page has expired"), _("Reload the page and send the form again."), here, _("Reload")),
        401: (
            _("Sign in first"),
            _("Then come back to this page."),
            request.script_root + "/login",
            _("Sign in"),
        ),
        403: (_("You have no access"), _("Sign in with an account that may open it."), *back_home),
        404: (_("Not found"), _("Check the address or start from the store."), *back_home),
        405: (_("Not possible here"), _("Go back and use the buttons of the page."), *back_home),
        409: (_("Already changed"), _("Reload the page to see how things are now."), here, _("Reload")),
        413: (_("Too large"), _("Send a smaller request."), *back_home),
        422: (
            _("Please check what you entered"),
            _("Go back and correct it. Nothing was changed."),
            *back_home,
        ),
        429: (_("Too many requests"), _("Wait a minute, then try again."), here, _("Try again")),
        503: (
            _("Temporarily unavailable"),
            _("Nothing was changed. Try again in a minute."),
            here,
            _("Try again"),
        ),
    }
    return ways.get(
        status, (_("Something went wrong"), _("Nothing was lost. Try again in a minute."), *back_home)
    )
