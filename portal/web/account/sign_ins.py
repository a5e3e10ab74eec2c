"""The attempts to sign in to the own account: successes, failures and refusals."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template, request
from flask.typing import ResponseReturnValue

from portal.flows.accounts.sign_in_log import FAILED, SIGNED_IN, SignInRecord, list_sign_ins
from portal.web.account.blueprint import blueprint
from portal.web.core.access import signed_in
from portal.web.core.current_user import current_user
from portal.web.text.account import device_words, sign_in_words
from portal.web.text.format import When, when
from portal.web.text.translate import gettext as _

SHOWN_UNDER_SECURITY = 5


@dataclass(frozen=True, slots=True)
class SignInView:
    """An attempt in words; `network` is the truncated address, "" if unknown."""

    result: str
    is_success: bool
    device: str
    network: str
    at: When


@blueprint.get("/account/security/sign-ins")
@signed_in()
def sign_ins() -> ResponseReturnValue:
    """Show a page of attempts, newest first."""
    page = list_sign_ins(current_user().id, request.args.get("cursor"))
    return render_template(
        "account/sign_ins.html",
        sign_ins=[_view(record) for record in page.rows],
        next_cursor=page.next_cursor,
    )


def newest_sign_ins(user_id: int) -> list[SignInView]:
    """Return the newest attempts as the security page shows them."""
    return [_view(record) for record in list_sign_ins(user_id, size=SHOWN_UNDER_SECURITY).rows]


def _view(record: SignInRecord) -> SignInView:
    return SignInView(
        result=_result(record),
        is_success=record.event == SIGNED_IN,
        device=device_words(record.browser, record.system),
        network=record.network,
        at=when(record.at),
    )


def _result(record: SignInRecord) -> str:
    if record.event == SIGNED_IN:
        return sign_in_words(record.method)
    if record.event == FAILED:
        return _("Incorrect password") if record.method == "password" else _("Incorrect code")
    return _("Too many incorrect passwords")
