"""Read everything that decides the ledgers of paid orders: one lock, then one statement.

What is rare (campaigns, bonuses of a referrer, levels, rates of SKUs) is read only where it exists. See
docs/rules/payments.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from models import PaymentTransaction
from portal.attribution import CodeState
from portal.commissions import VendorTerms, owes_commission, terms_of
from portal.db import Prepared, query
from portal.flows.checkout.credit_givers import has_given_credit
from portal.flows.programme.referrals import count_referrals
from portal.orders import UNPAID, OrderUnknown, other_paid_order
from portal.programme import (
    PercentPolicy,
    Programme,
    ProgrammeRules,
    ReferralLine,
    RewardRail,
    find_referrer_bonus_at,
    find_version_at,
    list_campaigns_at,
    resolve_percent,
)
from portal.settings import Settings
from portal.stores import rates_of_skus

# The orders are locked first, and the next statement reads what others left. A code that waits for a wallet neither
# moves nor gets one until the transaction ends.
_LOCK = """
SELECT 1 FROM orders WHERE id = ANY (%(orders)s) ORDER BY id FOR NO KEY UPDATE;
SELECT 1 FROM refcodes WHERE code = ANY (ARRAY(SELECT referral_code FROM orders WHERE id = ANY (%(orders)s)))
    AND wallet_address = '' ORDER BY code FOR SHARE;
"""
_HAS_EARLIER = other_paid_order("o.store_id", "o.customer_id", "o.id", "o.event_at")
_COLUMNS = [
    *[
        "id",
        "order_reference",
        "store_id",
        "buyer_user_id",
        "status",
        "total_minor",
        "currency",
        "collected_by",
    ],
    *["referral_code", "referrer_user_id", "referrer_wallet", "referral_trace"],
]
_LOCK_AND_READ = Prepared(f"""{_LOCK}
WITH o AS MATERIALIZED (
    SELECT o.*, paid.at AS event_at
    FROM unnest(%(orders)s::text[], %(times)s::timestamptz[]) AS paid (id, at) JOIN orders o ON o.id = paid.id
)
SELECT {", ".join(f"o.{column}" for column in _COLUMNS)},
    c.owner_user_id, c.wallet_address, c.active, u.disabled_at IS NULL,
    (SELECT reward_waits_for FROM stores WHERE id = o.store_id),
    ARRAY(SELECT address FROM wallets WHERE user_id = o.buyer_user_id),
    o.referral_code IS NOT NULL AND ({_HAS_EARLIER}),
    (SELECT jsonb_agg(jsonb_build_array(i.sku, i.product_id, i.vendor_id, i.quantity, i.subtotal_minor,
            p.referral_percent::text, s.referral_percent::text, m.referral_percent::text) ORDER BY i.id)
        FROM order_items i
        LEFT JOIN products p ON p.id = i.product_id
        LEFT JOIN commission_structures s ON s.id = p.commission_structure_id
        LEFT JOIN merchant_configs m ON m.vendor_id = i.vendor_id
        WHERE i.order_id = o.id),
    (SELECT jsonb_object_agg(v.id, jsonb_build_array(v.store_tier, m.platform_percent::text, m.custom_splits,
            m.hold_days, m.payout_frequency))
        FROM vendors v LEFT JOIN merchant_configs m ON m.vendor_id = v.id
        WHERE v.id IN (SELECT vendor_id FROM order_items WHERE order_id = o.id)),
    (SELECT referral_percent FROM platform_config WHERE id = 1),
    (SELECT jsonb_build_array(id, rules, created_by) FROM programme_versions
        WHERE starts_at <= o.event_at AND (ends_at IS NULL OR ends_at > o.event_at) LIMIT 1),
    EXISTS (SELECT FROM programme_campaigns WHERE starts_at <= o.event_at AND ends_at > o.event_at),
    EXISTS (SELECT FROM referrer_bonuses WHERE referrer_user_id IN (c.owner_user_id, o.referrer_user_id)),
    o.store_id <> 1 AND EXISTS (SELECT FROM store_rates WHERE store_id = o.store_id),
    EXISTS (SELECT FROM webhook_endpoints WHERE disabled_at IS NULL),
    EXISTS (SELECT FROM payment_refunds WHERE order_reference = o.order_reference),
    EXISTS (SELECT FROM referral_rewards WHERE order_reference = o.order_reference)
