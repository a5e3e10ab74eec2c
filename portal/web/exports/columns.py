"""The columns of a ledger: names, how values are read from a row, how they are written.

Names are snake_case and the same in every language. Money is `<name>_minor`, an integer, beside `<name>`, a decimal
text; tokens are `<name>_wei` beside `<name>`. Times are UTC in ISO 8601.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from portal.chain import checksummed
from portal.lib.money import major_text
from portal.lib.spreadsheets import guard_formula
from portal.web.text.format import exact_tokens, iso


class Digits(str):
    """An exact number as text; never user input, never rounded."""


Cell = str | int | Decimal | bool | datetime | date | None


@dataclass(frozen=True)
class Column:
    """One column: its name and how its value is read from a row."""

    name: str
    read: Callable[[Any], Cell]


def columns(*parts: str | Column | tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns of a ledger in order; a text is a column of the table, read as it is stored."""
    flat: list[Column] = []
    for part in parts:
        if isinstance(part, str):
            flat.append(Column(part, attrgetter(part)))
        else:
            flat.extend((part,) if isinstance(part, Column) else part)
    return tuple(flat)


def at(name: str, path: str) -> Column:
    """Return a column of a joined row, by the path to its value."""
    return Column(name, attrgetter(path))


def address(name: str) -> Column:
    """Return the column of a wallet, contract or token address, written in EIP-55."""
    stored = attrgetter(name)
    return Column(name, lambda row: checksummed(stored(row)))


def money(name: str) -> tuple[Column, ...]:
    """Return the two columns of an amount stored as `<name>_minor` beside `currency`."""
    minor = attrgetter(f"{name}_minor")
    text = Column(name, lambda row: Digits(major_text(minor(row), row.currency)))
    return Column(f"{name}_minor", minor), text


def tokens(name: str) -> tuple[Column, ...]:
    """Return the two columns of an amount of reward tokens stored as `<name>_wei`; eighteen decimals."""
    stored = attrgetter(f"{name}_wei")

    def wei(row: Any) -> int | None:
        amount = stored(row)
        return None if amount is None else int(amount)

    def whole(row: Any) -> Cell:
        amount = wei(row)
        return None if amount is None else Digits(exact_tokens(amount))

    return Column(f"{name}_wei", wei), Column(name, whole)


def cell_text(cell: Cell) -> str:
    """Return a value as text that no spreadsheet takes for a formula."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return iso(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return cell if isinstance(cell, Digits) else guard_formula(cell)
