"""The brand of a white-label clone as one small stylesheet."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from portal.web.access import public
from portal.web.requests import portal

blueprint = Blueprint("brand", __name__)

_DARK_TEXT, _LIGHT_TEXT = "#10141f", "#ffffff"


@blueprint.get("/brand.css")
@public(csrf=False)
def stylesheet() -> ResponseReturnValue:
    """Return the brand's colour and the text colour that reads best on it."""
    color = portal().settings.brand_color
    css = f":root{{--brand:{color};--brand-contrast:{text_on(color)}}}\n"
    return Response(css, mimetype="text/css", headers={"Cache-Control": "public, max-age=300"})


def text_on(color: str) -> str:
    """Return dark or light text, whichever contrasts more (WCAG relative luminance, in integers)."""
    channels = [int(color[start : start + 2], 16) for start in (1, 3, 5)]
    luminance = sum(weight * channel**2 for weight, channel in zip((2126, 7152, 722), channels, strict=True))
    # Contrast with white falls below that with black from a luminance of about 0.18.
    return _DARK_TEXT if luminance * 100 > 18 * 10_000 * 255**2 else _LIGHT_TEXT
