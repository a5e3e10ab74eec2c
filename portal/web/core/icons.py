"""Drawings from the sprite. A page has hundreds, so they are made once per process."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from portal.web.core.assets import asset

_DRAWING = Markup('<svg class="icon{more}" {label}><use href="{sprite}#{name}"/></svg>')
# Those that portal.css shows and hides.
_STYLED = {"moon", "sun", "copy"}
_HIDDEN = Markup('aria-hidden="true"')


@lru_cache(maxsize=1024)
def icon(name: str, label: str | None = None, **attributes: str) -> Markup:
    """Return one drawing from the sprite, decorative unless `label` is given; `class` adds a class."""
    classes = (f"icon-{name}" if name in _STYLED else "", attributes.get("class", ""))
    more = "".join(f" {each}" for each in classes if each)
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else _HIDDEN
    return _DRAWING.format(name=name, more=more, label=spoken, sprite=asset("icons.svg"))
