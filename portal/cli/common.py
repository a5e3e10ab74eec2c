"""Shared by all commands: the portal, a database connection, and errors as one sentence."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import current_app

from models import User
from portal.db import DatabaseAway, connection
from portal.db.connection import DATABASE_ERRORS, stop_embedded
from portal.db.outage import first_line
from portal.db.rights import explained_rights
from portal.lib.clock import FIRST_YEAR, LAST_YEAR
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.texts import is_utf8
from portal.runtime import Portal
from portal.web.text.messages import error_text, error_texts


class FilePath(click.Path):
    """A path; an empty one, from a variable that is not set, is refused instead of meaning the present folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("enter a path", param, ctx)
        return super().convert(value, param, ctx)


class _Day(click.DateTime):
    """A day that the portal can move between time zones."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        day = super().convert(value, param, ctx)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail(f"{value} is not a date of the years {FIRST_YEAR} to {LAST_YEAR}", param, ctx)
        return day


DAY = _Day(["%Y-%m-%d"])
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class PortalCommand(click.Command):
    """A command whose errors are one sentence and a failed exit."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            _refuse_undecodable(self, ctx)
            with explained_rights():
                return super().invoke(ctx)
        except (PortalError, *DATABASE_ERRORS) as error:
            raise click.ClickException(sentence(error)) from None
        except OSError as error:
            if error.filename is None and error.errno not in _DISK_FULL:
                raise
            raise click.ClickException(_file_sentence(error)) from None
        finally:
            stop_embedded()


def warn_of_unconfirmed(user: User | None) -> None:
    """Say on standard error that anyone may have registered the e-mail of an account that is given something."""
    if user is not None and user.email and user.email_confirmed_at is None:
        click.echo(f"{user.email} was never confirmed, so another person may have registered it.", err=True)


def _file_sentence(error: OSError) -> str:
    """Return which file cannot be read or written, and why."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror}. Check the folder, its rights and the free space."


def _refuse_undecodable(command: click.Command, ctx: click.Context) -> None:
    """Raise BadParameter for a text that is no UTF-8; only names of files may be."""
    for param in command.params:
        value = ctx.params.get(param.name or "")
        if isinstance(value, str) and not isinstance(param.type, click.Path) and not is_utf8(value):
            raise click.BadParameter("enter text in UTF-8", ctx, param)


class PortalGroup(click.Group):
    """A group of commands whose errors are one sentence and a failed exit."""

    command_class = PortalCommand


def portal() -> Portal:
    """Return the portal of the current application."""
    running: Portal = current_app.extensions["portal"]
    return running


@contextmanager
def database_session() -> Iterator[None]:
    """Open a database connection for the block. Raises DatabaseAway."""
    with connection():
        yield


def sentence(error: BaseException) -> str:
    """Return what a person should read about an error."""
    has_message = isinstance(error, DatabaseAway) and str(error) != error.code
    if isinstance(error, (DatabaseAway, *DATABASE_ERRORS)) and not has_message:
        return database_sentence(error)
    if isinstance(error, InputInvalid):
        return " ".join(f"{name}: {text}" for name, text in error_texts(error).items())
    # The message of an error, or the sentence of its code if it has no message.
    is_bare = isinstance(error, PortalError) and str(error) == error.code
    return error_text(error) if is_bare and isinstance(error, PortalError) else str(error)


def database_sentence(error: BaseException) -> str:
    """Return why the database cannot be used, and what to do where the reason is known."""
    cause = error.__cause__ if isinstance(error, DatabaseAway) and error.__cause__ else error
    reason = first_line(cause).partition(": ")[2] or type(cause).__name__
    if "unsupported startup parameter" in reason:
        return (
            f"A connection pooler refuses the connection ({reason}). Use session mode, and add the parameter to"
            " `ignore_startup_parameters` of PgBouncer or remove it from DATABASE_URL."
        )
    return f"The database cannot be used: {reason}. Check DATABASE_URL and the server; `doctor` tries it."
