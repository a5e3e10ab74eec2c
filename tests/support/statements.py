"""Count the SQL statements that Peewee sends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Statements(logging.Handler):
    """The number of statements sent so far."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.count = 0

    def emit(self, _record: logging.LogRecord) -> None:
        self.count += 1


@contextmanager
def count_statements() -> Iterator[Statements]:
    """Yield the statements sent while the context is open."""
    statements, logger = Statements(), logging.getLogger("peewee")
    level = logger.level
    logger.addHandler(statements)
    logger.setLevel(logging.DEBUG)
    try:
        yield statements
    finally:
        logger.removeHandler(statements)
        logger.setLevel(level)
