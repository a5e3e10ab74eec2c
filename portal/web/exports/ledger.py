"""What a ledger is: one description that every format, route and test is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.db import Keyset
from portal.web.exports.columns import Column


@dataclass(frozen=True)
class Ledger:
    """One ledger as a file.

    `name` is stable: it names the file and the endpoint. `address` is where it is downloaded, without its `.csv` or
    `.xlsx`. `audience` is who may: `admin`, `vendor` or `signed_in`. `rows` returns what a request's arguments ask
    for, the address's own among them, of the person who asks. `words` is a title and a sentence for the admin's list
    of ledgers; one without words stands on its own page only.
    """

    name: str
    address: str
    audience: str
    columns: tuple[Column, ...]
    rows: Callable[[Mapping[str, Any]], Keyset[Any]]
    words: Callable[[], tuple[str, str]] | None = None
