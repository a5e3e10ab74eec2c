"""Compare the text of every statement that Peewee writes for us with what Peewee itself would write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from peewee import Context, Delete, SelectBase, Update

from portal.db.statement_text import StatementContext

_WRITTEN = (SelectBase, Update, Delete)
_COMPARED = (str, int, date, Decimal, type(None))


def peewee_text(statement: Any, context: Context) -> tuple[str, list[Any]]:
    """Return text and values of a statement as Peewee's own context with the same settings writes them."""
    answer: tuple[str, list[Any]] = Context(**context.state.settings).sql(statement).query()
    return answer


@contextmanager
def compared_with_peewee() -> Iterator[None]:
    """Fail where a statement is written in another way than Peewee does."""
    written = StatementContext.sql
    # Equal texts are compared once: writing every statement twice would slow down all tests.
    compared: set[str] = set()

    def compare(self: StatementContext, node: Any) -> Any:
        is_whole = isinstance(node, _WRITTEN) and not self._sql and not self.stack
        answer = written(self, node)
        if is_whole and (text := answer.query()[0]) not in compared:
            _assert_equal(answer.query(), peewee_text(node, self))
            compared.add(text)
        return answer

    with patch.object(StatementContext, "sql", compare):
        yield


def _assert_equal(own: tuple[str, list[Any]], expected: tuple[str, list[Any]]) -> None:
    (own_text, own_values), (text, values) = own, expected
    assert own_text == text
    for own_value, value in zip(own_values, values, strict=True):
        assert own_value == value or not isinstance(value, _COMPARED), own_text
