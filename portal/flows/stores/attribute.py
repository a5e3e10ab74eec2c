"""Decide which referrer an order of a connected store is credited to. See docs/rules/attribution.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models import Customer, Refcode, Store
from portal.attribution import AttributionFacts, CodeSource, CodeState, code_in_link, name_in_link, run_guards
from portal.codes import find_aliased_codes
from portal.db import query
from portal.flows.accounts.code_state import code_state_of
from portal.flows.checkout.decide_attribution import Attribution
from portal.lib.addresses import canonical_address
from portal.orders import has_other_paid_order
from portal.settings import Settings
from portal.stores import (
    KnownSnapshot,
    customer_keys,
    email_digest,
    find_coupon_code,
    find_customers,
    hashes_of_ids,
    is_known_customer,
    mailbox_digest,
)
from portal.stores.snapshots import OrderSnapshot, SnapshotCustomer

_CODE = ("code", "owner_user_id", "wallet_address", "store_referrer_id", "active")
# The owner of a code is a customer of the store if it was issued to them, or if they said that they are.
_FACTS = f"""
SELECT {", ".join(f"c.{column}" for column in _CODE)}, u.disabled_at IS NULL,
    u.email, u.email_confirmed_at IS NOT NULL,
    EXISTS (SELECT FROM store_referrers r WHERE r.id = c.store_referrer_id AND r.store_id = %(store)s
        AND (r.customer = ANY(%(ids)s) OR r.email_key = ANY(%(keys)s)))
    OR EXISTS (SELECT FROM store_referrers r WHERE r.user_id = c.owner_user_id AND r.store_id = %(store)s
        AND r.customer = ANY(%(ids)s))
FROM refcodes c JOIN users u ON u.id = c.owner_user_id
WHERE c.code = %(code)s
"""  # noqa: S608 - constants


@dataclass(frozen=True)
class StoreBuyer:
    """A buyer as a store reports one: the keys that identify them, and what else the guards need.

    `mailbox` is the digest of the buyer's mailbox while the report with its address is applied.
    """

    keys: tuple[str, ...]
    earlier_paid_orders: int
    wallet: str | None
    mailbox: str | None = None


@dataclass(frozen=True)
class _Facts:
    """A code with its owner; `is_customer` is whether the owner is the buyer."""

    code: Refcode | None
    code_state: CodeState | None
    owner_email: str | None
    is_email_confirmed: bool
    is_customer: bool


_NO_CODE = _Facts(None, None, None, is_email_confirmed=False, is_customer=False)


def buyer_of(store: Store, customer: SnapshotCustomer, settings: Settings, order_id: str = "") -> StoreBuyer:
    """Return the buyer of an order; the e-mail address is hashed here and goes no further."""
    email = customer.email if customer.email and customer.email.strip() else None
    keys = customer_keys(
        store.id,
        settings.stored_key,
        email_sha256=email_digest(email) if email else None,
        external_id=customer.external_id,
        order_id=order_id,
    )
    wallet = _wallet(customer.wallet_address)
    return StoreBuyer(keys, customer.earlier_paid_orders, wallet, mailbox_digest(email) if email else None)


def known_buyer(known: KnownSnapshot) -> StoreBuyer:
    """Return the buyer of an order as everything that was reported of it says."""
    customer = known.snapshot.customer
    return StoreBuyer(known.customer_keys, customer.earlier_paid_orders, _wallet(customer.wallet_address))


def choose_store_code(store: Store, snapshot: OrderSnapshot) -> tuple[str | None, CodeSource | None]:
    """Return the code to decide about and its source: the one that came along, else a coupon's."""
    if snapshot.referral_code:
        return _tidy(snapshot.referral_code), snapshot.code_source or "cookie"
    coupon_code = find_coupon_code(store.id, snapshot.coupon_codes) or _aliased_coupon(snapshot.coupon_codes)
    return (coupon_code, "coupon") if coupon_code else (None, None)


