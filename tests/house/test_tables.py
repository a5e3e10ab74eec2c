"""Every table has one owner package, other packages do not write or read it except as listed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import models
import portal
from tests.house.test_models import tables
from tests.support.databases import execute

PORTAL = Path(portal.__file__).parent

OWNERS = {
    "accounts": """users user_sessions sign_in_failures account_links password_reset_requests second_factors
        recovery_codes wallets wallet_challenges signal_salts access_signals shared_signals membership_months
        saved_filters""",
    "codes": "refcodes code_aliases link_labels code_results code_result_deltas",
    "visits": "visit_daily visit_past platform_visits",
    "catalogue": """vendors products stock_movements back_orders product_slugs product_pictures picture_files
        product_imports product_import_rows""",
    "stores": """stores customers store_keys store_events store_vendors store_rates
        store_coupons store_referrers""",
    "orders": """orders store_orders order_customers order_items order_fulfilments order_deliveries
        code_order_totals code_order_deltas""",
    "payments": "payment_transactions payment_events payment_refunds rail_failures credit_balances credit_entries",
    "commissions": """platform_config merchant_configs commission_structures payout_batches settlements payouts
        payout_items reserve_releases settlement_totals settlement_total_deltas
        erp_sales_assists installation foreign_payments commission_statements
        commission_statement_items""",
    "rewards": """referral_rewards reward_totals reward_total_deltas reward_approvals reward_hint_counts reward_debits
        reward_nettings exchange_rates mint_jobs mint_job_items budget_totals budget_deltas""",
    "programme": """programme_versions programme_campaigns referrer_bonuses programme_terms terms_acceptances
        programme_applications""",
    "journal": """currencies journal_transfers journal_account_balances journal_balance_deltas
        journal_kind_balances""",
    "chain": """chain_leaders chain_transactions chain_attempts chain_transaction_items chain_audit chain_alerts
        chain_state""",
    "mail": "mail_outbox",
    "notifications": "mail_preferences notifications",
    "proposals": "proposals",
    "webhooks": "webhook_endpoints webhook_events webhook_deliveries",
    "exports": "exports export_pieces",
    "figures": "counted_days daily_figures",
    "stored_settings": "settings_versions brand_logos",
    "monitoring": "job_runs operator_alerts",
    "db": "event_log applied_functions failing_items",
}
OWNER_OF = {table: package for package, names in OWNERS.items() for table in names.split()}

# Flows may read any table. Other readers: (package, table) and the reason.
READS = {
    ("codes", "event_log"): "the cause and history of a deactivation are its events",
    ("programme", "platform_config"): "the platform's percent is one of the facts it decides from",
    ("rewards", "programme_versions"): "an approval reads the budget in force where it locks it",
    ("rewards", "programme_campaigns"): "an approval reads the budget of the campaign where it locks it",
    ("visits", "refcodes"): "visits of a code are counted only while it is active",
    ("catalogue", "users"): "vendors are listed with the names of their owners",
    ("commissions", "vendors"): "commission terms and payouts are listed by vendor",
    ("commissions", "orders"): "files of settlements name the number of each order in its store",
    ("commissions", "stores"): "files of settlements name the store of each order",
    ("commissions", "products"): "the product's own rate is a commission term in a column of the product",
    (
        "commissions",
        "chain_transaction_items",
    ): "a payout is sent once: its chain transaction is checked in one query",
    ("orders", "stores"): "orders of all stores are listed with the names of their stores",
    (
        "notifications",
        "users",
    ): "the address and language of the reader, in the query that checks preferences",
    ("cli", "users"): "a clone counts accounts in a database that is not bound to the models",
}
# Writers other than the owner: (package or flow, table) and the reason.
WRITES = {
    (
        "visits",
        "refcodes",
    ): "one statement counts a visit in the total, the bucket and the platform, or nowhere",
    ("commissions", "products"): "sets the product's own rate",
    ("rewards", "event_log"): "moves and events of many rewards are two statements, whatever their number",
    (
        "flows/accounts/note_sighting.py",
        "shared_signals",
    ): "decided from users and orders together in one statement",
    (
        "flows/overviews/risk_hints.py",
        "reward_hint_counts",
    ): "stores the result of hints that read several packages",
    (
        "flows/stores/order_answer.py",
        "store_events",
    ): "an event is closed and its order read in one statement",
    ("flows/minting/mint_jobs.py", "mint_jobs"): "job and rewards are locked and counted in one statement",
    ("flows/minting/mint_jobs.py", "mint_job_items"): "written with its job",
    (
        "flows/ring_import/writers.py",
        "refcodes",
    ): "imports history as it is, in states that no operation reaches",
    ("flows/ring_import/writers.py", "referral_rewards"): "imports history",
    ("flows/ring_import/writers.py", "settlements"): "imports history",
    ("flows/ring_import/writers.py", "erp_sales_assists"): "imports history",
    ("flows/demo/seed_demo.py", "merchant_configs"): "demo terms",
    ("flows/demo/seed_history.py", "products"): "the demo products that are delivered",
    ("flows/demo/seed_history.py", "settlements"): "due dates of the demo's past",
    ("flows/demo/seed_history.py", "membership_months"): "ends of the memberships of the demo's past",
    ("flows/demo/seed_history.py", "users"): "written with membership_months",
    ("flows/demo/seed_history.py", "visit_daily"): "visits of the demo's past, which no operation can count",
    ("flows/demo/seed_history.py", "platform_visits"): "written with visit_daily",
    ("flows/demo/seed_history.py", "refcodes"): "written with visit_daily",
    ("flows/smoke/erp.py", "merchant_configs"): "terms of the vendor that the smoke check rolls back",
}

_TABLE_OF = {model.__name__: name for name, model in tables().items()}
_WRITING = {"insert", "insert_many", "insert_from", "create", "update", "delete", "replace", "bulk_create"}
_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|FROM|JOIN)\b")
_READ = re.compile(r"(?:\b(?:FROM|JOIN|USING)\s+(?:ONLY\s+)?|,\s*)([a-z_]+)\b")
_WRITTEN = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+(?:ONLY\s+)?([a-z_]+)\b")


@dataclass(frozen=True)
class Use:
    """One mention of a table: in a model import, in SQL text or in a writing call."""

    file: str
    table: str
    is_written: bool
    is_sql: bool

    @property
    def package(self) -> str:
        return self.file.split("/")[0].removesuffix(".py")

    @property
    def is_foreign(self) -> bool:
        return OWNER_OF[self.table] != self.package


def test_every_table_has_one_owner(database_url: str) -> None:
    stored = execute(
        database_url,
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%yoyo%'",
    )
    assert sorted(OWNER_OF) == sorted(str(name) for (name,) in stored)
    assert sum(len(names.split()) for names in OWNERS.values()) == len(OWNER_OF)
    assert all((PORTAL / package).is_dir() for package in OWNERS)


def test_models_are_in_the_section_of_their_owner() -> None:
    section, sections = "", {}
    for line in Path(models.__file__).read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"# -+ (\w+)", line):
            section = heading[1]
        elif (declared := re.match(r"class (\w+)\(", line)) and declared[1] in _TABLE_OF:
            sections[_TABLE_OF[declared[1]]] = section
    assert sections == OWNER_OF


def test_tables_are_read_by_their_owner_and_by_flows() -> None:
    read = {
        (use.package, use.table)
        for use in uses()
        if use.is_foreign
        and not use.is_written
        and use.package != "flows"
        # The layers above render rows: import contracts keep their imports of models to type checking.
        and (use.is_sql or use.package not in ("web", "cli", "jobs", "runtime"))
    }
    assert read - READS.keys() == set()
    assert READS.keys() - read == set(), "no longer needed"


def test_tables_are_written_by_their_owner() -> None:
    written = {
        (use.file if use.package == "flows" else use.package, use.table)
        for use in uses()
        if use.is_foreign and use.is_written
    }
    assert written - WRITES.keys() == set()
    assert WRITES.keys() - written == set(), "no longer needed"


@cache
def uses() -> tuple[Use, ...]:
    """Return every mention of a table in the code, including `jobs.py`."""
    paths = [*sorted(PORTAL.rglob("*.py")), PORTAL.parent / "jobs.py"]
    return tuple(use for path in paths for use in _uses_in(path))


def _uses_in(path: Path) -> Iterator[Use]:
    file = path.relative_to(PORTAL if PORTAL in path.parents else PORTAL.parent).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.search(node.value):
            for pattern, is_written in ((_READ, False), (_WRITTEN, True)):
                for table in set(pattern.findall(node.value)) & OWNER_OF.keys():
                    yield Use(file, table, is_written=is_written, is_sql=True)
        yield from (Use(file, _TABLE_OF[name], False, False) for name in _imported(node) if name in _TABLE_OF)
        yield from (Use(file, _TABLE_OF[name], True, False) for name in _changed(node) if name in _TABLE_OF)


def _imported(node: ast.AST) -> list[str]:
    """Return the names that a statement imports from the models."""
    is_import = isinstance(node, ast.ImportFrom) and node.module == "models"
    return [alias.name for alias in node.names] if is_import else []


def _changed(node: ast.AST) -> list[str]:
    """Return the names whose rows an expression writes: `Model.update`, `move_status(Model, ...)`."""
    if isinstance(node, ast.Attribute) and node.attr in _WRITING:
        return [node.value.id] if isinstance(node.value, ast.Name) else []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "move_status":
        return [argument.id for argument in node.args if isinstance(argument, ast.Name)]
    return []
