"""What every command needs: the running portal, a connection, and errors as one sentence."""

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
    """Return the portal the command runs in."""
    running: Portal = current_app.extensions["portal"]
    return running


@contextmanager
def database_session() -> Iterator[None]:
    """Hold a database connection; whatever the rooms refuse becomes one sentence and a failed exit."""
    try:
        with connection():
            yield
    except PortalError as error:
        raise click.ClickException(_sentence(error)) from None


def _sentence(error: PortalError) -> str:
    """Return what an error says of itself, or the sentence of its code when it says no more than that."""
    return error_text(error) if str(error) == error.code else str(error)
