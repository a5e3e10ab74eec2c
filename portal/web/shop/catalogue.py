"""The catalogue and the page of a product."""

from __future__ import annotations

from flask import abort, render_template
from flask.typing import ResponseReturnValue

from portal.catalogue import find_product_by_slug, list_products
from portal.web.core.access import public
from portal.web.shop.blueprint import blueprint
from portal.web.text.products import ProductView, product_view


@blueprint.get("/")
@public()
def catalogue() -> ResponseReturnValue:
    """Show the products for sale."""
    products = [product_view(product) for product in list_products()]
    return render_template("shop/catalogue.html", products=products)


@blueprint.get("/products/<slug>")
@public()
def product(slug: str) -> ResponseReturnValue:
    """Show one product."""
    row = find_product_by_slug(slug) or find_product_by_slug(slug.lower()) or abort(404)
    return product_page(product_view(row))


def product_page(product: ProductView, quantity: str = "1", error: str = "") -> str:
    """Return the page of a product, with its form as it was refused if there is an error."""
    field = "" if product.is_sold_out else "quantity"
    return render_template(
        "shop/product.html",
        product=product,
        quantity=quantity,
        error=error,
        form_errors=[(field, error)] if error else [],
    )