FROM o
LEFT JOIN refcodes c ON c.code = o.referral_code
LEFT JOIN users u ON u.id = c.owner_user_id
""")  # noqa: S608 - constants


@dataclass(frozen=True)
class CodeFacts:
    """The code of an order as it is now."""

    owner_user_id: int
    wallet: str
    state: CodeState


@dataclass(frozen=True)
class SoldLine:
    """A line of an order with the percents set for its product, the product's structure and its vendor."""

    product_id: int | None
    vendor_id: int
    quantity: int
    subtotal_minor: int
    percents: tuple[Decimal | None, Decimal | None, Decimal | None]


@dataclass(frozen=True)
class ProgrammeFacts:
    """The programme that a reward is decided under, or why it cannot be read.

    `referrals` are those that the referrer had before; `is_credit_giver` is whether the referrer gave the buyer credit.
    """

    programme: Programme | None = None
    problem: Exception | None = None
    referrals: int = 0
    is_credit_giver: bool = False


@dataclass(frozen=True)
class PaidOrder:
    """An order with everything that its ledgers are decided from.

    The referral is the one stored with the order; `code` is its code as it is now. `has_reward` and `has_refunds`
    are about rows of its reference.
    """

    id: str
    order_reference: str
    store_id: int
    buyer_user_id: int | None
    status: str
    total_minor: int
    currency: str
    collected_by: str
    referral_code: str | None
    referrer_user_id: int | None
    referrer_wallet: str | None
    referral_trace: list[dict[str, Any]]
    paid_at: datetime
    rail: RewardRail
    code: CodeFacts | None
    reward_waits_for: str
    buyer_wallets: frozenset[str]
    has_earlier_paid_order: bool
    sold: tuple[SoldLine, ...]
    vendors: Mapping[str, Sequence[Any]]
    policy: PercentPolicy
    programme: ProgrammeFacts
    has_endpoints: bool
    has_refunds: bool
    has_reward: bool
    owes_commission: bool

    @property
    def quantities(self) -> dict[int, int]:
        """Return the pieces of each product; lines of connected stores have no stock here."""
        return {line.product_id: line.quantity for line in self.sold if line.product_id is not None}

    @cached_property
    def lines(self) -> tuple[ReferralLine, ...]:
        """Return the lines with their resolved referral percents."""
        return tuple(_resolved(line, self.policy) for line in self.sold)

    def terms(self, vendor_id: int) -> VendorTerms:
        """Return the terms of a vendor of the order; raise CustomSplitInvalid or InvalidPercent."""
        tier, percent, splits, hold_days, frequency = self.vendors[str(vendor_id)]
        return terms_of(vendor_id, tier, _decimal(percent), splits, hold_days, frequency)


def read_paid(
    payments: Sequence[PaymentTransaction], times: Sequence[datetime], settings: Settings
) -> list[PaidOrder]:
    """Lock the orders of payments and read them as they are paid at these times.

    The caller has locked the buyers and the payments. Raises OrderUnknown.
    """
    orders = [payment.entity_id for payment in payments]
    rows = {row[0]: row for row in query(_LOCK_AND_READ, {"orders": orders, "times": list(times)})}
    if rows.keys() != set(orders):
        raise OrderUnknown
    return [
        _paid_order(rows[payment.entity_id], payment, paid_at, settings)
        for payment, paid_at in zip(payments, times, strict=True)
    ]


