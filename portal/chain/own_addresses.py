"""The addresses of the portal itself: contracts and tokens, which cannot spend what they receive, and accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator

from portal.chain.deployment import find_record
from portal.chain.sending.keys import OperatorKey
from portal.lib.addresses import InvalidAddress, canonical_address
from portal.settings import Settings


def own_contracts(settings: Settings) -> frozenset[str]:
    """Return contracts, tokens and price feed of the settings, and the recorded implementations, in stored form."""
    contracts = settings.referral_rewards_address, settings.settlement_payout_contract_address
    records = [record for at in contracts if (record := find_record(settings.referral_chain_id, at))]
    addresses = {
        *contracts,
        settings.referral_reward_token_address,
        settings.referral_price_feed_address,
        settings.settlement_payout_token_address,
        *(address for record in records for address in (record.implementation_address, record.token_address)),
    }
    return frozenset(addresses - {""})


def own_addresses(settings: Settings) -> frozenset[str]:
    """Return the contracts of the settings and the accounts that mint and pay vendors, in stored form.

    Raises KeyUnusable.
    """
    return own_contracts(settings) | set(_accounts(settings))


def _accounts(settings: Settings) -> Iterator[str]:
    for key in (settings.referral_minter_private_key, settings.settlement_payout_private_key):
        if raw := key.get_secret_value():
            yield OperatorKey.from_private_key(raw).address
    if settings.referral_minter_address:
        yield settings.referral_minter_address
    if settings.referral_minter_keystore:
        yield from _keystore_address(settings)


def _keystore_address(settings: Settings) -> Iterator[str]:
    """Yield the address that the keystore states; its key is not opened, which takes a second."""
    assert settings.referral_minter_keystore
    try:
        stated = json.loads(settings.referral_minter_keystore.read_text())["address"]
        yield canonical_address("0x" + str(stated).removeprefix("0x"))
    except (OSError, ValueError, KeyError, TypeError, InvalidAddress):
        return
