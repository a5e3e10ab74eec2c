"""The catalogue and the page of a product."""

from __future__ import annotations

from flask import Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from portal.catalogue import (
    find_picture_file,
    find_present_slug,
    find_product_by_slug,
    page_of_shop,
    pictures_by_product,
)
from portal.web.core.access import public
from portal.web.core.locale import select_locale
from portal.web.core.urls import url_for
from portal.web.shop.blueprint import blueprint
from portal.web.text.products import ProductView, product_view


@blueprint.get("/")
@public()
def catalogue() -> ResponseReturnValue:
    """Show a page of the products for sale."""
    page = page_of_shop(select_locale(), request.args.get("cursor"))
    pictures = pictures_by_product(row.id for row in page.rows)
    return render_template(
        "shop/catalogue.html",
        products=[product_view(row, pictures.get(row.id)) for row in page.rows],
        next_cursor=page.next_cursor,
    )


@blueprint.get("/products/<slug>")
@public()
def product(slug: str) -> ResponseReturnValue:
    """Show one product; an earlier address leads to the present one."""
    row = find_product_by_slug(slug) or find_product_by_slug(slug.lower())
    if row is None:
        present = find_present_slug(slug.lower()) or abort(404)
        return redirect(url_for("shop.product", slug=present), 301)
    return product_page(product_view(row, pictures_by_product([row.id]).get(row.id)))


@blueprint.get("/pictures/<digest>-<any(small,medium,large):size>.webp")
@public(csrf=False)
def picture(digest: str, size: str) -> ResponseReturnValue:
    """Send a picture; its name is made from its content, so it never changes."""
    content = find_picture_file(digest, size) or abort(404)
    response = Response(content, mimetype="image/webp")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


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
