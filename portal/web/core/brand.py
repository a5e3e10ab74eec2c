"""The brand: its colors as a stylesheet, and the uploaded logo."""

from __future__ import annotations

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from portal.lib.colors import contrast_color
from portal.runtime import current_portal
from portal.stored_settings import find_logo
from portal.web.core.access import public

blueprint = Blueprint("brand", __name__)


@blueprint.get("/brand/<digest>.webp")
@public(csrf=False)
def logo(digest: str) -> ResponseReturnValue:
    """Send an uploaded logo; its name is made from its content, so it never changes."""
    response = Response(find_logo(digest) or abort(404), mimetype="image/webp")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@blueprint.get("/brand.css")
@public(csrf=False)
def stylesheet() -> ResponseReturnValue:
    """Return the brand color, the text color with the best contrast on it, and the accent color.

    Text in the accent color is readable whatever it is: `portal.css` makes it as dark or light as each theme needs.
    """
    settings = current_portal().settings
    color, accent = settings.brand_color, settings.accent_color
    css = f":root{{--brand:{color};--brand-contrast:{contrast_color(color)};--accent:{accent}}}\n"
    return Response(css, mimetype="text/css", headers={"Cache-Control": "public, max-age=300"})
