"""Vendors, products and stock of the built-in shop. Prices come from the database, never from the client."""

from portal.catalogue.operations import NewProduct, create_product, create_vendor, deduct_stock, return_stock
from portal.catalogue.queries import (
    active_products_by_id,
    find_product_by_slug,
    list_products,
    list_stock_ledger,
    list_vendors_of_user,
    products_by_id,
    vendors_by_id,
)
from portal.catalogue.rules import (
    CartEmpty,
    CartLine,
    CurrencyMixed,
    PricedLine,
    ProductUnknown,
    QuantityInvalid,
    StockShort,
    parse_cart,
    price_cart,
)

__all__ = [
    "CartEmpty",
    "CartLine",
    "CurrencyMixed",
    "NewProduct",
    "PricedLine",
    "ProductUnknown",
    "QuantityInvalid",
    "StockShort",
    "active_products_by_id",
    "create_product",
    "create_vendor",
    "deduct_stock",
    "find_product_by_slug",
    "list_products",
    "list_stock_ledger",
    "list_vendors_of_user",
    "parse_cart",
    "price_cart",
    "products_by_id",
    "return_stock",
    "vendors_by_id",
]
