"""Rows for tests, written directly to the bound database, with sensible defaults.

The functions bypass the flows on purpose: a test creates its initial state and then uses the portal.
Each function returns the row as it is stored.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from peewee import Model

from models import (
    MerchantConfig,
    Order,
    OrderItem,
    PaymentTransaction,
    PlatformVisits,
    Product,
    Refcode,
    ReferralReward,
    SalesAssist,
    Settlement,
    StockMovement,
    Store,
    User,
    Vendor,
    VisitDaily,
    Wallet,
)
from portal.accounts.passwords import hash_password
from portal.db import Actor
from portal.lib.ids import random_text
from portal.lib.money import major_text
from portal.payments import add_credit
from portal.stores import BUILT_IN_STORE_ID, create_store, ensure_customer_of_user

PASSWORD = "a long test password"
ACTOR = Actor("test")
TOKEN = 10**18

_numbers = itertools.count(1)
Row = TypeVar("Row", bound=Model)


@cache
def password_hash() -> str:
    """Return the hash of the default password, computed once because argon2 is slow."""
    return hash_password(PASSWORD)


# ---------------------------------------------------------------------- users


def make_user(name: str = "Olena Bondar", **values: Any) -> User:
    """Create a user who signs in with PASSWORD."""
    number = next(_numbers)
    defaults = {"email": f"user{number}@example.com", "name": name, "password_hash": password_hash()}
    return _insert(User, **{**defaults, **values})


def make_admin(**values: Any) -> User:
    return make_user(**{"name": "Admin Adminenko", "role": "admin", **values})


def make_wallet(user: User, address: str | None = None) -> str:
    """Link a wallet to a user and return its stored form."""
    stored = address or new_address()
    Wallet.insert(address=stored, user=user.id).execute()
    return stored


def new_address() -> str:
    # The lowest addresses are precompiles, which nobody can have.
    return f"0x{next(_numbers) + 2**32:040x}"


def make_code(owner: User, wallet: str | None = None, **values: Any) -> Refcode:
    """Create a share code of a user, with a new wallet unless one is given."""
    code = values.pop("code", None) or random_text(8)
    Refcode.insert(code=code, owner=owner.id, wallet_address=wallet or make_wallet(owner), **values).execute()
    return Refcode.get_by_id(code)


def make_visits(code: Refcode, by_days_ago: dict[int, int]) -> None:
    """Create the daily buckets of a code, and add their sum to its total and the total of the platform."""
    today = datetime.now(UTC).date()
    for days, visits in by_days_ago.items():
        day = today - timedelta(days=days)
        VisitDaily.insert(code=code.code, day=day, visits=visits).execute()
        (
            PlatformVisits.insert(day=day, shard=0, visits=visits)
            .on_conflict(
                conflict_target=[PlatformVisits.day, PlatformVisits.shard],
                update={PlatformVisits.visits: PlatformVisits.visits + visits},
            )
            .execute()
        )
    total = sum(by_days_ago.values())
    Refcode.update(visits_total=Refcode.visits_total + total).where(Refcode.code == code.code).execute()


def give_credit(user: User, amount_minor: int, currency: str = "UAH") -> None:
    add_credit(user.id, amount_minor, currency, "test credit", ACTOR)


# ---------------------------------------------------------------------- the store


def make_vendor(user: User | None = None, **values: Any) -> Vendor:
    """Create a vendor; keywords that begin with `config_` go to its merchant configuration."""
    config = {key.removeprefix("config_"): values.pop(key) for key in list(values) if key[:7] == "config_"}
    defaults = {
        "name": f"Vendor {next(_numbers)}",
        "store_tier": "starter",
        "active": True,
        "user": user.id if user else None,
    }
    vendor = _insert(Vendor, **{**defaults, **values})
    MerchantConfig.insert(vendor=vendor.id, **config).execute()
    return vendor


def make_store(vendor: Vendor | None = None, platform: str = "api", **values: Any) -> Store:
    """Connect a store whose lines are sold by a vendor."""
    name = values.pop("name", None) or f"Store {next(_numbers)}"
    return create_store(name, platform, (vendor or make_vendor()).id, ACTOR, **values)


def make_product(vendor: Vendor | None = None, **values: Any) -> Product:
    """Create a product for sale with its opening stock movement, by default for 1 000.00 UAH."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "vendor": (vendor or make_vendor()).id,
        "slug": f"product-{number}",
        "name": f"Product {number}",
        "description": "A thing.",
        "price_minor": 100_000,
        "currency": "UAH",
        "stock": 100,
    }
    product = _insert(Product, **{**defaults, **values})
    if product.stock:
        StockMovement.insert(product=product.id, quantity=product.stock, reason="initial").execute()
    return product


