"""Colours in the form `#rrggbb`."""

from __future__ import annotations

from decimal import Decimal

_WEIGHTS = (Decimal("0.2126"), Decimal("0.7152"), Decimal("0.0722"))
_FLARE = Decimal("0.05")
_DARK_TEXT, _LIGHT_TEXT = "#10141f", "#ffffff"


def contrast_ratio(first: str, second: str) -> Decimal:
    """Return the contrast of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + _FLARE) / (darker + _FLARE)


def _luminance(color: str) -> Decimal:
    channels = (_linear(Decimal(int(color[start : start + 2], 16)) / 255) for start in (1, 3, 5))
    return sum((weight * channel for weight, channel in zip(_WEIGHTS, channels, strict=True)), Decimal())


def _linear(channel: Decimal) -> Decimal:
    """Return the share of light of a channel in sRGB."""
    if channel <= Decimal("0.04045"):
        return channel / Decimal("12.92")
    return ((channel + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")


def contrast_color(color: str) -> str:
    """Return the text colour, dark or light, with the higher contrast."""
    return max((_LIGHT_TEXT, _DARK_TEXT), key=lambda text: contrast_ratio(color, text))
