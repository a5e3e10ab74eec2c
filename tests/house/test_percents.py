"""Only portal/programme turns stored percents into the percent of a sale, and no percent is used as a boolean."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PORTAL = Path(__file__).resolve().parents[2] / "portal"
_COLUMNS = {"referral_percent", "referral_reward_percent", "referral_commission_max_percent"}
_SQL = re.compile(r"\b(?:SELECT|WHERE|SET)\b.*\breferral_percent\b", re.DOTALL)
# These files show, validate or save the stored values; they do not choose between them.
_SHOWN_OR_SAVED = {
    "catalogue/csv_rules.py",
    "catalogue/operations.py",
    "commissions/terms_operations.py",
    # They read them in one statement and hand them to `resolve_percent`.
    "flows/checkout/read_paid.py",
    "flows/stores/read_sale.py",
    "stores/connections.py",
    "stores/queries.py",
    "web/admin/commissions/presenters.py",
    "web/admin/commissions/terms.py",
    "web/stores/presenters.py",
    "web/products/pages.py",
}
_OWNERS = ("programme", "settings")


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PORTAL.rglob("*.py")):
        yield path.relative_to(PORTAL).as_posix(), ast.parse(path.read_text())


def reads_a_stored_percent(tree: ast.Module) -> bool:
    return any(
        (isinstance(node, ast.Attribute) and node.attr in _COLUMNS)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.search(node.value))
        for node in ast.walk(tree)
    )


def truth_tests(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield the expressions whose truth a statement or an operator depends on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
            yield node.test
        elif isinstance(node, ast.BoolOp):
            yield from node.values
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node.operand


def is_percent(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name == "percent" or name.endswith(("_percent", "platform_default", "hold_days", "minimum_minor"))


def test_stored_percents_are_read_by_the_programme_only() -> None:
    readers = {name for name, tree in sources() if reads_a_stored_percent(tree)}
    unexpected_readers = {name for name in readers if not name.startswith(_OWNERS)} - _SHOWN_OR_SAVED
    assert not unexpected_readers


def test_every_listed_exception_reads_a_percent() -> None:
    readers = {name for name, tree in sources() if reads_a_stored_percent(tree)}
    assert readers >= _SHOWN_OR_SAVED


def test_no_percent_is_tested_for_truth() -> None:
    places = [
        f"{name}:{node.lineno}" for name, tree in sources() for node in truth_tests(tree) if is_percent(node)
    ]
    assert not places
