"""What pays vendors on chain: a contract in TRANSFER mode and its operator, or the null object."""

from __future__ import annotations

from dataclasses import dataclass, replace

from portal.chain.client import Chain, NotConfigured, open_node_chain
from portal.chain.contract.rewards import MODE_TRANSFER, RewardsContract
from portal.chain.contract.token import Token
from portal.chain.own_addresses import own_addresses
from portal.chain.sending.keys import OperatorKey
from portal.settings import Settings


@dataclass(frozen=True)
class Treasury:
    """The payout token and `chain.contract`, which pays from its balance at the request of `key`.

    `own_addresses` are the portal's contracts and accounts, which are never paid. Without a contract nothing new is
    sent: plain transfers from before are followed until they are final.
    """

    chain: Chain
    key: OperatorKey
    token: Token
    own_addresses: frozenset[str]

    @property
    def contract(self) -> RewardsContract | None:
        """Return the payout contract, None while none is configured."""
        return self.chain.contract if self.chain.contract.address else None


def open_treasury(settings: Settings) -> Treasury | NotConfigured:
    """Return the treasury of the settings without calling a node; raise KeyUnusable."""
    raw = settings.settlement_payout_private_key.get_secret_value()
    key = OperatorKey.from_private_key(raw) if raw else None
    opened = open_payout_chain(settings, key)
    if isinstance(opened, NotConfigured):
        return opened
    if key is None:
        return NotConfigured("SETTLEMENT_PAYOUT_PRIVATE_KEY is not set", settings.referral_chain_id)
    chain, token = opened
    return Treasury(chain, key, token, own_addresses(settings))


def open_payout_chain(
    settings: Settings, key: OperatorKey | None = None
) -> tuple[Chain, Token] | NotConfigured:
    """Return the chain with the payout contract, and the payout token. Reading them needs no key."""
    needed = {
        "POLYGON_RPC_URL": settings.polygon_rpc_url,
        "SETTLEMENT_PAYOUT_TOKEN_ADDRESS": settings.settlement_payout_token_address,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        return NotConfigured(f"{missing[0]} is not set", settings.referral_chain_id)
    token = Token(settings.settlement_payout_token_address)
    chain = replace(
        open_node_chain(settings, key),
        contract=RewardsContract(settings.settlement_payout_contract_address),
        expected_token=token.address,
        expected_mode=MODE_TRANSFER,
    )
    return chain, token
