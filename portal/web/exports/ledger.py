"""The description of a ledger that formats, routes and tests are generated from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.db import Keyset
from portal.web.exports.arguments import Arguments
from portal.web.exports.columns import Column

_PLACE = re.compile(r"<int:(\w+)>")


@dataclass(frozen=True)
class Ledger:
    """One ledger as a file.

    `name` is stable: it names the file and the endpoint. `address` is its path without `.csv` or `.xlsx`. `audience`
    is `admin`, `vendor` or `signed_in`. `rows` returns the rows that arguments select, including those of the path,
    for the person who asks. `words` is a title and a sentence for the admin's list; a ledger without words is offered
    on its own page only.
    """

    name: str
    address: str
    audience: str
    columns: tuple[Column, ...]
    rows: Callable[[Arguments], Keyset[Any]]
    words: Callable[[], tuple[str, str]] | None = None

    def file_name(self, form: str, arguments: Mapping[str, Any], day: datetime) -> str:
        """Return the name of a file: the ledger with the ids of its path and the day, never text of a row."""
        places = [str(arguments[place]) for place in _PLACE.findall(self.address)]
        return f"{'-'.join([self.name, *places, f'{day:%Y-%m-%d}'])}.{form}"

    def read_path(self, arguments: Mapping[str, str]) -> dict[str, int]:
        """Return the ids of the path from a query; raise KeyError or ValueError."""
        return {place: int(arguments[place]) for place in _PLACE.findall(self.address)}
