"""Re-authenticate an open session with a linked wallet."""

from __future__ import annotations

from portal.accounts import Holder, WalletUnknown, list_wallet_addresses, use_challenge
from portal.chain import AnyChain
from portal.db import transaction
from portal.flows.accounts._wallet_proof import check_proof, request_proof
from portal.lib.addresses import canonical_address
from portal.settings import Settings


def request_wallet_proof(user_id: int, address: str, chain: AnyChain, settings: Settings) -> str:
    """Return the message for a linked wallet to sign; raise InvalidAddress or WalletUnknown."""
    _require_own(user_id, address)
    return request_proof(Holder(user_id=user_id, confirms=True), address, chain, settings)


def confirm_with_wallet(user_id: int, address: str, signature: str, chain: AnyChain) -> None:
    """Use the challenge signed by a linked wallet; raise what `check_proof` raises, and WalletUnknown."""
    _require_own(user_id, address)
    challenge = check_proof(Holder(user_id=user_id, confirms=True), address, signature, chain)
    with transaction():
        use_challenge(challenge.id)


def _require_own(user_id: int, address: str) -> None:
    if canonical_address(address) not in list_wallet_addresses(user_id):
        raise WalletUnknown(field="address")