def make_order(
    buyer: User,
    lines: Sequence[tuple[Product, int]] | None = None,
    *,
    code: Refcode | None = None,
    paid: bool = False,
    **values: Any,
) -> Order:
    """Create an order of (product, quantity) lines in the built-in shop, attributed to `code` if given."""
    chosen = list(lines) if lines is not None else [(make_product(), 1)]
    order_id = values.pop("id", None) or random_text(14)
    total_minor = sum(product.price_minor * quantity for product, quantity in chosen)
    defaults: dict[str, Any] = {
        "order_reference": f"store_{order_id}_{1_700_000_000_000 + next(_numbers)}",
        "store": BUILT_IN_STORE_ID,
        "customer": ensure_customer_of_user(buyer.id).id,
        "buyer": buyer.id,
        "status": "paid" if paid else "created",
        "paid_at": datetime.now(UTC) if paid else None,
        "total_minor": total_minor,
        "paid_minor": total_minor if paid else 0,
        "currency": chosen[0][0].currency,
        "referral_reason": None if code else "no_code",
    }
    if code:
        defaults |= {
            "referral_code": code.code,
            "referrer_user_id": code.owner_user_id,
            "referrer_wallet": code.wallet_address,
            "referral_trace": [_passed("code_known", detail="active", source="cookie")],
        }
    Order.insert(id=order_id, **{**defaults, **values}).execute()
    for product, quantity in chosen:
        OrderItem.insert(
            order=order_id,
            product=product.id,
            vendor=product.vendor_id,
            sku=product.slug,
            name=product.name,
            quantity=quantity,
            unit_price_minor=product.price_minor,
            subtotal_minor=product.price_minor * quantity,
        ).execute()
    return Order.get_by_id(order_id)


# ---------------------------------------------------------------------- money


def make_payment(order: Order, status: str = "redirected", **values: Any) -> PaymentTransaction:
    """Create the payment of an order, by default redirected to the provider."""
    defaults: dict[str, Any] = {
        "order_reference": order.order_reference,
        "purpose": "store_order",
        "processor": "wayforpay",
        "rail": "merchant_redirect",
        "entity_id": order.id,
        "user_id": order.buyer_user_id,
        "amount_minor": order.total_minor,
        "currency": order.currency,
        "status": status,
        "paid_at": datetime.now(UTC) if status == "paid" else None,
    }
    return _insert(PaymentTransaction, **{**defaults, **values})


def make_reward(referrer: User | Refcode, status: str = "pending_approval", **values: Any) -> ReferralReward:
    """Create a reward of 12.5 tokens for 1 000.00 UAH in any status, with the columns the status requires."""
    code = referrer if isinstance(referrer, Refcode) else make_code(referrer)
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "order_reference": f"store_reward{number}_{1_700_000_000_000 + number}",
        "order_id": f"reward{number}",
        "ref_code": code.code,
        "referrer_user_id": code.owner_user_id,
        "referrer_wallet": code.wallet_address,
        "order_total_minor": 100_000,
        "currency": "UAH",
        "reward_percent": Decimal(5),
        "usd_value": Decimal("1.25"),
        "token_price_usd": Decimal("0.1"),
        "reward_amount_wei": 25 * TOKEN // 2,
        "rail": "fiat",
        "status": status,
        "sizing": _sizing(),
        "tx_hash": f"0x{number:064x}" if status == "minted" else None,
        "failure_reason": {"failed": "price_unavailable", "rejected": "Looks like one person."}.get(status),
    }
    return _insert(ReferralReward, **{**defaults, **values})


def make_settlement(
    vendor: Vendor, amount_minor: int = 100_000, status: str = "pending", **values: Any
) -> Settlement:
    """Create a settlement with 20% for the platform and 5% for the referral of one product."""
    number = next(_numbers)
    platform, referral = amount_minor // 5, amount_minor // 20
    currency = values.get("currency", "UAH")
    if "commission_minor" in values:
        platform, referral = values["commission_minor"], 0
    reference = values.pop("order_reference", None) or f"store_settled{number}_{1_700_000_000_000 + number}"
    defaults: dict[str, Any] = {
        "order_reference": reference,
        "vendor": vendor.id,
        "kind": "sale",
        "amount_minor": amount_minor,
        "currency": currency,
        "commission_minor": platform + referral,
        "net_payout_minor": amount_minor - platform - referral,
        "status": status,
        "scheduled_for": datetime.now(UTC) + timedelta(days=3),
        "metadata": {"commissionBreakdown": _breakdown(amount_minor, platform, referral, currency)},
        "platform_commission_minor": platform,
        "referral_commission_minor": referral,
        "split_commissions": {},
    }
    return _insert(Settlement, **{**defaults, **values})


def make_assist(settlement: Settlement, code: Refcode) -> SalesAssist:
    return _insert(
        SalesAssist,
        order_reference=settlement.order_reference,
        vendor=settlement.vendor_id,
        referral_code=code.code,
        referrer_user_id=code.owner_user_id,
        subtotal_minor=settlement.amount_minor,
        currency=settlement.currency,
    )


# ---------------------------------------------------------------------- details


def _insert(model: type[Row], **values: Any) -> Row:
    return model.get_by_id(model.insert(values).execute())


def _passed(guard: str, **more: Any) -> dict[str, Any]:
    return {
        "guard": guard,
        "passed": True,
        "reason": None,
        "detail": None,
        "source": None,
        "stage": "order",
    } | more


def _sizing() -> dict[str, Any]:
    return {
        "percentExact": "5",
        "usdRate": "40",
        "lines": [{"productId": 1, "subtotalMinor": "100000", "percent": "5", "source": "default"}],
    }


def _breakdown(amount: int, platform: int, referral: int, currency: str) -> dict[str, Any]:
    def text(minor: int) -> str:
        return major_text(minor, currency)

    item = {
        "productId": 7,
        "percent": "5",
        "source": "default",
        "subtotal": text(amount),
        "amount": text(referral),
    }
    return {
        "platformCommission": text(platform),
        "referralCommission": text(referral),
        "referralEffectivePercent": "5",
        "referralByItem": [item],
        "customSplits": [],
        "totalCommission": text(platform + referral),
    }