def _paid_order(
    row: Sequence[Any], payment: PaymentTransaction, paid_at: datetime, settings: Settings
) -> PaidOrder:
    order, rest = dict(zip(_COLUMNS, row, strict=False)), list(row[len(_COLUMNS) :])
    owner, wallet, active, enabled, waits_for, wallets, has_earlier, *rest = rest
    sold, vendors, percent, version, campaigns, bonuses, has_rates, *found = rest
    rates = rates_of_skus(order["store_id"], [line[0] for line in sold or ()]) if has_rates else {}
    rail: RewardRail = "crypto" if payment.rail == "internal_credit" else "fiat"
    is_unpaid = order["status"] in UNPAID
    people = (owner if is_unpaid else order["referrer_user_id"], order["buyer_user_id"])
    policy = PercentPolicy(
        percent, settings.referral_reward_percent, settings.referral_commission_max_percent
    )
    return PaidOrder(
        **order,
        paid_at=paid_at,
        rail=rail,
        code=None if owner is None else CodeFacts(owner, wallet, _state(active, enabled)),
        reward_waits_for=waits_for,
        buyer_wallets=frozenset(wallets),
        has_earlier_paid_order=has_earlier,
        sold=tuple(_sold_line(rates.get(sku), *line) for sku, *line in sold or ()),
        vendors=vendors or {},
        policy=policy,
        programme=programme_facts(version, paid_at, people, rail, bool(campaigns), bool(bonuses)),
        has_endpoints=found[0],
        has_refunds=found[1],
        has_reward=found[2],
        # Of an unpaid order no commission is written yet.
        owes_commission=is_unpaid or (waits_for == "statement" and owes_commission(order["order_reference"])),
    )


def read_programme(paid_at: datetime, referrer_user_id: int, buyer_user_id: int) -> ProgrammeFacts:
    """Read the programme that a membership is decided under."""
    version = find_version_at(paid_at)
    stored = (version.id, version.rules, version.created_by) if version else None
    return programme_facts(stored, paid_at, (referrer_user_id, buyer_user_id), "fiat", True, True)


def programme_facts(
    version: Sequence[Any] | None,
    paid_at: datetime,
    people: tuple[int | None, int | None],
    rail: RewardRail,
    has_campaigns: bool,
    has_bonuses: bool,
) -> ProgrammeFacts:
    """Return the programme of a version's id, rules and author, for a sale; `people` are its referrer and its buyer."""
    referrer_id, buyer_id = people
    if referrer_id is None:
        return ProgrammeFacts()
    if version is None:
        problem = LookupError(f"no version of the programme is in force at {paid_at.isoformat()}")
        return ProgrammeFacts(problem=problem)
    try:
        rules = ProgrammeRules.model_validate(version[1])
    except ValidationError as error:
        return ProgrammeFacts(problem=error)
    programme = Programme(
        version[0],
        rules,
        created_by=version[2],
        campaigns=list_campaigns_at(paid_at) if has_campaigns else (),
        referrer_bonus=find_referrer_bonus_at(paid_at, referrer_id) if has_bonuses else None,
    )
    mode = rules.approval.fiat if rail == "fiat" else rules.approval.crypto
    return ProgrammeFacts(
        programme,
        referrals=count_referrals(referrer_id, paid_at, programme),
        # Nobody is asked where an admin decides anyway.
        is_credit_giver=mode != "manual" and has_given_credit(referrer_id, buyer_id),
    )


def _state(active: bool, owner_is_enabled: bool) -> CodeState:
    if not active:
        return "inactive"
    return "active" if owner_is_enabled else "owner_disabled"


def _sold_line(
    store_rate: Decimal | None,
    product_id: int | None,
    vendor_id: int,
    quantity: int,
    subtotal_minor: int,
    *percents: str | None,
) -> SoldLine:
    own, structure, merchant = (_decimal(percent) for percent in percents)
    own = own if store_rate is None else store_rate
    return SoldLine(product_id, vendor_id, quantity, subtotal_minor, (own, structure, merchant))


def _resolved(line: SoldLine, policy: PercentPolicy) -> ReferralLine:
    percent = resolve_percent(*line.percents, policy)
    return ReferralLine(line.product_id, line.vendor_id, line.subtotal_minor, percent.percent, percent.source)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
