"""Save a vendor's terms; a new payout wallet waits for a second admin where much is unpaid.

See docs/rules/second_admin.md.
"""

from __future__ import annotations

import secrets

from portal.chain import own_addresses
from portal.commissions import (
    MerchantTerms,
    find_merchant_config,
    lock_terms,
    save_merchant_terms,
    unpaid_by_currency,
)
from portal.db import Actor, transaction
from portal.flows.approvals.propose_change import propose_change
from portal.flows.approvals.second_admin import Rates, judge, read_rates
from portal.proposals import PAYOUT_WALLET, Draft
from portal.settings import Settings

# Shown with the proposal; the form of the terms has no field for a reason.
_REASON = "payout_wallet"


def save_terms(
    vendor_id: int, terms: MerchantTerms, settings: Settings, admin_id: int, *, shown: str | None = None
) -> bool:
    """Save a vendor's terms and return whether its new payout wallet waits for a second admin.

    `shown` is as in `save_merchant_terms`. Raises what that raises, or WalletChangeWaits; then nothing has changed.
    """
    rates = read_rates(settings)
    with transaction():
        lock_terms()
        draft = _draft(vendor_id, terms, settings, rates)
        if draft is not None:
            propose_change(draft, admin_id)
        save_merchant_terms(
            vendor_id,
            terms,
            settings,
            Actor.user(admin_id),
            own_addresses=own_addresses(settings),
            keeps_wallet=draft is not None,
            shown=shown,
        )
    return draft is not None


def _draft(vendor_id: int, terms: MerchantTerms, settings: Settings, rates: Rates) -> Draft | None:
    """Return what a second admin has to confirm; a wallet that is removed only stops payouts."""
    config = find_merchant_config(vendor_id)
    before = config.payout_wallet if config else None
    if terms.payout_wallet in (None, before):
        return None
    verdict = judge(unpaid_by_currency(vendor_id), settings.payout_wallet_limit_usd, rates)
    if not verdict.needs_second:
        return None
    return Draft(
        PAYOUT_WALLET,
        str(vendor_id),
        _REASON,
        f"payout_wallet:{secrets.token_hex(16)}",
        verdict.usd_value,
        wallet=terms.payout_wallet,
        replaced_wallet=before,
    )
