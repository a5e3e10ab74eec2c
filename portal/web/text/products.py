"""Products and cart lines as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.web.text.format import money
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from models import Product

# Above this the number of pieces left is of no interest to a buyer.
LOW_STOCK = 10


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product for sale; `stock_text` is empty while there is plenty."""

    id: int
    slug: str
    name: str
    description: str
    vendor: str
    price: str
    is_sold_out: bool
    stock_text: str


@dataclass(frozen=True, slots=True)
class CartLineView:
    """A product in the cart with its quantity and the price of all its pieces."""

    product: ProductView
    quantity: int
    subtotal: str


def product_view(product: Product) -> ProductView:
    """Return a product as the catalogue and its own page show it."""
    return ProductView(
        id=product.id,
        slug=product.slug,
        name=product.name,
        description=product.description,
        vendor=product.vendor.name,
        price=money(product.price_minor, product.currency),
        is_sold_out=product.stock < 1,
        stock_text=_stock_text(product.stock),
    )


def cart_line_view(product: Product, quantity: int) -> CartLineView:
    """Return a line of the cart."""
    return CartLineView(
        product_view(product), quantity, money(product.price_minor * quantity, product.currency)
    )


def _stock_text(stock: int) -> str:
    if stock > LOW_STOCK:
        return ""
    return ngettext("%(num)s left", "%(num)s left", stock) if stock > 0 else _("Sold out")
