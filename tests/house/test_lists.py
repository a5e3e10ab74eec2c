"""Lists of rows are pages of a Keyset; every other bound on rows is a portion of work, with its reason here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PORTAL = Path(__file__).parents[2] / "portal"
_SQL_LIMIT = re.compile(r"\bLIMIT\s+(?!1\b)")

_PAGE = "reads a page and one row more"
_JOB = "a job takes a portion, the next round the next"
_COUNT = "counts no further than this"
_ANY = "one row says whether there is any"
PORTIONS = {
    "flows/overviews/referrer_overview:referrer_links": _PAGE,
    "flows/programme/joining:find_joining": _ANY,
    "flows/programme/joining:_own_code": _ANY,
    "programme/applications:newest_application": "the newest one, read together with others",
    "db/keyset:_select": _PAGE,
    "catalogue/imports:list_planned_rows": _JOB,
    "catalogue/product_queries:page_of_shop": _PAGE,
    "flows/minting/mint_jobs:list_mint_job_rewards": _PAGE,
    "payments/providers/internal_credit/ledger:list_statement": _PAGE,
    "accounts/resets:list_reset_requests": _JOB,
    "chain/sending/sender:list_open": _JOB,
    "commissions/payout_queries:list_unsent": _JOB,
    "commissions/statements:_WITHOUT_COMMISSION": _JOB,
    "flows/accounts/stored_secrets:_read": "`doctor` opens the newest secrets of each kind",
    "flows/overviews/risk_hints:_TO_COUNT": _JOB,
    "mail/outbox:expire_letters": _JOB,
    "stores/events:list_waiting_events": _JOB,
    "stores/inbox:list_waiting_fetches": _JOB,
    "stores/inbox:_ASK_AGAIN": _JOB,
    "stores/events:prune_store_events": _JOB,
    "accounts/sessions:prune_sessions": _JOB,
    "db/retention:forget_sign_in_devices": _JOB,
    "db/retention:forget_unknown_accounts": _JOB,
    "mail/outbox:prune_letters": _JOB,
    "notifications/operations:prune_notifications": _JOB,
    "payments/inbox:clear_callback_bodies": _JOB,
    "webhooks/outbox:prune_webhooks": _JOB,
    "payments/backlog:list_waiting_callbacks": _JOB,
    "payments/backlog:_ACCEPT": _COUNT,
    "payments/backlog:_BACKLOG": _COUNT,
    "db/checks:_SELECTION": _COUNT,
    "db/writes:_parts": "tells the planner how many rows there are",
    "payments/queries:list_due_rail_failures": _JOB,
    "payments/refunds:list_requested_refunds": _JOB,
    "payments/refunds:list_unsettled_payments": _JOB,
    "rewards/debits:_LIST_NETTABLE": _JOB,
    "rewards/budgets:_WAITING": _JOB,
    "rewards/minting:_LIST_MINTABLE": _JOB,
    "rewards/refunds:list_due_references": _JOB,
    "accounts/second_factor:key_plain_recovery_codes": _JOB,
    "flows/checkout/close_order:_EXPIRED": _JOB,
    "proposals/operations:expire_proposals": _JOB,
    "orders/deliveries:_ERASE": _JOB,
    "orders/queries:list_unpaid_orders_of_buyer": "the checkout's own; /orders shows them all",
    "db/keyset:is_longer_than": _COUNT,
    "flows/overviews/read_metrics:_QUEUES": _COUNT,
    "flows/overviews/risk_hints:_BUSIEST_HOUR": _COUNT,
    "flows/overviews/waiting_work:_COUNTS": _COUNT,
    "flows/overviews/admin_home:_stores": "the page names five of the stores that do not answer",
    "flows/programme/referrals:_COUNT": _COUNT,
    "flows/programme/preview:_LAST": "a preview of the last 100 orders",
    "rewards/minting:_COUNT_MINTABLE": _COUNT,
    "rewards/queries:count_matching": _COUNT,
    "monitoring/queries:JOB_STATES": _COUNT,
    "monitoring/alerts:list_open_alerts": "kinds times subjects: there are never more",
    "rewards/queries:list_matching_ids": "a decision about more is refused",
    "flows/audit/audit_reference:find_reference": "a second order means that the number names none",
    "flows/minting/mint_jobs:list_failed_of_job": "the rest stays failed and can be retried again",
    "catalogue/product_queries:list_vendors_in": "a field that takes any vendor shows no list of more",
    "catalogue/product_queries:list_vendors_named": "suggestions beside a field that takes any vendor",
    "commissions/vendor_pages:ORDER": _PAGE,
    "webhooks/queries:_NEWEST_DELIVERIES": _PAGE,
    "commissions/payout_plans:_CHOICE": "a run takes no more of one balance; the next run the next",
    "commissions/foreign_payments:list_unknown": "the next ones follow when these are adopted",
    "commissions/foreign_payments:list_adoptable": "suggestions beside a field that takes any settlement",
    "codes/aliases_like_codes:_LIKE_CODES": "with more of them, each link is looked up",
    "mail/outbox:list_dead_letters": "examples beside the count that `doctor` prints",
}


def bounded() -> Iterator[str]:
    """Yield module:function of every statement that reads a bounded number of rows, single rows excepted."""
    for path in sorted(PORTAL.rglob("*.py")):
        if path.is_relative_to(PORTAL / "web"):  # touches no tables
            continue
        tree = ast.parse(path.read_text())
        scopes = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
        for scope in scopes:
            members = scope.body if isinstance(scope, ast.ClassDef) else [scope]
            for member in members:
                if any(map(_is_bound, ast.walk(member))):
                    name = getattr(member, "name", "") or _assigned(member)
                    yield f"{path.relative_to(PORTAL).with_suffix('').as_posix()}:{name}"


def _is_bound(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "limit":
        return not (isinstance(node.func.value, ast.Name) and node.func.value.id == "limiter")
    return (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_SQL_LIMIT.search(node.value))
    )


def _assigned(node: ast.stmt) -> str:
    return ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ""


def test_only_portions_of_work_are_bounded_without_a_next_page() -> None:
    assert set(bounded()) == set(PORTIONS)
