"""The pages of connected stores for admins; the views are those that vendors have too."""

from __future__ import annotations

from portal.web.admin.stores.blueprint import blueprint
from portal.web.stores import register_views
from portal.web.stores.area import ADMIN

register_views(blueprint, ADMIN)
