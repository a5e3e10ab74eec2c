"""The OpenAPI description at `/openapi.json`: written by hand, compared with the routes by tests."""

from __future__ import annotations

import json
from functools import lru_cache

from flask import Blueprint, Response, request

from portal import __version__
from portal.runtime import current_portal
from portal.web.api.openapi.document import api_description
from portal.web.core.access import public

blueprint = Blueprint("openapi", __name__)

_CACHE_SECONDS = 300


@blueprint.get("/openapi.json")
@public(csrf=False)
def description() -> Response:
    """Return the OpenAPI description of every JSON route."""
    response = Response(_text(current_portal().settings.app_url), mimetype="application/json")
    response.cache_control.public = True
    response.cache_control.max_age = _CACHE_SECONDS
    response.add_etag()
    response.make_conditional(request)
    return response


@lru_cache(maxsize=4)
def _text(app_url: str) -> str:
    return json.dumps(api_description(app_url, __version__), ensure_ascii=False, separators=(",", ":"))
