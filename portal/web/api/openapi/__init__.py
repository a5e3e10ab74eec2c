"""The OpenAPI description at `/openapi.json`: written by hand, compared with the routes by tests."""

from __future__ import annotations

import json

from flask import Blueprint, Response, request

from portal import __version__
from portal.payments import list_providers
from portal.runtime import current_portal
from portal.settings import Settings
from portal.web.core.access import public
from portal.web.core.cookies import session_cookie_name

blueprint = Blueprint("openapi", __name__)

_CACHE_SECONDS = 300


@blueprint.get("/openapi.json")
@public(csrf=False)
def description() -> Response:
    """Return the OpenAPI description of every JSON route."""
    response = Response(_text(current_portal().settings), mimetype="application/json")
    response.cache_control.public = True
    response.cache_control.max_age = _CACHE_SECONDS
    response.add_etag()
    response.make_conditional(request)
    return response


def _text(settings: Settings) -> str:
    from portal.web.api.openapi.document import api_description  # noqa: PLC0415 - the schemas of everything

    document = api_description(
        settings.app_url, __version__, list_providers(settings), session_cookie_name(settings)
    )
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
