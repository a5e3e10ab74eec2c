"""Prove control of a wallet: issue a message, then check its signature (EIP-4361)."""

from __future__ import annotations

from models import WalletChallenge
from portal.accounts import Holder, get_open_challenge, open_challenge
from portal.chain import AnyChain, checksum, is_signed_by
from portal.lib.addresses import canonical_address
from portal.lib.errors import PortalError
from portal.settings import Settings


class SignatureWrong(PortalError):
    """The signature is malformed, or of another message or wallet."""

    code = "signature_wrong"


def request_proof(holder: Holder, address: str, settings: Settings) -> str:
    """Return the message that a wallet has to sign; raise InvalidAddress."""
    stored = canonical_address(address)
    challenge = open_challenge(holder, stored, checksum(stored), settings.app_url, settings.referral_chain_id)
    return str(challenge.message)


def check_proof(holder: Holder, address: str, signature: str, chain: AnyChain) -> WalletChallenge:
    """Return the open challenge whose message the wallet signed; the caller uses it.

    Raises InvalidAddress, ChallengeUnknown, ChallengeExpired, SignatureWrong, ChainAway, ContractWalletUnchecked.
    """
    stored = canonical_address(address)
    challenge = get_open_challenge(holder, stored)
    if not is_signed_by(chain, stored, challenge.message, signature):
        raise SignatureWrong(field="signature")
    return challenge
