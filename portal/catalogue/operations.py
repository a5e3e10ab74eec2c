"""Add products, and move stock: every change of stock has one row in `stock_movements`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from models import BackOrder, Product, StockMovement
from portal.db import Change, transaction
from portal.lib.money import check_currency
from portal.lib.texts import clean_line, clean_text

# In id order, so that orders sharing products cannot deadlock, and before the statement that changes them: one that
# locks a row and changes it can deadlock with two others of the same row, because it looks for the row where it was.
_LOCK = """
SELECT 1 FROM products WHERE id = ANY (ARRAY(
    SELECT product_id FROM jsonb_to_recordset(%(stock)s) AS r (product_id bigint)
)) ORDER BY id FOR NO KEY UPDATE
"""
_SOLD_COLUMNS = "order_id text, product_id bigint, pieces bigint, code text"
_TAKE = """
UPDATE products p SET stock = p.stock - s.pieces
FROM (SELECT product_id, sum(pieces)::bigint AS pieces FROM stock_rows GROUP BY product_id) AS s
WHERE p.id = s.product_id
RETURNING p.id, p.stock, s.pieces
"""
_NOTE_SALE = """
INSERT INTO stock_movements (product_id, order_id, quantity, reason, referral_code)
SELECT r.product_id, r.order_id, -r.pieces, 'sale', r.code FROM stock_rows r JOIN stock s ON s.id = r.product_id
ORDER BY r.place
"""
# As if the orders had been paid one after the other.
_LEFT = """
SELECT r.order_id || ':' || r.product_id AS key,
    (s.stock + s.pieces - sum(r.pieces) OVER (PARTITION BY r.product_id ORDER BY r.place))::text AS id
FROM stock_rows r JOIN stock s ON s.id = r.product_id
"""


@dataclass(frozen=True)
class NewProduct:
    """What a product starts with; the price is in minor units, `referral_percent` None where it has no own rate."""

    vendor_id: int
    slug: str
    name: str
    description: str
    price_minor: int
    currency: str
    stock: int
    referral_percent: Decimal | None = None


def create_product(new: NewProduct) -> int:
    """Write a product with its opening stock movement; return its id.

    Raises CurrencyUnknown or CharacterRefused.
    """
    currency = check_currency(new.currency)
    with transaction():
        product_id: int = Product.insert(
            vendor=new.vendor_id,
            slug=new.slug,
            name=clean_line(new.name, "name"),
            description=clean_text(new.description, "description"),
            price_minor=new.price_minor,
            currency=currency,
            stock=new.stock,
            referral_percent=new.referral_percent,
        ).execute()
        if new.stock:
            StockMovement.insert(product=product_id, quantity=new.stock, reason="initial").execute()
    return product_id


@dataclass(frozen=True)
class Shortage:
    """A product of a paid order of which `missing` pieces were not in stock."""

    product_id: int
    missing: int


def take_stock(order_id: str, quantities: Mapping[int, int], referral_code: str | None) -> list[Change]:
    """Return the changes that take the goods of a paid order from stock, with one movement per product.

    `quantities` are pieces by product id. Stock may go below zero: a payment is never refused here, and what is missing
    becomes a back-order. `stock_left` reads what each order left.
    """
    rows = [
        {"order_id": order_id, "product_id": product_id, "pieces": pieces, "code": referral_code}
        for product_id, pieces in sorted(quantities.items())
    ]
    return [
        Change("stock", _TAKE, _SOLD_COLUMNS, rows, lock=_LOCK),
        Change("movements", _NOTE_SALE),
        Change("left_over", _LEFT, entity="product"),
    ]


def stock_left(
    order_id: str, quantities: Mapping[int, int], changed: Mapping[tuple[str, str], str]
) -> dict[int, int]:
    """Return the stock that an order left of its products, from the rows that `take_stock` changed."""
    keys = {product_id: ("product", f"{order_id}:{product_id}") for product_id in quantities}
    return {product_id: int(changed[key]) for product_id, key in keys.items() if key in changed}


def record_shortages(
    order_id: str, quantities: Mapping[int, int], stock: Mapping[int, int]
) -> list[Shortage]:
    """Record back-orders for what was missing when goods were taken, by the stock that is left; return them."""
    shortages = [
        Shortage(product_id, min(quantities[product_id], -left))
        for product_id, left in sorted(stock.items())
        if left < 0
    ]
    for shortage in shortages:
        BackOrder.insert(order_id=order_id, product=shortage.product_id, quantity=shortage.missing).execute()
    return shortages


def return_stock(order_id: str) -> None:
    """Put back what an order took from stock, with one movement per product, products in id order.

    The database refuses a second movement of the same reason for an order and product.
    """
    sold = (StockMovement.order_id == order_id) & (StockMovement.reason == "sale")
    for sale in StockMovement.select().where(sold).order_by(StockMovement.product):
        _move(sale.product_id, order_id, -sale.quantity, "refund", sale.referral_code)


def _move(product_id: int, order_id: str, quantity: int, reason: str, referral_code: str | None) -> int:
    """Change a product's stock and return the new one."""
    update = Product.update(stock=Product.stock + quantity).where(Product.id == product_id)
    (row,) = update.returning(Product.stock).execute()
    StockMovement.insert(
        product=product_id,
        order_id=order_id,
        quantity=quantity,
        reason=reason,
        referral_code=referral_code,
    ).execute()
    return int(row.stock)
