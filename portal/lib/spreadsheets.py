"""Texts in the cells of a spreadsheet: guarded so that none is a formula, and read back as they were."""

from __future__ import annotations

import re
import unicodedata

# What a spreadsheet takes for the start of a formula, after compatibility forms such as full width are resolved.
_FORMULA_START = frozenset("=+-@\u2212")
_LINE_START = frozenset("\t\r\n")
# Where a spreadsheet may begin a cell: Ukrainian and Russian ones split CSV at semicolons. Quotes may surround a cell.
_CELL_BREAK = re.compile("([;\t\r\n]+)")
# A negative number is a value; a plus or a second sign makes it a formula.
_NEGATIVE = re.compile(r"-[0-9]+(?:\.[0-9]+)?")


def guard_formula(text: str) -> str:
    """Return a text with an apostrophe before whatever could be the start of a formula."""
    if _NEGATIVE.fullmatch(text):
        return text
    if text[:1] in _LINE_START:
        text = f"'{text}"
    parts = _CELL_BREAK.split(text)
    # Separators stand at the odd places.
    return "".join(
        f"'{part}" if place % 2 == 0 and _starts_formula(part) else part for place, part in enumerate(parts)
    )


def unguard_formula(text: str) -> str:
    """Return a guarded text as it was, unless it began with a line break or a tab; any other text stays as it is."""
    parts = _CELL_BREAK.split(text)
    return "".join(
        part[1:] if place % 2 == 0 and part[:1] == "'" and _starts_formula(part[1:]) else part
        for place, part in enumerate(parts)
    )


def _starts_formula(text: str) -> bool:
    first = next((character for character in text if not _is_skipped(character)), "")
    return unicodedata.normalize("NFKC", first)[:1] in _FORMULA_START if first else False


def _is_skipped(character: str) -> bool:
    """Return whether a spreadsheet may ignore a character before a formula: blanks, invisible ones and quotes."""
    return character in "\"'" or unicodedata.category(character)[0] in "ZC"
