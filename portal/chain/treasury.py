"""The account that pays vendors on chain, or its null object."""

from __future__ import annotations

from dataclasses import dataclass

from portal.chain.client import Chain, NotConfigured, open_node_chain
from portal.chain.contract.token import Token
from portal.chain.sending.keys import OperatorKey
from portal.settings import Settings


@dataclass(frozen=True)
class Treasury:
    """The payout token and the account that holds it, whose key is `chain.operator`."""

    chain: Chain
    key: OperatorKey
    token: Token


def open_treasury(settings: Settings) -> Treasury | NotConfigured:
    """Return the treasury of the settings without calling a node; raise KeyUnusable."""
    raw = settings.settlement_payout_private_key.get_secret_value()
    needed = {
        "POLYGON_RPC_URL": settings.polygon_rpc_url,
        "SETTLEMENT_PAYOUT_PRIVATE_KEY": raw,
        "SETTLEMENT_PAYOUT_TOKEN_ADDRESS": settings.settlement_payout_token_address,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        return NotConfigured(f"{missing[0]} is not set", settings.referral_chain_id)
    key = OperatorKey.from_private_key(raw)
    return Treasury(open_node_chain(settings, key), key, Token(settings.settlement_payout_token_address))
