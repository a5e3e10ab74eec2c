"""Link and unlink wallets, and sign in with one. The script of the pages is `static/wallet.js`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, jsonify, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from portal.accounts import ChallengeUnknown
from portal.chain import checksum
from portal.codes import share_url
from portal.flows.accounts.link_wallet import (
    LinkedWallet,
    link_wallet,
    list_linked_wallets,
    request_link,
    unlink_wallet,
)
from portal.flows.accounts.note_sighting import note_referrer
from portal.flows.accounts.wallet_sign_in import request_sign_in, sign_in_with_wallet
from portal.lib.errors import PortalError
from portal.programme import find_terms_of
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.account.identity import begin_session, current_session, signed_in_id
from portal.web.core.access import public, signed_in
from portal.web.core.current_user import current_user
from portal.web.core.joining import joining_view
from portal.web.core.locale import select_locale
from portal.web.core.programme_terms import AskedTerms
from portal.web.core.referral_cookies import raw_referral_cookie
from portal.web.core.requests import json_body, local_path, text_field
from portal.web.core.security import limit_account, limiter, sign_in_limit, sign_up_limit
from portal.web.core.sightings import sighting
from portal.web.core.urls import url_for
from portal.web.text.messages import error_text, status_of
from portal.web.text.rewards import explorer_url
from portal.web.text.translate import gettext as _

# Binds a sign-in message to the browser that requested it.
_SESSION_KEY = "wallet_key"


@dataclass(frozen=True, slots=True)
class WalletView:
    """A linked wallet with its address in EIP-55. It can be linked without a share code (`LinkedWallet`)."""

    address: str
    explorer_url: str | None
    code: str | None
    is_active: bool
    share_url: str | None


@blueprint.get("/account/wallets")
@signed_in()
def wallets() -> ResponseReturnValue:
    """Show the linked wallets with their share codes."""
    return _page()


@blueprint.post("/account/wallets/<address>/unlink")
@signed_in(reconfirm=True)
@limit_account("account")
def unlink_wallet_form(address: str) -> ResponseReturnValue:
    """Unlink a wallet; works without JavaScript."""
    try:
        unlink_wallet(current_user().id, address, current_session())
    except PortalError as error:
        return _page(error_text(error)), status_of(error)
    flash(
        _("The wallet is unlinked and its share code no longer works. Earlier rewards are unaffected."),
        "success",
    )
    return redirect(url_for("account.wallets"), 303)


@blueprint.post("/api/account/wallets/challenge")
@signed_in(reconfirm=True)
@limiter.limit(sign_in_limit)
@limit_account("account")
def request_link_challenge() -> ResponseReturnValue:
    """Return the message that links a wallet to the account once it is signed."""
    address = text_field(json_body(), "address")
    portal = current_portal()
    return jsonify(message=request_link(current_user().id, address, portal.chain, portal.settings))


@blueprint.post("/api/account/wallets")
@signed_in(reconfirm=True)
@limiter.limit(sign_in_limit)
@limit_account("account")
def add_wallet() -> ResponseReturnValue:
    """Link a wallet by its signature and return its share code, if it may have one yet."""
    address, signature = _proof()
    portal = current_portal()
    wallet = link_wallet(
        current_user().id, address, signature, portal.chain, current_session(), portal.settings
    )
    note_referrer(current_user().id, sighting, portal.settings)
    return jsonify(_wallet_answer(wallet)), 201


# The minimum length keeps "challenge" for the other route.
@blueprint.delete("/api/account/wallets/<string(minlength=10):address>")
@signed_in(reconfirm=True)
@limit_account("account")
def remove_wallet(address: str) -> ResponseReturnValue:
    """Unlink a wallet and deactivate its code; earlier rewards are unaffected."""
    return jsonify(
        {"success": True, **_wallet_answer(unlink_wallet(current_user().id, address, current_session()))}
    )


@blueprint.post("/api/auth/wallet/challenge")
@public()
@limiter.limit(sign_in_limit)
def request_sign_in_challenge() -> ResponseReturnValue:
    """Return the message that signs this browser in once a wallet has signed it."""
    address = text_field(json_body(), "address")
    key = session.setdefault(_SESSION_KEY, secrets.token_urlsafe(24))
    portal = current_portal()
    return jsonify(message=request_sign_in(key, address, portal.chain, portal.settings))


def _created_account(response: Response) -> bool:
    return response.status_code == 201


@blueprint.post("/api/auth/wallet")
@public()
@limiter.limit(sign_in_limit)
@limiter.limit(sign_up_limit, deduct_when=_created_account)
def sign_in_by_wallet() -> ResponseReturnValue:
    """Sign in with a wallet; 201 when that created an account."""
    address, signature = _proof()
    target = text_field(json_body(), "next", default="")
    key = session.get(_SESSION_KEY)
    if not key:
        raise ChallengeUnknown
    sign_in = sign_in_with_wallet(
        key,
        address,
        signature,
        current_portal().chain,
        select_locale(),
        raw_referral_cookie(),
        current_portal().settings,
        opened_by=signed_in_id(),
    )
    next_page = begin_session(sign_in.user.id, local_path(target) or "", wallet=address)
    note_referrer(sign_in.user.id, sighting, current_portal().settings)
    answer = {
        "userId": sign_in.user.id,
        "name": sign_in.user.name,
        "isNew": sign_in.is_new,
        "next": next_page,
    }
    return jsonify(answer), 201 if sign_in.is_new else 200


def _proof() -> tuple[str, str]:
    body = json_body()
    return text_field(body, "address"), text_field(body, "signature")


def _page(problem: str | None = None) -> str:
    page = list_linked_wallets(current_user().id, request.args.get("cursor"))
    terms = find_terms_of(current_user().id)
    return render_template(
        "account/wallets.html",
        wallets=[_wallet_view(wallet) for wallet in page.rows],
        next_cursor=page.next_cursor,
        problem=problem,
        terms=AskedTerms(terms.id) if terms and not terms.is_accepted else None,
        joining=joining_view(current_user().id, terms),
    )


def _wallet_view(wallet: LinkedWallet) -> WalletView:
    address, code = checksum(wallet.address), wallet.code
    return WalletView(
        address=address,
        explorer_url=explorer_url("address", address),
        code=code.code if code else None,
        is_active=bool(code and code.active),
        share_url=share_url(current_portal().settings.app_url, code.code) if code else None,
    )


def _wallet_answer(wallet: LinkedWallet) -> dict[str, Any]:
    """Return a wallet as JSON; `address` and `walletAddress` are the same, in EIP-55."""
    shown = checksum(wallet.address)
    answer: dict[str, Any] = {"address": shown, "walletAddress": shown}
    if wallet.code:
        url = share_url(current_portal().settings.app_url, wallet.code.code)
        answer |= {"code": wallet.code.code, "shareUrl": url, "active": wallet.code.active}
    return answer
