"""Prepare the files that people asked for: a piece of each in turn, every piece committed, so a restart goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask

from portal.accounts import get_user
from portal.db import Actor, reads_may_lag, transaction, without_set_aside, work_through
from portal.exports import add_piece, expire_exports, fail_export, list_open_exports, set_total
from portal.lib.errors import PortalError
from portal.notifications import notify
from portal.web.exports.arguments import Arguments
from portal.web.exports.ledgers import ledger_for
from portal.web.exports.writing import PIECE_ROWS, LedgerTooLong, Written, write_piece
from portal.web.exports.xlsx_file import SHEET_ROWS

if TYPE_CHECKING:
    from models import Export
    from portal.exports import Piece

_SECONDS = 30


class ReaderDisabled(PortalError):
    """The account that asked for the file is disabled."""

    code = "account_disabled"


def preparer(app: Flask) -> Callable[[Actor, Callable[[], bool]], int]:
    """Return the function that prepares exports for some seconds, for a job of the schedule."""

    def prepare(actor: Actor, is_stopping: Callable[[], bool]) -> int:
        # The filters of pages need an application and a language.
        with app.test_request_context("/", base_url=app.extensions["portal"].settings.app_url):
            return prepare_exports(actor, is_stopping)

    return prepare


def prepare_exports(actor: Actor, is_stopping: Callable[[], bool]) -> int:
    """Delete expired files, then write pieces of open ones in turn; return the number of pieces."""
    expire_exports(actor)
    deadline, pieces, worked = time.monotonic() + _SECONDS, 0, 1
    while worked and time.monotonic() < deadline and not is_stopping():
        due = without_set_aside("exports", list_open_exports(), lambda export: export.id)
        worked = work_through(
            "exports", due, lambda export: export.id, lambda export: prepare_piece(export, actor)
        )
        pieces += worked
    return pieces


def prepare_piece(export: Export, actor: Actor, page_rows: int = PIECE_ROWS) -> None:
    """Write the next piece of a file; one that cannot be finished fails, and the person is notified."""
    try:
        piece = _read_piece(export, page_rows)
    except PortalError as error:
        with transaction():
            if fail_export(export.id, error.code, actor):
                _tell(export, "export_failed")
        return
    with transaction():
        if add_piece(export, piece, actor) and piece.next_cursor is None:
            _tell(export, "export_ready")


def _read_piece(export: Export, page_rows: int) -> Piece:
    reader = get_user(export.requested_by)
    if reader.disabled_at is not None:
        raise ReaderDisabled
    ledger = ledger_for(export.ledger, reader.role)
    rows = ledger.rows(Arguments(export.arguments, reader.id))
    with reads_may_lag():
        if export.total is None:
            total = rows.count()
            if export.form == "xlsx" and total > SHEET_ROWS:
                raise LedgerTooLong(at_most=SHEET_ROWS)
            set_total(export.id, total)
        page = rows.page(export.next_cursor, page_rows)
    return write_piece(
        ledger, export.form, page, Written(export.done, export.content_bytes, export.content_crc)
    )


def _tell(export: Export, kind: str) -> None:
    notify(export.requested_by, kind, f"{kind}:{export.id}", file=f"{export.ledger}.{export.form}")
