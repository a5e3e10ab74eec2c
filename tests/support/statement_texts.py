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

    def compare(self: StatementContext, node: Any) -> Any:
        is_whole = isinstance(node, _WRITTEN) and not self._sql and not self.stack
        expected = peewee_text(node, self) if is_whole else None
        answer = written(self, node)
        if expected is not None:
            (text, values), (own_text, own_values) = expected, answer.query()
            assert own_text == text
            for own, value in zip(own_values, values, strict=True):
                assert own == value or not isinstance(value, _COMPARED), own_text
        return answer

    with patch.object(StatementContext, "sql", compare):
        yield
