"""Messages with a way back: a plain form that restores what was before through the ordinary guarded operation."""

from __future__ import annotations

from flask import flash


def flash_undo(text: str, url: str, fields: dict[str, str]) -> None:
    """Tell that something is done and offer to undo it; `fields` are what the form at `url` needs for that.

    The message lives in the signed session until it is shown once, so `fields` hold nothing secret.
    """
    flash({"text": text, "url": url, "fields": fields}, "success")  # type: ignore[arg-type]
