"""Products and cart lines as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import get_locale

from portal.catalogue import text_in
from portal.web.text.format import money
from portal.web.text.pictures import PictureView, picture_view
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from models import Product, ProductPicture

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
    picture: PictureView | None


@dataclass(frozen=True, slots=True)
class CartLineView:
    """A product in the cart with its quantity and the price of all its pieces."""

    product: ProductView
    quantity: int
    subtotal: str


def product_view(product: Product, picture: ProductPicture | None = None) -> ProductView:
    """Return a product as the catalogue and its own page show it, in the language of the page."""
    language = str(get_locale())
    return ProductView(
        id=product.id,
        slug=product.slug,
        name=text_in(product, "name", language),
        description=text_in(product, "description", language),
        vendor=product.vendor.name,
        price=money(product.price_minor, product.currency),
        is_sold_out=product.stock < 1,
        stock_text=_stock_text(product.stock),
        picture=picture_view(picture),
    )


def cart_line_view(product: Product, quantity: int, picture: ProductPicture | None) -> CartLineView:
    """Return a line of the cart."""
    subtotal = money(product.price_minor * quantity, product.currency)
    return CartLineView(product_view(product, picture), quantity, subtotal)


def _stock_text(stock: int) -> str:
    if stock > LOW_STOCK:
        return ""
    return ngettext("%(num)s left", "%(num)s left", stock) if stock > 0 else _("Sold out")


def tier_words(tier: str) -> str:
    """Return the tier of a vendor in words."""
    return {
        "starter": _("Starter"),
        "growth": _("Growth"),
        "professional": _("Professional"),
        "enterprise": _("Enterprise"),
    }[tier]
