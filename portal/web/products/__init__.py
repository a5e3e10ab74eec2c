"""The pages on which admins and vendors keep products: the same pages under /admin and under /vendor.

A vendor sees and changes the products of their own vendors only. See docs/catalogue.md.
"""

from portal.web.products.routes import products_blueprint

__all__ = ["products_blueprint"]
