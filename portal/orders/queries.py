"""Read the catalogue and orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models import Order, OrderItem, Product, StockMovement, Vendor
from portal.db import Keyset, query, within
from portal.orders.rules import OrderUnknown

ORDERS_PAGE = 50

_CODE_ORDERS = """
SELECT code, sum(orders)::bigint, sum(paid)::bigint, sum(refunded)::bigint FROM (
    SELECT code, orders, paid, refunded FROM code_order_totals WHERE code = ANY(%(codes)s)
    UNION ALL SELECT code, orders, paid, refunded FROM code_order_deltas WHERE code = ANY(%(codes)s)
) AS parts GROUP BY code
"""


def list_products() -> list[Product]:
    """Return what is for sale, by name, each with its vendor."""
    rows = (
        Product.select(Product, Vendor).join(Vendor).where(Product.active).order_by(Product.name, Product.id)
    )
    return list(rows)


def find_product_by_slug(slug: str) -> Product | None:
    """Return a product for sale with its vendor, or None."""
    rows = Product.select(Product, Vendor).join(Vendor).where((Product.slug == slug) & Product.active)
    found: Product | None = rows.first()
    return found


def products_by_id(product_ids: Sequence[int]) -> dict[int, Product]:
    """Return the products for sale among these ids, each with its vendor."""
    rows = (
        Product.select(Product, Vendor).join(Vendor).where(Product.id.in_(list(product_ids)) & Product.active)
    )
    return {product.id: product for product in rows}


def get_order(order_id: str) -> Order:
    """Return an order; raise OrderUnknown."""
    return _found(Order.get_or_none(Order.id == order_id))


def get_order_of_buyer(order_id: str, buyer_user_id: int) -> Order:
    """Return a buyer's own order; anyone else's is OrderUnknown."""
    return _found(Order.get_or_none((Order.id == order_id) & (Order.buyer == buyer_user_id)))


def get_order_by_reference(order_reference: str, buyer_user_id: int | None = None) -> Order:
    """Return the order of a reference, of one buyer where given; raise OrderUnknown."""
    mine = True if buyer_user_id is None else Order.buyer == buyer_user_id
    return _found(Order.get_or_none((Order.order_reference == order_reference) & mine))


def find_order_by_checkout_key(buyer_user_id: int, checkout_key: str) -> Order | None:
    """Return the order a checkout form already made, or None."""
    return Order.get_or_none((Order.buyer == buyer_user_id) & (Order.checkout_key == checkout_key))


def list_orders_of_buyer(buyer_user_id: int) -> list[Order]:
    """Return a buyer's newest orders, at most a page."""
    rows = Order.select().where(Order.buyer == buyer_user_id)
    return list(rows.order_by(Order.created_at.desc(), Order.id).limit(ORDERS_PAGE))


def list_order_ledger(buyer_user_id: int, since: datetime | None, until: datetime | None) -> Keyset[Order]:
    """Return every order of a buyer placed in a period, newest first."""
    rows = within(Order.select().where(Order.buyer == buyer_user_id), Order.created_at, since, until)
    return Keyset(rows, Order.created_at, Order.id)


def list_stock_ledger(since: datetime | None, until: datetime | None) -> Keyset[StockMovement]:
    """Return every stock movement of a period with its product, newest first."""
    rows = StockMovement.select(StockMovement, Product).join(Product)
    return Keyset(within(rows, StockMovement.created_at, since, until), StockMovement.id)


def list_order_items(order_id: str) -> list[OrderItem]:
    """Return an order's lines with their products and vendors."""
    rows = OrderItem.select(OrderItem, Product, Vendor).join(Product).switch(OrderItem).join(Vendor)
    return list(rows.where(OrderItem.order == order_id).order_by(OrderItem.id))


def list_items_of_orders(order_ids: Sequence[str]) -> dict[str, list[OrderItem]]:
    """Return the lines of several orders by order id, in one statement."""
    items: dict[str, list[OrderItem]] = {}
    for item in OrderItem.select().where(OrderItem.order.in_(list(order_ids))).order_by(OrderItem.id):
        items.setdefault(item.order_id, []).append(item)
    return items


def has_other_paid_order(buyer_user_id: int, order_id: str | None) -> bool:
    """Tell whether a buyer has ever paid an order other than this one; refunds do not undo it."""
    rows = Order.select().where((Order.buyer == buyer_user_id) & Order.paid_at.is_null(False))
    if order_id is not None:
        rows = rows.where(Order.id != order_id)
    return rows.exists()


@dataclass(frozen=True)
class CodeOrders:
    """How many orders a code was credited with, how many of them were paid, and how many then refunded in full."""

    orders: int = 0
    paid: int = 0
    refunded: int = 0


def code_orders(codes: Sequence[str]) -> defaultdict[str, CodeOrders]:
    """Return what each code brought, zeros for one without orders.

    Exact at any moment: the kept totals and the differences noted since, so the cost does not grow with the orders.
    """
    found: defaultdict[str, CodeOrders] = defaultdict(CodeOrders)
    found.update(
        (code, CodeOrders(*numbers)) for code, *numbers in query(_CODE_ORDERS, {"codes": list(codes)})
    )
    return found


def list_vendors_of_user(user_id: int) -> list[Vendor]:
    """Return the vendors a person sells as."""
    return list(Vendor.select().where(Vendor.user == user_id).order_by(Vendor.name))


def _found(order: Order | None) -> Order:
    if order is None:
        raise OrderUnknown
    return order
