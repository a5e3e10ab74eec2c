"""The pages of a vendor's own connected stores."""

from __future__ import annotations

from flask import Blueprint

from portal.web.stores import register_views
from portal.web.stores.area import VENDOR

blueprint = Blueprint("stores", __name__)
register_views(blueprint, VENDOR)
