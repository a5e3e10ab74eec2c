"""Products as files with the columns that an import reads. See docs/catalogue.md."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from portal.catalogue import COLUMNS, keyset_of_desk, row_values
from portal.db import Keyset
from portal.web.exports.arguments import Arguments, period
from portal.web.exports.columns import Cell, Column, Digits
from portal.web.exports.ledger import Ledger
from portal.web.products.presenters import read_filter
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import Product

# Numbers of ours; the other columns are texts that people typed.
_EXACT = ("vendor_id", "price", "stock", "referral_percent")


def _column(name: str) -> Column:
    def read(product: Product) -> Cell:
        text = row_values(product)[name]
        return Digits(text) if name in _EXACT else text

    return Column(name, read)


_PRODUCT = tuple(_column(name) for name in COLUMNS)


def _rows(arguments: Arguments, vendor_ids: Collection[int] | None) -> Keyset[Product]:
    since, until = period(arguments)
    return keyset_of_desk(replace(read_filter(arguments).filter, since=since, until=until), vendor_ids)


def _own_rows(arguments: Arguments) -> Keyset[Product]:
    return _rows(arguments, arguments.vendors())


LEDGERS = (
    Ledger(
        "products",
        "/admin/ledgers/products",
        "admin",
        _PRODUCT,
        lambda arguments: _rows(arguments, None),
        lambda: (_("Products"), _("Products as they are now; the file can be changed and imported again.")),
    ),
    Ledger("my-products", "/vendor/ledgers/products", "vendor", _PRODUCT, _own_rows),
)
