"""The routes of connected stores: a key instead of a session, no cookies, no cross-origin access."""

from __future__ import annotations

from flask import Blueprint, Response

from portal.web.core.security import limiter

blueprint = Blueprint("store_api", __name__, url_prefix="/api/v1")
# Each key has a limit of its own; a store calls from one address for all its buyers.
limiter.exempt(blueprint)


@blueprint.after_request
def _name_the_scheme(response: Response) -> Response:
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="store"'
    return response
