"""A ledger as XLSX: written row by row to a temporary file, then sent, so that memory use is constant.

Numbers that a spreadsheet cannot hold exactly are written as text.
"""

from __future__ import annotations

from contextlib import ExitStack
from decimal import Decimal
from io import SEEK_END
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

from flask import Response, send_file
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from portal.db import Keyset
from portal.lib.errors import PortalError
from portal.web.exports.columns import Cell, cell_text
from portal.web.exports.ledger import Ledger

SHEET_ROWS = 1_048_575  # a sheet's 2**20 rows without the header
_MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DOUBLE_INTEGER = 2**53
_DOUBLE_DIGITS = 15
_WIDTH = 20


class LedgerTooLong(PortalError):
    """There are more rows than a sheet can hold; param at_most."""

    code = "ledger_too_long"


def xlsx_response(ledger: Ledger, rows: Keyset[Any]) -> Response:
    """Return the file, written completely before it is sent; raise LedgerTooLong."""
    written = write_xlsx(ledger, rows, SHEET_ROWS)
    size = written.tell()
    written.seek(0)
    answer = send_file(written, mimetype=_MIMETYPE)
    answer.content_length = size
    return answer


def write_xlsx(ledger: Ledger, rows: Keyset[Any], at_most: int) -> IO[bytes]:
    """Return a temporary file positioned at its end, deleted when closed; raise LedgerTooLong."""
    if rows.is_longer_than(at_most):
        raise LedgerTooLong(at_most=at_most)
    with ExitStack() as failed:
        written = failed.enter_context(TemporaryFile(prefix="ledger-"))
        with TemporaryDirectory(prefix="ledger-") as folder:
            options = {"constant_memory": True, "tmpdir": folder, "use_zip64": True}
            with Workbook(written, options) as book:
                _fill(book, ledger, rows, at_most)
        written.seek(0, SEEK_END)
        failed.pop_all()
    return written


def _fill(book: Workbook, ledger: Ledger, rows: Keyset[Any], at_most: int) -> None:
    sheet = book.add_worksheet(ledger.name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(ledger.columns) - 1, _WIDTH)
    bold = book.add_format({"bold": True})
    for place, column in enumerate(ledger.columns):
        sheet.write_string(0, place, column.name, bold)
    for number, row in enumerate(rows, 1):
        if number > at_most:
            raise LedgerTooLong(at_most=at_most)
        for place, column in enumerate(ledger.columns):
            _write(sheet, number, place, column.read(row))


def _write(sheet: Worksheet, number: int, place: int, cell: Cell) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        sheet.write_boolean(number, place, cell)
    elif isinstance(cell, int | Decimal) and _fits_double(cell):
        sheet.write_number(number, place, cell)
    else:
        sheet.write_string(number, place, _bare(cell_text(cell)))


def _fits_double(value: int | Decimal) -> bool:
    """Return whether a spreadsheet keeps every digit: integers up to 2**53, decimals of fifteen digits."""
    if isinstance(value, int):
        return abs(value) <= _DOUBLE_INTEGER
    return len(f"{value:f}".lstrip("-").replace(".", "").strip("0")) <= _DOUBLE_DIGITS


def _bare(text: str) -> str:
    """Return a text that is not markup: the library does not escape what looks like its rich text."""
    return f"'{text}" if text.startswith("<r>") else text
