"""Link and unlink wallets. A share code belongs to the pair of account and wallet. See docs/rules/codes.md.

Rewards keep the wallet they were earned for. The code of an unlinked wallet is deactivated, since its rewards would go
to a wallet the account no longer shows; linking the wallet again activates the same code.
"""

from __future__ import annotations

from dataclasses import dataclass

from models import Refcode
from portal.accounts import (
    Holder,
    find_wallet_owner,
    lock_user,
    page_of_wallets,
    register_wallet,
    release_wallet,
    use_challenge,
)
from portal.chain import AnyChain, checksum
from portal.codes import (
    find_deactivation,
    find_wallet_code,
    find_wallet_codes,
    issue_code,
    list_wallet_codes,
    lock_code,
    set_code_active,
)
from portal.db import Actor, Page, transaction
from portal.flows.accounts._wallet_proof import check_proof, request_proof
from portal.flows.accounts.account_notices import notify_owner
from portal.flows.accounts.end_access import CurrentSession, end_other_access
from portal.flows.programme.joining import issue_waiting_codes, may_get_codes
from portal.lib.addresses import canonical_address, short_address
from portal.programme import TermsNotAccepted, accept_terms, find_unaccepted_terms_id
from portal.settings import Settings

UNLINKED = "wallet_unlinked"
LINKED = "wallet_linked"


@dataclass(frozen=True)
class LinkedWallet:
    """A wallet in stored form and its code.

    None for a wallet that an operator linked without one, and while its owner has not joined the programme or not
    accepted its terms.
    """

    address: str
    code: Refcode | None


def request_link(user_id: int, address: str, chain: AnyChain, settings: Settings) -> str:
    """Return the message that links a wallet once it is signed; raise InvalidAddress or TermsNotAccepted."""
    _require_terms(user_id, canonical_address(address))
    return request_proof(Holder(user_id=user_id), address, chain, settings)


def link_wallet(
    user_id: int, address: str, signature: str, chain: AnyChain, session: CurrentSession, settings: Settings
) -> LinkedWallet:
    """Link the wallet that signed the challenge of the account; other sessions end.

    Raises what `check_proof` raises, WalletTaken, and TermsNotAccepted where the wallet has no code yet.
    """
    challenge = check_proof(Holder(user_id=user_id), address, signature, chain)
    with transaction():
        lock_user(user_id)  # a proof of the mailbox cancels the challenge and must not miss this wallet
        use_challenge(challenge.id)
        is_new = find_wallet_owner(challenge.address) is None
        _require_terms(user_id, challenge.address)
        wallet = adopt_wallet(user_id, challenge.address, Actor.user(user_id), settings)
        if is_new:
            end_other_access(user_id, session, LINKED, Actor.user(user_id))
            notify_owner(user_id, "security_wallet_linked", address=_shown(challenge.address))
    return wallet


def adopt_wallet(user_id: int, address: str, actor: Actor, settings: Settings) -> LinkedWallet:
    """Link a verified wallet with its code, activated again if unlinking had deactivated it.

    A new code waits for the acceptance of the terms, and for an admin where joining needs an approval.
    """
    with transaction():
        stored = register_wallet(user_id, address, actor)
        if may_get_codes(user_id, settings):
            issue_code(user_id, stored, actor)
        for each in list_wallet_codes(user_id, stored):
            # A code deactivated by its owner or an admin stays inactive.
            cause = None if lock_code(each.code).active else find_deactivation(each.code)
            if cause and cause.by == "unlinked":
                set_code_active(each.code, True, actor, LINKED)
    return LinkedWallet(stored, find_wallet_code(user_id, stored))


def accept_programme_terms(user_id: int, terms_id: int, settings: Settings) -> int:
    """Accept the terms in force and issue the codes that waited for it; return how many. Raise TermsChanged."""
    actor = Actor.user(user_id)
    with transaction():
        lock_user(user_id)  # a wallet that is unlinked at the same time gets no code
        accept_terms(user_id, terms_id, actor)
        return issue_waiting_codes(user_id, actor, settings)


def unlink_wallet(user_id: int, address: str, session: CurrentSession) -> LinkedWallet:
    """Unlink a wallet and deactivate its code; other sessions end.

    Raises InvalidAddress, WalletUnknown or WalletIsOnlySignIn.
    """
    actor = Actor.user(user_id)
    with transaction():
        stored = release_wallet(user_id, address, actor)
        deactivate_wallet_code(user_id, stored, actor)
        end_other_access(user_id, session, UNLINKED, actor)
        notify_owner(user_id, "security_wallet_unlinked", address=_shown(stored))
    return LinkedWallet(stored, find_wallet_code(user_id, stored))


def deactivate_wallet_code(user_id: int, address: str, actor: Actor) -> None:
    """Deactivate the share codes of a wallet, in stored form, that has left its account."""
    for code in list_wallet_codes(user_id, address):
        set_code_active(code.code, False, actor, UNLINKED, by="unlinked")


def list_linked_wallets(user_id: int, cursor: str | None = None) -> Page[LinkedWallet]:
    """Return a page of the wallets of an account with their codes, oldest first; raise CursorInvalid."""
    page = page_of_wallets(user_id, cursor)
    codes = find_wallet_codes(user_id, [row.address for row in page.rows])
    linked = [LinkedWallet(row.address, codes.get(row.address)) for row in page.rows]
    return Page(linked, page.next_cursor)


def _require_terms(user_id: int, address: str) -> None:
    """Raise TermsNotAccepted where linking would issue a code for which terms have to be accepted."""
    if find_wallet_code(user_id, address) is None and find_unaccepted_terms_id(user_id) is not None:
        raise TermsNotAccepted


def _shown(stored: str) -> str:
    return short_address(checksum(stored))
