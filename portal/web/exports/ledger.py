"""The description of a ledger that formats, routes and tests are generated from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.db import Keyset
from portal.web.exports.columns import Column


@dataclass(frozen=True)
class Ledger:
    """One ledger as a file.

    `name` is stable: it names the file and the endpoint. `address` is its path without `.csv` or `.xlsx`. `audience`
    is `admin`, `vendor` or `signed_in`. `rows` returns the rows that a request's arguments select, including those
    of the path, for the signed-in person. `words` is a title and a sentence for the admin's list; a ledger without
    words is offered on its own page only.
    """

    name: str
    address: str
    audience: str
    columns: tuple[Column, ...]
    rows: Callable[[Mapping[str, Any]], Keyset[Any]]
    words: Callable[[], tuple[str, str]] | None = None
