"""The brand color as a stylesheet."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from portal.lib.colors import contrast_color
from portal.runtime import current_portal
from portal.web.core.access import public

blueprint = Blueprint("brand", __name__)


@blueprint.get("/brand.css")
@public(csrf=False)
def stylesheet() -> ResponseReturnValue:
    """Return the brand color and the text color with the best contrast on it."""
    color = current_portal().settings.brand_color
    css = f":root{{--brand:{color};--brand-contrast:{contrast_color(color)}}}\n"
    return Response(css, mimetype="text/css", headers={"Cache-Control": "public, max-age=300"})
