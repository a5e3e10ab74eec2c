"""Every function that moves money or replaces a payout wallet is known."""

from __future__ import annotations

import ast
from pathlib import Path

PORTAL = Path(__file__).resolve().parents[3] / "portal"
# The functions that call each of these.
GUARDED = {
    "give_credit": {"top_up_credit.top_up_credit", "decide_proposal._give_credit"},
    # The correction without a limit is that of the command, like `add_credit`.
    "start_refund": {
        "request_refund.request_refund",
        "request_refund.correct_report",
        "decide_proposal.confirm",
    },
    "save_merchant_terms": {"save_terms.save_terms"},
    "replace_payout_wallet": {"decide_proposal.confirm"},
    # The command: an operator at the shell has the database.
    "add_credit": {
        "top_up_credit.give_credit",
        "users.credit",
        "seed_demo.*",
        "seed_history.*",
        "growth.*",
        "erp.*",
        "people.*",
    },
}


def test_every_way_to_move_money_is_listed() -> None:
    callers: dict[str, set[str]] = {name: set() for name in GUARDED}
    for path in sorted(PORTAL.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in GUARDED:
                        callers[ast.unparse(node.func).split(".")[-1]].add(f"{path.stem}.{function.name}")
    for name, found in callers.items():
        allowed = GUARDED[name]
        unlisted = {each for each in found if not {each, f"{each.split('.')[0]}.*"} & allowed}
        assert unlisted == set(), name
