"""Verify signatures of accounts (EIP-191, EIP-2098) and of contract wallets (ERC-1271, ERC-6492)."""

from __future__ import annotations

from portal.chain.client import AnyChain, Chain
from portal.chain.errors import ApprovalMissing, ContractWalletUnchecked
from portal.chain.wallet_contracts import find_verdict
from portal.lib.keccak import keccak

_LONGEST = 16 * 1024


def is_signed_by(chain: AnyChain, address: str, message: str, signature: str) -> bool:
    """Return whether an address, in stored form, signed a text with `personal_sign`.

    A contract wallet is checked on the configured chain; an empty signature, 0x, refers to an approval that it keeps
    there. Raises ApprovalMissing if there is none yet, ChainAway if the wallet cannot be checked now, and
    ContractWalletUnchecked if only a contract can have made the signature and no chain is configured.
    """
    # Imported with the first signature: eth_account takes a fifth of a start.
    from portal.chain.account_signatures import encode_text, recover_signer  # noqa: PLC0415

    raw, signable = _bytes(signature), encode_text(message)
    if raw is None:
        return False
    # Before any contract is asked: the key of an account decides, whatever code it delegates to (EIP-7702).
    if recover_signer(signable, raw) == address:
        return True
    if not isinstance(chain, Chain):
        if len(raw) in (64, 65):
            return False
        raise ContractWalletUnchecked
    digest = keccak(b"\x19" + signable.version + signable.header + signable.body)
    verdict = find_verdict(chain, address, digest, raw)
    if verdict is False and not raw:
        raise ApprovalMissing(field="signature")
    return bool(verdict)


def _bytes(text: str) -> bytes | None:
    if not text.startswith("0x") or len(text) > 2 + 2 * _LONGEST:
        return None
    try:
        return bytes.fromhex(text[2:]) if text == "0x" or (text.isascii() and text[2:].isalnum()) else None
    except ValueError:
        return None