def decide_store_attribution(
    store: Store,
    buyer: StoreBuyer,
    customers: Sequence[Customer],
    code: str | None,
    source: CodeSource | None,
    settings: Settings,
    *,
    order_id: str | None = None,
    paid_at: datetime | None = None,
    was_same_mailbox: bool = False,
) -> Attribution:
    """Run the guards for a buyer of a store; for an order the caller has locked the customers.

    `was_same_mailbox` is what an earlier report of the order found, as addresses are not stored.
    """
    facts = _read_facts(store, buyer, code)
    row = facts.code
    has_paid = any(
        customer.bought_before or has_other_paid_order(store.id, customer.id, order_id, paid_by=paid_at)
        for customer in customers
    )
    decision = run_guards(
        AttributionFacts(
            code=row.code if row else code,
            code_source=source,
            code_state=facts.code_state,
            referrer_user_id=row.owner_user_id if row else None,
            referrer_wallet=row.wallet_address if row else None,
            buyer_user_id=row.owner_user_id if row and _is_owner(store, buyer, facts, settings) else None,
            buyer_wallets=frozenset([buyer.wallet] if buyer.wallet else ()),
            has_earlier_paid_order=has_paid or buyer.earlier_paid_orders > 0,
            is_known_buyer=is_known_customer(buyer.keys),
            is_same_mailbox=was_same_mailbox or _is_same_mailbox(buyer, facts),
        )
    )
    return Attribution(decision, row if decision.applied else None)


def _read_facts(store: Store, buyer: StoreBuyer, code: str | None) -> _Facts:
    """Read a code by its text, or by its alias, with its owner."""
    if code is None:
        return _NO_CODE
    values = {"code": code, "store": store.id, "ids": hashes_of_ids(buyer.keys), "keys": list(buyer.keys)}
    rows = query(_FACTS, values)
    if not rows:
        aliased = find_aliased_codes([code]).get(code)
        return _read_facts(store, buyer, aliased) if aliased else _NO_CODE
    ((*row, is_enabled, email, is_confirmed, is_customer),) = rows
    found = Refcode(**dict(zip(_CODE, row, strict=True)))
    return _Facts(found, code_state_of(found.active, is_enabled), email, is_confirmed, is_customer)


def preview_store_attribution(
    store: Store, code: str | None, source: CodeSource | None, customer: SnapshotCustomer, settings: Settings
) -> Attribution:
    """Decide whether a code would apply to a buyer now; nothing is stored."""
    buyer = buyer_of(store, customer, settings)
    tidy = _tidy(code) if code else None
    return decide_store_attribution(
        store,
        buyer,
        find_customers(store.id, buyer.keys),
        tidy,
        source or ("cookie" if tidy else None),
        settings,
    )


def _tidy(text: str) -> str:
    """Return the code or the alias in a text without stray characters; a text that is neither stays as it is."""
    return code_in_link([text]) or name_in_link(text) or text


def _aliased_coupon(coupons: Sequence[str]) -> str | None:
    """Return the code of the first coupon that is an alias; one that the store assigned to a code comes first."""
    aliased = find_aliased_codes(coupons)
    return next((aliased[coupon] for coupon in coupons if coupon in aliased), None)


def _is_owner(store: Store, buyer: StoreBuyer, facts: _Facts, settings: Settings) -> bool:
    """Return whether the code is the buyer's.

    It was issued to this customer of the store, or its owner is connected to the customer or has the confirmed e-mail.
    """
    if facts.is_customer or not (facts.owner_email and facts.is_email_confirmed):
        return facts.is_customer
    secret = settings.stored_key
    digest = email_digest(facts.owner_email)
    return customer_keys(store.id, secret, email_sha256=digest, external_id=None)[0] in buyer.keys


def _is_same_mailbox(buyer: StoreBuyer, facts: _Facts) -> bool:
    """Return whether buyer and owner read one mailbox, by a +tag or by an address that was never confirmed."""
    return bool(facts.owner_email) and buyer.mailbox == mailbox_digest(facts.owner_email or "")


def _wallet(text: str | None) -> str | None:
    """Return a wallet in stored form; raise InvalidAddress."""
    return canonical_address(text, "customer.walletAddress") if text else None
