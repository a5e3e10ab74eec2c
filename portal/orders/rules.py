"""What may be ordered: pure checks of a cart against the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from portal.lib.errors import PortalError
from portal.lib.money import MAX_MINOR

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


class OrderUnknown(PortalError):
    code = "order_unknown"


class ProductRow(Protocol):
    id: int
    vendor_id: int
    name: str
    price_minor: int
    currency: str
    stock: int


@dataclass(frozen=True)
class CartLine:
    """What a client asks for: a product and how many."""

    product_id: int
    quantity: int


@dataclass(frozen=True)
class OrderLine:
    """A cart line priced from the catalogue, amounts in minor units."""

    product_id: int
    vendor_id: int
    name: str
    quantity: int
    unit_price_minor: int
    currency: str

    @property
    def subtotal_minor(self) -> int:
        return self.unit_price_minor * self.quantity


def parse_cart(items: object) -> list[CartLine]:
    """Read `[{productId, quantity}]`, adding up repeated products.

    Raises CartEmpty, CartTooLong, ItemsMalformed, ProductUnknown or QuantityInvalid, the field named
    as `items.N.name`.
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


def price_cart(lines: Sequence[CartLine], products: Mapping[int, ProductRow]) -> list[OrderLine]:
    """Price a cart from the catalogue rows.

    Raises ProductUnknown, StockShort (with what is left) or CurrencyMixed, the field named as `items.N.name`.
    """
    if not lines:
        raise CartEmpty(field="items")
    priced = []
    for index, line in enumerate(lines):
        product = products.get(line.product_id)
        if product is None:
            raise ProductUnknown(field=f"items.{index}.productId", product=str(line.product_id))
        if product.stock < line.quantity:
            available = max(product.stock, 0)
            raise StockShort(field=f"items.{index}.quantity", product=product.name, available=available)
        priced.append(
            OrderLine(
                product.id,
                product.vendor_id,
                product.name,
                line.quantity,
                product.price_minor,
                product.currency,
            )
        )
    if len({line.currency for line in priced}) > 1:
        raise CurrencyMixed(field="items")
    return priced
