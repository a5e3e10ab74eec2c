"""Products, their movements and their filters as the pages of admins and vendors show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.catalogue import LANGUAGES, STATES, ProductFilter
from portal.lib.money import major_text
from portal.web.core.filters import FilterView
from portal.web.core.vendor_field import read_vendor
from portal.web.text.format import When, money, number, when
from portal.web.text.pictures import PictureView, picture_view
from portal.web.text.translate import gettext as _
from portal.web.text.translate import pgettext

if TYPE_CHECKING:
    from models import Product, ProductPicture, StockMovement

FILTERS = ("q", "state", "vendor")


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product in the list."""

    id: int
    name: str
    slug: str
    vendor: str
    price: str
    stock: str
    state: str
    state_words: str
    picture: PictureView | None


@dataclass(frozen=True, slots=True)
class MovementRow:
    """A change of stock."""

    moment: When
    quantity: str
    reason: str
    order_id: str


def read_filter(arguments: Mapping[str, str]) -> FilterView[ProductFilter]:
    """Read the filter of a URL; a value that is none of the choices does not filter."""
    typed = {name: arguments.get(name, "").strip()[:200] for name in FILTERS}
    vendor = typed["vendor"] = read_vendor(typed["vendor"], None)
    return FilterView(
        ProductFilter(
            text=typed["q"],
            state=typed["state"] if typed["state"] in STATES else "",
            vendor_id=int(vendor) if vendor.isascii() and vendor.isdecimal() and len(vendor) < 19 else None,
        ),
        typed,
    )


def state_words() -> dict[str, str]:
    """Return the states of a product in words."""
    return {"on_sale": _("On sale"), "sold_out": _("Sold out"), "archived": _("Archived")}


def product_rows(products: Iterable[Product], pictures: Mapping[int, ProductPicture]) -> list[ProductRow]:
    """Return products as rows of the list."""
    return [_row(product, pictures.get(product.id)) for product in products]


def state_of(product: Product) -> str:
    """Return the state of a product: on_sale, sold_out or archived."""
    if not product.active:
        return "archived"
    return "on_sale" if product.stock > 0 else "sold_out"


def _row(product: Product, picture: ProductPicture | None) -> ProductRow:
    state = state_of(product)
    return ProductRow(
        id=product.id,
        name=product.name,
        slug=product.slug,
        vendor=product.vendor.name,
        price=money(product.price_minor, product.currency),
        stock=number(product.stock),
        state=state,
        state_words=state_words()[state],
        picture=picture_view(picture),
    )


def movement_rows(movements: Iterable[StockMovement]) -> list[MovementRow]:
    """Return changes of stock as rows, with the reason that was typed or the words of the step that made them."""
    words = {
        "initial": _("Opening stock"),
        "sale": pgettext("stock", "Sale"),
        "refund": _("Refund"),
        "correction": _("Correction"),
    }
    return [
        MovementRow(
            when(row.created_at),
            f"{'+' if row.quantity > 0 else '−'}{number(abs(row.quantity))}",
            row.note or words[row.reason],
            row.order_id or "",
        )
        for row in movements
    ]


def fields_of(product: Product) -> dict[str, str]:
    """Return a product as the fields of its form."""
    fields = {
        "slug": product.slug,
        "name": product.name,
        "description": product.description,
        "price": major_text(product.price_minor, product.currency),
        "currency": product.currency,
        "needs_delivery": "1" if product.needs_delivery else "",
    }
    for language in LANGUAGES:
        texts = product.translations.get(language, {})
        fields |= {f"{text}_{language}": texts.get(text, "") for text in ("name", "description")}
    return fields
