"""Read stores and their customers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal

from models import Customer, Store, StoreCoupon, StoreRate
from portal.lib.texts import plain_line
from portal.stores.rules import BUILT_IN_STORE_ID, StoreUnknown, customer_key_of_user


def get_store(store_id: int) -> Store:
    """Return a store; raise StoreUnknown."""
    store = Store.get_or_none(Store.id == store_id)
    if store is None:
        raise StoreUnknown
    return store


def lock_store(store_id: int) -> Store:
    """Return a store locked until the transaction ends; raise StoreUnknown. Rows that refer to it need not wait."""
    store = Store.select().where(Store.id == store_id).for_update("FOR NO KEY UPDATE").first()  # type: ignore[arg-type]
    if store is None:
        raise StoreUnknown
    return store  # type: ignore[no-any-return]


def find_store_by_public_id(public_id: str) -> Store | None:
    """Return the store with this public id, or None."""
    store: Store | None = Store.get_or_none(Store.public_id == public_id)
    return store


def find_store(name: str) -> Store | None:
    """Return a store by its id or public id, or None."""
    is_named = Store.public_id == name
    return Store.get_or_none(
        is_named | (Store.id == int(name)) if name.isdecimal() and len(name) < 19 else is_named
    )


def names_of_stores(store_ids: Collection[int]) -> dict[int, str]:
    """Return the names of those of the stores that exist, by id."""
    rows = Store.select(Store.id, Store.name).where(Store.id.in_(list(store_ids))).order_by(Store.id)
    return {store.id: store.name for store in rows}


def find_customer_of_user(user_id: int) -> Customer | None:
    """Return the customer that an account is in the built-in shop, or None before its first order."""
    key = customer_key_of_user(user_id)
    return Customer.get_or_none((Customer.store == BUILT_IN_STORE_ID) & (Customer.key == key))


def find_customers(store_id: int, keys: Iterable[str]) -> list[Customer]:
    """Return the customers of a store with any of these keys."""
    rows = Customer.select().where((Customer.store == store_id) & Customer.key.in_(list(keys)))
    return list(rows)


def find_coupon_code(store_id: int, coupons: Iterable[str]) -> str | None:
    """Return the share code of the first coupon that stands for one, or None; letter case does not matter."""
    wanted = [plain_line(coupon).lower() for coupon in coupons]
    rows = StoreCoupon.select().where((StoreCoupon.store == store_id) & StoreCoupon.coupon.in_(wanted))
    codes = {row.coupon: row.code for row in rows}
    return next((codes[coupon] for coupon in wanted if coupon in codes), None)


def has_origin(origin: str) -> bool:
    """Return whether a connected store has registered an origin for its pages."""
    return Store.select().where(Store.active & Store.origins.contains([origin])).exists()


def has_coupon(text: str) -> bool:
    """Return whether any store has assigned a coupon of this text to a share code, in any letter case."""
    return StoreCoupon.select().where(StoreCoupon.coupon == plain_line(text).lower()).exists()


def rates_of_skus(store_id: int, skus: Iterable[str]) -> dict[str, Decimal]:
    """Return the referral percents that a store has for some of these SKUs, written in any normal form."""
    forms = {sku: plain_line(sku) for sku in skus if sku}
    rows = StoreRate.select().where((StoreRate.store == store_id) & StoreRate.sku.in_(sorted(forms.values())))
    percents = {row.sku: row.referral_percent for row in rows}
    return {sku: percents[form] for sku, form in forms.items() if form in percents}
