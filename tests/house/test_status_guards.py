"""Guards of status changes read the transition tables: no UPDATE outside `status_rules.py` names a status."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = [path for path in sorted((PROJECT / "portal").rglob("*.py")) if path.name != "status_rules.py"]

_UPDATE = re.compile(r"\bUPDATE\b(?!\s+(?:SKIP|OF)\b)", re.IGNORECASE)
_LOCKING = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+)?UPDATE\b", re.IGNORECASE)
_COUNT_FILTER = re.compile(r"FILTER\s*\(WHERE[^)]*\)", re.IGNORECASE)
_LITERAL = re.compile(r"\bstatus\s*(?:=|<>|!=|IN|NOT\s+IN)\s*(?:ANY\s*)?\(?\s*(?:ARRAY\[)?'", re.IGNORECASE)


def literal_guards(source: str) -> Iterator[int]:
    """Yield the lines of updates that compare or set a status by a literal."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = _COUNT_FILTER.sub("", _LOCKING.sub("", node.value))
            if _UPDATE.search(text) and _LITERAL.search(text):
                yield node.lineno
        elif isinstance(node, ast.Call) and (_states_its_own_statuses(node) or _is_literal_where(node)):
            yield node.lineno


def _states_its_own_statuses(node: ast.Call) -> bool:
    names = {keyword.arg for keyword in node.keywords}
    return ast.unparse(node.func) in ("move_status", "Transition") and bool(
        names & {"from_statuses", "to_status"}
    )


def _is_literal_where(node: ast.Call) -> bool:
    return _is_where_of_update(node) and any(_compares_literal(part) for part in node.args)


def _is_where_of_update(node: ast.Call) -> bool:
    if not (isinstance(node.func, ast.Attribute) and node.func.attr == "where"):
        return False
    return any(
        isinstance(part, ast.Attribute) and part.attr == "update" for part in ast.walk(node.func.value)
    )


def _compares_literal(node: ast.AST) -> bool:
    return any(_is_literal_comparison(part) or _is_literal_membership(part) for part in ast.walk(node))


def _is_literal_comparison(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Compare)
        and isinstance(node.left, ast.Attribute)
        and node.left.attr == "status"
        and any(isinstance(value, ast.Constant) for value in node.comparators)
    )


def _is_literal_membership(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("in_", "not_in")
        and ast.unparse(node.func.value).endswith(".status")
        and any(isinstance(value, ast.Constant) for argument in node.args for value in ast.walk(argument))
    )


def test_updates_take_their_statuses_from_the_transition_tables() -> None:
    found = {str(path.relative_to(PROJECT)): list(literal_guards(path.read_text())) for path in SOURCES}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        "query(\"UPDATE orders SET paid = true WHERE id = %s AND status = 'created'\")",
        "query(\"UPDATE orders SET status = 'paid' WHERE id = %s\")",
        "query(\"UPDATE orders SET paid = true WHERE status IN ('created', 'cancelled')\")",
        "query(\"WITH a AS (SELECT 1 FROM t WHERE status <> 'open' FOR UPDATE) UPDATE orders SET x = 1\")",
        'Order.update(x=1).where((Order.id == 1) & (Order.status == "created")).execute()',
        'Order.update(x=1).where(Order.status.in_(("created", "paid"))).execute()',
        'move_status(Order, 1, from_statuses=("created",), to_status="paid")',
    ],
)
def test_search_finds_literals(source: str) -> None:
    assert list(literal_guards(source))


@pytest.mark.parametrize(
    "source",
    [
        "query(\"SELECT 1 FROM orders WHERE status = 'created' FOR UPDATE\")",
        "query('UPDATE orders SET status = %s WHERE status = ANY(%s)')",
        "Order.update(x=1).where(Order.status.in_(UNPAID)).execute()",
        'Order.select().where(Order.status == "created")',
    ],
)
def test_search_leaves_other_statements_alone(source: str) -> None:
    assert not list(literal_guards(source))
