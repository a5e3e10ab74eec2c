"""A ledger as XLSX: one sheet, written in pieces of rows that are compressed apart, so that a job can resume it.

Numbers that a spreadsheet cannot hold exactly are written as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from portal.lib.zip_parts import Part, whole_part
from portal.web.exports.columns import Cell, cell_text
from portal.web.exports.ledger import Ledger

SHEET_ROWS = 1_048_575  # a sheet's 2**20 rows without the header
MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CELL_LENGTH = 32_767
_DOUBLE_INTEGER = 2**53
_DOUBLE_DIGITS = 15

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SCHEMAS = "http://schemas.openxmlformats.org"
_MAIN = f"{_SCHEMAS}/spreadsheetml/2006/main"
_RELATION = f"{_SCHEMAS}/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET = "xl/worksheets/sheet1.xml"

_TYPES = (
    f'{_XML}<Types xmlns="{_SCHEMAS}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/{_SHEET}" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
)
_ROOT = (
    f'{_XML}<Relationships xmlns="{_SCHEMAS}/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATION}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_WORKBOOK = (
    f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}"><sheets>'
    '<sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_RELATIONS = (
    f'{_XML}<Relationships xmlns="{_SCHEMAS}/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATION}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_RELATION}/styles" Target="styles.xml"/></Relationships>'
)
# Style 0 is plain, style 1 bold.
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_BEGIN = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    '<cols><col min="1" max="{columns}" width="20" customWidth="1"/></cols><sheetData>'
)
_END = "</sheetData></worksheet>"

# XML cannot hold these; a text that looks like an escape is escaped too, so that it is read back as it was.
_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_LIKE_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def sheet_text(ledger: Ledger, rows: Iterable[Any], done: int, *, is_last: bool) -> str:
    """Return the next piece of a sheet after `done` rows: its head before the first, its end after the last."""
    letters = _letters(len(ledger.columns))
    parts = [] if done else [_BEGIN.format(columns=len(letters)), _head(ledger, letters)]
    readers = [(letter, column.read) for letter, column in zip(letters, ledger.columns, strict=True)]
    for number, row in enumerate(rows, done + 2):
        cells = [_cell(f"{letter}{number}", read(row)) for letter, read in readers]
        parts.append(f'<row r="{number}">{"".join(cells)}</row>')
    return "".join([*parts, _END] if is_last else parts)


def workbook_parts(
    ledger: Ledger, crc: int, size: int, packed_size: int, pieces: Iterable[bytes]
) -> Sequence[Part]:
    """Return the parts of a workbook around the compressed pieces of its sheet."""
    return (
        whole_part("[Content_Types].xml", _TYPES),
        whole_part("_rels/.rels", _ROOT),
        whole_part("xl/workbook.xml", _WORKBOOK.format(name=ledger.name)),
        whole_part("xl/_rels/workbook.xml.rels", _RELATIONS),
        whole_part("xl/styles.xml", _STYLES),
        Part(_SHEET, crc, size, packed_size, pieces),
    )


def _head(ledger: Ledger, letters: Sequence[str]) -> str:
    names = zip(letters, ledger.columns, strict=True)
    cells = (
        f'<c r="{letter}1" s="1" t="inlineStr"><is><t>{column.name}</t></is></c>' for letter, column in names
    )
    return f'<row r="1">{"".join(cells)}</row>'


def _cell(place: str, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{cell:d}</v></c>'
    if isinstance(cell, int | Decimal) and _fits_double(cell):
        return f'<c r="{place}"><v>{cell_text(cell)}</v></c>'
    text = _escaped(_shortened(cell_text(cell)))
    space = ' xml:space="preserve"' if text != text.strip() else ""
    return f'<c r="{place}" t="inlineStr"><is><t{space}>{text}</t></is></c>' if text else ""


def _fits_double(value: int | Decimal) -> bool:
    """Return whether a spreadsheet keeps every digit: integers up to 2**53, decimals of fifteen digits."""
    if isinstance(value, int):
        return abs(value) <= _DOUBLE_INTEGER
    return len(f"{value:f}".lstrip("-").replace(".", "").strip("0")) <= _DOUBLE_DIGITS


def _shortened(text: str) -> str:
    """Return a text that fits into a cell, which counts UTF-16 code units."""
    if len(text) * 2 <= _CELL_LENGTH:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * _CELL_LENGTH:
        return text
    return units[: 2 * (_CELL_LENGTH - 1)].decode("utf-16-le", "ignore") + "…"


def _escaped(text: str) -> str:
    text = _LIKE_ESCAPE.sub("_x005F_", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


@lru_cache(maxsize=64)
def _letters(count: int) -> tuple[str, ...]:
    """Return the letters of so many columns: A to Z, then AA."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return tuple(
        alphabet[place] if place < 26 else alphabet[place // 26 - 1] + alphabet[place % 26]
        for place in range(count)
    )
