"""Flash messages with an undo button, a plain form that runs the ordinary guarded operation."""

from __future__ import annotations

from flask import flash


def flash_undo(text: str, url: str, fields: dict[str, str]) -> None:
    """Flash a message with an undo form that posts `fields` to `url`.

    The message is in the signed session until it is shown, so `fields` must hold nothing secret.
    """
    flash({"text": text, "url": url, "fields": fields}, "success")  # type: ignore[arg-type]
