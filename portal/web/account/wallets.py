"""Wallets: link and unlink them, and sign in with one. The page's script is `static/wallet.js`."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, flash, jsonify, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

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
from portal.runtime import current_portal
from portal.web.account.blueprint import blueprint
from portal.web.account.identity import begin_session, signed_in_id
from portal.web.core.access import public, signed_in
from portal.web.core.errors import status_of
from portal.web.core.locale import select_locale
from portal.web.core.referral_cookies import raw_referral_cookie
from portal.web.core.requests import json_body, local_path, text_field
from portal.web.core.security import limiter, sign_in_limit, sign_up_limit
from portal.web.core.sightings import sighting
from portal.web.text.messages import error_text
from portal.web.text.rewards import explorer_url
from portal.web.text.translate import gettext as _

# Ties a sign-in to the browser that asked for it; gone with the session.
_SESSION_KEY = "wallet_key"


@blueprint.get("/account/wallets")
@signed_in()
def wallets() -> ResponseReturnValue:
    """Show the linked wallets, each with its share code, and link another."""
    return _page()


@blueprint.post("/account/wallets/<address>/unlink")
@signed_in(reconfirm=True)
def unlink_wallet_form(address: str) -> ResponseReturnValue:
    """Unlink a wallet from the page, with or without scripts."""
    try:
        unlink_wallet(current_user.id, address)
    except PortalError as error:
        return _page(error_text(error)), status_of(error)
    flash(_("The wallet is unlinked and its code no longer credits anybody. Past rewards stand."), "success")
    return redirect(url_for("account.wallets"), 303)


@blueprint.post("/api/account/wallets/challenge")
@signed_in(reconfirm=True)
@limiter.limit(sign_in_limit)
def request_link_challenge() -> ResponseReturnValue:
    """Return the text that links a wallet to the account once it is signed."""
    address = text_field(json_body(), "address")
    return jsonify(message=request_link(current_user.id, address, current_portal().settings))


@blueprint.post("/api/account/wallets")
@signed_in(reconfirm=True)
@limiter.limit(sign_in_limit)
def add_wallet() -> ResponseReturnValue:
    """Link a wallet whose signature proves it, and return its share code."""
    address, signature = _proof()
    code = link_wallet(current_user.id, address, signature, current_portal().chain)
    note_referrer(current_user.id, sighting, current_portal().settings)
    return jsonify(_wallet_answer(LinkedWallet(code.wallet_address, code))), 201


# Longer than "challenge", which is another route's.
@blueprint.delete("/api/account/wallets/<string(minlength=10):address>")
@signed_in(reconfirm=True)
def remove_wallet(address: str) -> ResponseReturnValue:
    """Unlink a wallet; its code is deactivated and past rewards stand."""
    return jsonify({"success": True, **_wallet_answer(unlink_wallet(current_user.id, address))})


@blueprint.post("/api/auth/wallet/challenge")
@public()
@limiter.limit(sign_in_limit)
def request_sign_in_challenge() -> ResponseReturnValue:
    """Return the text that signs this browser in once a wallet signed it."""
    address = text_field(json_body(), "address")
    key = session.setdefault(_SESSION_KEY, secrets.token_urlsafe(24))
    return jsonify(message=request_sign_in(key, address, current_portal().settings))


def _opened_an_account(response: Response) -> bool:
    return response.status_code == 201


@blueprint.post("/api/auth/wallet")
@public()
@limiter.limit(sign_in_limit)
@limiter.limit(sign_up_limit, deduct_when=_opened_an_account)
def sign_in_by_wallet() -> ResponseReturnValue:
    """Sign in with a wallet; 201 when that opened an account."""
    address, signature = _proof()
    wanted = text_field(json_body(), "next", default="")
    key = session.get(_SESSION_KEY)
    if not key:
        raise ChallengeUnknown
    entered = sign_in_with_wallet(
        key,
        address,
        signature,
        current_portal().chain,
        select_locale(),
        raw_referral_cookie(),
        opened_by=signed_in_id(),
    )
    next_page = begin_session(entered.user.id, local_path(wanted) or url_for("shop.catalogue"))
    note_referrer(entered.user.id, sighting, current_portal().settings)
    told = {"userId": entered.user.id, "name": entered.user.name, "isNew": entered.is_new, "next": next_page}
    return jsonify(told), 201 if entered.is_new else 200


def _proof() -> tuple[str, str]:
    body = json_body()
    return text_field(body, "address"), text_field(body, "signature")


def _page(problem: str | None = None) -> str:
    entries = [_entry(wallet) for wallet in list_linked_wallets(current_user.id)]
    return render_template("account/wallets.html", wallets=entries, problem=problem)


def _entry(wallet: LinkedWallet) -> dict[str, Any]:
    shown = checksum(wallet.address)
    return {
        "stored": wallet.address,
        "address": shown,
        "explorer_url": explorer_url("address", shown),
        "code": wallet.code,
        "share_url": share_url(current_portal().settings.app_url, wallet.code.code) if wallet.code else None,
    }


def _wallet_answer(wallet: LinkedWallet) -> dict[str, Any]:
    """Return a wallet as JSON; `address` and `walletAddress` are the same, in EIP-55."""
    shown = checksum(wallet.address)
    told: dict[str, Any] = {"address": shown, "walletAddress": shown}
    if wallet.code:
        url = share_url(current_portal().settings.app_url, wallet.code.code)
        told |= {"code": wallet.code.code, "shareUrl": url, "active": wallet.code.active}
    return told
