"""Read and price a cart: pure checks against the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from portal.lib.errors import PortalError
from portal.lib.money import MAX_MINOR, check_currency, check_total

MAX_QUANTITY = 999
MAX_LINES = 50


class CartEmpty(PortalError):
    code = "cart_empty"


class CartTooLong(PortalError):
    code = "cart_too_long"


class ItemsMalformed(PortalError):
    code = "items_malformed"


class ProductUnknown(PortalError):
    code = "product_unknown"


class QuantityInvalid(PortalError):
    code = "quantity_invalid"


class StockShort(PortalError):
    code = "stock_short"


class CurrencyMixed(PortalError):
    code = "currency_mixed"


class ProductWithdrawn(PortalError):
    """A product that was offered is no longer for sale; params product."""

    code = "product_withdrawn"


class PriceChanged(PortalError):
    """A product costs something else than was offered; params product, before_minor, now_minor and both currencies."""

    code = "price_changed"


class ProductRow(Protocol):
    id: int
    vendor_id: int
    slug: str
    name: str
    price_minor: int
    currency: str
    stock: int
    needs_delivery: bool


class OfferedLine(Protocol):
    product_id: int | None
    name: str
    quantity: int
    unit_price_minor: int | None


@dataclass(frozen=True)
class CartLine:
    """A product and how many pieces of it a client requests."""

    product_id: int
    quantity: int


@dataclass(frozen=True)
class PricedLine:
    """A cart line with what the catalogue says of its product; the price is in minor units."""

    product_id: int
    vendor_id: int
    sku: str
    name: str
    quantity: int
    unit_price_minor: int
    currency: str
    needs_delivery: bool = False

    @property
    def subtotal_minor(self) -> int:
        """Return the price of the line in minor units."""
        return self.unit_price_minor * self.quantity


def parse_cart(items: object) -> list[CartLine]:
    """Return the lines of `[{productId, quantity}]`; the quantities of a repeated product are added up.

    Raises CartEmpty, CartTooLong, ItemsMalformed, ProductUnknown or QuantityInvalid, each with its field as
    `items.N.name`.
    """
    if not isinstance(items, list):
        raise ItemsMalformed(field="items")
    if not items:
        raise CartEmpty(field="items")
    if len(items) > MAX_LINES:
        raise CartTooLong(field="items", at_most=MAX_LINES)
    quantities: dict[int, int] = {}
    for index, item in enumerate(items):
        line = _parse_line(item, index)
        total = quantities.get(line.product_id, 0) + line.quantity
        if total > MAX_QUANTITY:
            raise QuantityInvalid(field=f"items.{index}.quantity", at_most=MAX_QUANTITY)
        quantities[line.product_id] = total
    return [CartLine(product_id, quantity) for product_id, quantity in quantities.items()]


def _parse_line(item: object, index: int) -> CartLine:
    if not isinstance(item, Mapping):
        raise ItemsMalformed(field=f"items.{index}")
    if item.get("productId") is None:
        raise ItemsMalformed(field=f"items.{index}.productId")
    product_id = _whole_number(item.get("productId"))
    if product_id is None or not 0 < product_id <= MAX_MINOR:
        raise ProductUnknown(field=f"items.{index}.productId", product=str(item.get("productId"))[:40])
    quantity = _whole_number(item.get("quantity"))
    if quantity is None or not 1 <= quantity <= MAX_QUANTITY:
        raise QuantityInvalid(field=f"items.{index}.quantity", at_most=MAX_QUANTITY)
    return CartLine(product_id, quantity)


def _whole_number(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return int(value)
    return None


def price_cart(lines: Sequence[CartLine], products: Mapping[int, ProductRow]) -> list[PricedLine]:
    """Return the lines priced from the catalogue rows.

    Raises CartEmpty, ProductUnknown, StockShort (with what is left), CurrencyUnknown, CurrencyMixed or TotalTooLarge,
    each with its field as `items.N.name`.
    """
    if not lines:
        raise CartEmpty(field="items")
    priced = [_price_line(line, products.get(line.product_id), index) for index, line in enumerate(lines)]
    if len({line.currency for line in priced}) > 1:
        raise CurrencyMixed(field="items")
    check_total(sum(line.subtotal_minor for line in priced), priced[0].currency, "items")
    return priced


def _price_line(line: CartLine, product: ProductRow | None, index: int) -> PricedLine:
    if product is None:
        raise ProductUnknown(field=f"items.{index}.productId", product=str(line.product_id))
    if product.stock < line.quantity:
        available = max(product.stock, 0)
        raise StockShort(field=f"items.{index}.quantity", product=product.name, available=available)
    check_currency(product.currency, f"items.{index}.productId")
    return PricedLine(
        product_id=product.id,
        vendor_id=product.vendor_id,
        sku=product.slug,
        name=product.name,
        quantity=line.quantity,
        unit_price_minor=product.price_minor,
        currency=product.currency,
        needs_delivery=product.needs_delivery,
    )


def fit_cart(lines: Sequence[CartLine], products: Mapping[int, ProductRow]) -> list[CartLine]:
    """Return the part of a cart that can be bought: products for sale, no more pieces than are in stock."""
    fitting = [
        CartLine(line.product_id, min(line.quantity, products[line.product_id].stock))
        for line in lines
        if line.product_id in products
    ]
    return [line for line in fitting if line.quantity > 0]


def check_offer(
    lines: Sequence[OfferedLine], currency: str, products: Mapping[int, ProductRow], field: str
) -> None:
    """Check that lines offered earlier can still be sold at their prices; `products` are the rows for sale now.

    Lines that are not of the catalogue are not checked. Raises ProductWithdrawn, PriceChanged or StockShort, naming
    the field. See docs/rules/payments.md.
    """
    for line in lines:
        if line.product_id is None:
            continue
        product = products.get(line.product_id)
        if product is None:
            raise ProductWithdrawn(field=field, product=line.name)
        if (product.price_minor, product.currency) != (line.unit_price_minor, currency):
            raise PriceChanged(
                field=field,
                product=line.name,
                before_minor=line.unit_price_minor,
                before_currency=currency,
                now_minor=product.price_minor,
                now_currency=product.currency,
            )
        if product.stock < line.quantity:
            raise StockShort(field=field, product=line.name, available=max(product.stock, 0))
