"""Shared by all commands: the portal, a database connection, and errors as one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app

from portal.db import connection
from portal.lib.errors import PortalError
from portal.runtime import Portal
from portal.web.text.messages import error_text


def portal() -> Portal:
    """Return the portal of the current application."""
    running: Portal = current_app.extensions["portal"]
    return running


@contextmanager
def database_session() -> Iterator[None]:
    """Open a database connection; a PortalError becomes one sentence and a failed exit."""
    try:
        with connection():
            yield
    except PortalError as error:
        raise click.ClickException(_sentence(error)) from None


def _sentence(error: PortalError) -> str:
    """Return the message of an error, or the sentence of its code if it has no message."""
    return error_text(error) if str(error) == error.code else str(error)
