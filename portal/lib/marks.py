"""Marks for tools that read the source."""

from __future__ import annotations


def N_(message: str) -> str:
    """Return a message unchanged; the mark puts it into the catalogues, and the page that shows it translates it."""
    return message
