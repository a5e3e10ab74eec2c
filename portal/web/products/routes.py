"""The routes of the product pages, once for admins and once for vendors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from portal.catalogue import CSV_MOST_BYTES
from portal.lib.pictures import MOST_BYTES
from portal.web.core.access import for_role
from portal.web.products import imports, pages, pictures
from portal.web.products.desk import Desk

# Method, address, view and what its access declares beyond the role.
ROUTES: tuple[tuple[str, str, Callable[..., ResponseReturnValue], dict[str, Any]], ...] = (
    ("GET", "/products", pages.index, {}),
    ("GET", "/products/new", pages.new, {}),
    ("POST", "/products/new", pages.create, {"reconfirm": True}),
    ("GET", "/products/import", imports.imports, {}),
    ("POST", "/products/import", imports.start_import, {"body_limit": CSV_MOST_BYTES}),
    ("GET", "/products/import/<int:import_id>", imports.show_import, {}),
    ("POST", "/products/import/<int:import_id>/confirm", imports.confirm, {"reconfirm": True}),
    ("POST", "/products/import/<int:import_id>/check", imports.recheck, {}),
    ("GET", "/products/<int:product_id>", pages.edit, {}),
    ("POST", "/products/<int:product_id>", pages.save, {"reconfirm": True}),
    ("POST", "/products/<int:product_id>/sale", pages.switch, {}),
    ("POST", "/products/<int:product_id>/stock", pages.move, {}),
    ("POST", "/products/<int:product_id>/percent", pages.save_percent, {"reconfirm": True}),
    ("POST", "/products/<int:product_id>/picture", pictures.upload, {"body_limit": MOST_BYTES}),
    ("POST", "/products/<int:product_id>/picture/remove", pictures.remove, {}),
)


def products_blueprint(role: str) -> Blueprint:
    """Return the product pages of a role."""
    blueprint, desk = Blueprint("products", __name__), Desk(role)
    for method, address, view, access in ROUTES:
        bound = for_role(role, **access)(_bound(view, desk))
        blueprint.add_url_rule(address, view.__name__, bound, methods=[method])
    return blueprint


def _bound(view: Callable[..., ResponseReturnValue], desk: Desk) -> Callable[..., ResponseReturnValue]:
    def page(**place: Any) -> ResponseReturnValue:
        return view(desk, **place)

    return page
