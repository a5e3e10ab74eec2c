"""The pages of vendors."""

from portal.web.products import products_blueprint
from portal.web.vendor import orders, statements, stores, suggestions
from portal.web.vendor.earnings import blueprint

blueprint.register_blueprint(stores.blueprint)
blueprint.register_blueprint(products_blueprint("vendor"))

__all__ = ["blueprint", "orders", "statements", "suggestions"]
