"""Drawings from the sprite. A page has hundreds, so they are made once per process."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from portal.web.core.assets import asset

_DRAWING = Markup(
    '<svg class="icon icon-{name}{more}" width="20" height="20" {label}><use href="{sprite}#{name}"></use></svg>'
)
_HIDDEN = Markup('aria-hidden="true"')


@lru_cache(maxsize=1024)
def icon(name: str, label: str | None = None, **attributes: str) -> Markup:
    """Return one drawing from the sprite, decorative unless `label` is given; `class` adds a class."""
    more = f" {attributes['class']}" if attributes.get("class") else ""
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else _HIDDEN
    return _DRAWING.format(name=name, more=more, label=spoken, sprite=asset("icons.svg"))
