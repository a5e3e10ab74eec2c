"""Read what the ledgers of an order are decided from before the order is written. See docs/rules/stores.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from portal.db import Prepared, query
from portal.flows.accounts.code_state import code_state_of
from portal.flows.checkout.read_paid import CodeFacts, PaidOrder, SoldLine, programme_facts
from portal.orders import NewOrder, OrderLine, OrderReferral, OrderStatus
from portal.programme import PercentPolicy
from portal.settings import Settings
from portal.stores import rates_of_skus

_AS_NEW = ("id", "order_reference", "store_id", "buyer_user_id", "currency")
# The order takes its collector from the store when it is written. A code that waits for a wallet neither moves nor gets
# one until the transaction ends.
_LOCK = """
SELECT 1 FROM stores WHERE id = %(store)s FOR SHARE;
SELECT 1 FROM refcodes WHERE code = %(code)s AND wallet_address = '' FOR SHARE;
"""
_LOCK_AND_READ = Prepared(f"""{_LOCK}
SELECT s.collected_by, s.reward_waits_for, c.owner_user_id, c.wallet_address, c.active, u.disabled_at IS NULL,
    (SELECT jsonb_object_agg(v.id, jsonb_build_array(v.store_tier, m.platform_percent::text, m.custom_splits,
            m.hold_days, m.payout_frequency, m.referral_percent::text))
        FROM vendors v LEFT JOIN merchant_configs m ON m.vendor_id = v.id WHERE v.id = ANY(%(vendors)s)),
    (SELECT referral_percent FROM platform_config WHERE id = 1),
    (SELECT jsonb_build_array(id, rules, created_by) FROM programme_versions
        WHERE starts_at <= %(paid_at)s AND (ends_at IS NULL OR ends_at > %(paid_at)s) LIMIT 1),
    EXISTS (SELECT FROM programme_campaigns WHERE starts_at <= %(paid_at)s AND ends_at > %(paid_at)s),
    EXISTS (SELECT FROM referrer_bonuses WHERE referrer_user_id = c.owner_user_id),
    EXISTS (SELECT FROM store_rates WHERE store_id = s.id),
    EXISTS (SELECT FROM webhook_endpoints WHERE disabled_at IS NULL)
FROM stores s
LEFT JOIN refcodes c ON c.code = %(code)s
LEFT JOIN users u ON u.id = c.owner_user_id
WHERE s.id = %(store)s
""")  # noqa: S608 - constants


def read_sale(
    new: NewOrder, lines: Sequence[OrderLine], referral: OrderReferral, paid_at: datetime, settings: Settings
) -> PaidOrder:
    """Return an order of a store that is written as paid, with everything that its ledgers are decided from.

    The caller has locked its customers and found that they paid no earlier order if the order is credited.
    """
    values = {
        "store": new.store_id,
        "code": referral.code,
        "vendors": sorted({line.vendor_id for line in lines}),
        "paid_at": paid_at,
    }
    ((collected_by, waits_for, owner, wallet, active, is_enabled, *rest),) = query(_LOCK_AND_READ, values)
    vendors, percent, version, has_campaigns, has_bonuses, has_rates, has_endpoints = rest
    rates = rates_of_skus(new.store_id, [line.sku for line in lines]) if has_rates else {}
    return PaidOrder(
        **{name: getattr(new, name) for name in _AS_NEW},
        status=OrderStatus.CREATED,
        total_minor=sum(line.subtotal_minor for line in lines),
        collected_by=collected_by,
        referral_code=referral.code,
        referrer_user_id=referral.referrer_user_id,
        referrer_wallet=referral.referrer_wallet,
        referral_trace=referral.trace,
        paid_at=paid_at,
        rail="fiat",
        code=None if owner is None else CodeFacts(owner, wallet, code_state_of(active, is_enabled)),
        reward_waits_for=waits_for,
        buyer_wallets=frozenset(),
        has_earlier_paid_order=False,
        sold=tuple(_sold(line, rates.get(line.sku), vendors) for line in lines),
        vendors={vendor: terms[:-1] for vendor, terms in (vendors or {}).items()},
        policy=PercentPolicy(
            percent, settings.referral_reward_percent, settings.referral_commission_max_percent
        ),
        programme=programme_facts(version, paid_at, (owner, None), "fiat", has_campaigns, has_bonuses),
        has_endpoints=has_endpoints,
        has_refunds=False,
        has_reward=False,
        owes_commission=True,
    )


def _sold(line: OrderLine, rate: Decimal | None, vendors: Mapping[str, Sequence[Any]]) -> SoldLine:
    text = vendors[str(line.vendor_id)][-1]
    merchant = None if text is None else Decimal(text)
    return SoldLine(None, line.vendor_id, line.quantity, line.subtotal_minor, (rate, None, merchant))
