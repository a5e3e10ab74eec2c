"""Prove control of a wallet: issue a message, then check its signature (EIP-4361)."""

from __future__ import annotations

from models import WalletChallenge
from portal.accounts import Holder, get_open_challenge, open_challenge
from portal.chain import (
    AnyChain,
    Chain,
    ChainAway,
    checksum,
    is_contract_wallet,
    is_signed_by,
    own_contracts,
)
from portal.lib.addresses import canonical_address, require_payee
from portal.lib.errors import PortalError
from portal.settings import Settings


class SignatureWrong(PortalError):
    """The signature is malformed, or of another message or wallet."""

    code = "signature_wrong"


def request_proof(holder: Holder, address: str, chain: AnyChain, settings: Settings) -> str:
    """Return the message that a wallet has to sign; raise InvalidAddress, AddressReserved or PayeeIsContract."""
    stored = canonical_address(address)
    require_payee(stored, own_contracts(settings), "address")
    challenge = open_challenge(
        holder,
        stored,
        checksum(stored),
        settings.app_url,
        settings.referral_chain_id,
        is_shared=_is_contract(chain, stored),
    )
    return str(challenge.message)


def check_proof(holder: Holder, address: str, signature: str, chain: AnyChain) -> WalletChallenge:
    """Return the open challenge whose message the wallet signed; the caller uses it.

    Raises InvalidAddress, ChallengeUnknown, ChallengeExpired, SignatureWrong, ApprovalMissing, ChainAway,
    ContractWalletUnchecked.
    """
    stored = canonical_address(address)
    challenge = get_open_challenge(holder, stored)
    if not is_signed_by(chain, stored, challenge.message, signature):
        raise SignatureWrong(field="signature")
    return challenge


def _is_contract(chain: AnyChain, stored: str) -> bool:
    """Return whether a wallet is known to be a contract; a node that is away does not stop the others."""
    try:
        return isinstance(chain, Chain) and is_contract_wallet(chain, stored)
    except ChainAway:
        return False
