"""What a form did, in words on the next page."""

from __future__ import annotations

from flask import flash

from portal.web.text.translate import gettext as _


def flash_change(is_changed: bool, sentence: str) -> None:
    """Say what a form changed, or that it changed nothing: another tab or another person was faster."""
    if is_changed:
        flash(sentence, "success")
    else:
        flash(_("Nothing has changed."), "info")
