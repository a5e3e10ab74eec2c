"""Sign in with a wallet, into the account it is linked to or a new one (docs/accounts.md)."""

from __future__ import annotations

from dataclasses import dataclass

from models import User, WalletChallenge
from portal.accounts import (
    Holder,
    Referrer,
    WalletTaken,
    create_wallet_user,
    find_wallet_owner,
    get_user,
    use_challenge,
)
from portal.chain import AnyChain, checksum
from portal.codes import find_wallet_code
from portal.db import SYSTEM, transaction
from portal.flows.accounts._wallet_proof import check_proof, request_proof
from portal.flows.accounts.link_wallet import adopt_wallet
from portal.flows.accounts.sign_up import find_referrer
from portal.lib.addresses import short_address
from portal.settings import Settings


@dataclass(frozen=True)
class WalletSignIn:
    """The account of a wallet, and whether it was just created."""

    user: User
    is_new: bool


def request_sign_in(session_key: str, address: str, chain: AnyChain, settings: Settings) -> str:
    """Return the message that signs in a browser session once it is signed; raise InvalidAddress."""
    return request_proof(Holder(session_key=session_key), address, chain, settings)


def sign_in_with_wallet(
    session_key: str,
    address: str,
    signature: str,
    chain: AnyChain,
    locale: str,
    cookie_code: str | None,
    settings: Settings,
    *,
    opened_by: int | None = None,
) -> WalletSignIn:
    """Return the account of the wallet that signed the challenge of the session; a new wallet gets a new account.

    `opened_by` is the account that is signed in, whose own code does not count.
    Raises what `check_proof` raises.
    """
    challenge = check_proof(Holder(session_key=session_key), address, signature, chain)
    referrer = _referrer(cookie_code, challenge.address, opened_by)
    try:
        return _enter(challenge, locale, referrer, settings)
    except WalletTaken:
        # Another session has just created the account of this wallet; this attempt was rolled back.
        return _enter(challenge, locale, referrer, settings)


def _enter(
    challenge: WalletChallenge, locale: str, referrer: Referrer | None, settings: Settings
) -> WalletSignIn:
    with transaction():
        use_challenge(challenge.id)
        owner = find_wallet_owner(challenge.address)
        if owner is not None:
            return WalletSignIn(get_user(owner), is_new=False)
        user = create_wallet_user(
            short_address(checksum(challenge.address)),
            locale=locale,
            referrer=referrer,
            actor=SYSTEM,
        )
        adopt_wallet(user.id, challenge.address, SYSTEM, settings)
    return WalletSignIn(user, is_new=True)


def _referrer(cookie_code: str | None, address: str, opened_by: int | None) -> Referrer | None:
    """Return the referrer, None if the wallet is or was their own. See docs/rules/attribution.md."""
    referrer = find_referrer(cookie_code, opened_by)
    # Every linked wallet has a code, so the codes are the history of a person's wallets.
    if referrer and find_wallet_code(referrer.user_id, address) is not None:
        return None
    return referrer
