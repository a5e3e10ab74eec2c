"""Colours in the form `#rrggbb`."""

from __future__ import annotations

_DARK_TEXT, _LIGHT_TEXT = "#10141f", "#ffffff"


def contrast_color(color: str) -> str:
    """Return the text colour, dark or light, with the higher contrast (WCAG relative luminance, in integers)."""
    channels = [int(color[start : start + 2], 16) for start in (1, 3, 5)]
    luminance = sum(weight * channel**2 for weight, channel in zip((2126, 7152, 722), channels, strict=True))
    # Contrast with white falls below that with black from a luminance of about 0.18.
    return _DARK_TEXT if luminance * 100 > 18 * 10_000 * 255**2 else _LIGHT_TEXT
