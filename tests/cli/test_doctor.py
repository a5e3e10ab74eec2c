"""`flask doctor`: status of each part, problems and their fixes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from portal.db import query
from portal.payments import record_rail_failure
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_code, make_user


def test_portal_without_chain_is_healthy(make_portal: MakePortal) -> None:
    result = invoke(make_portal(), "doctor")
    assert result.exit_code == 0, result.output
    for text in ("database     ok", "migrations   ok", "chain        not_configured", "invariants   ok",
                 "waiting      nothing", "portal       does not answer"):  # fmt: skip
        assert text in result.output, result.output


def test_ready_chain_is_ok(make_portal: MakePortal, on_chain: dict[str, Any]) -> None:
    result = invoke(make_portal(**on_chain), "doctor")
    assert (result.exit_code, "chain        ok" in result.output) == (0, True), result.output


def test_unreachable_chain_is_reported(make_portal: MakePortal, on_chain: dict[str, Any]) -> None:
    result = invoke(make_portal(**{**on_chain, "polygon_rpc_url": "http://127.0.0.1:1"}), "doctor")
    assert result.exit_code == 1
    assert "chain_away" in result.output
    assert "POLYGON_RPC_URL" in result.output


def test_broken_invariant_is_reported(make_portal: MakePortal) -> None:
    code = make_code(make_user())
    query("INSERT INTO visit_daily VALUES (%s, current_date, 5)", [code.code])
    result = invoke(make_portal(), "doctor")
    assert result.exit_code == 1
    assert "visits_total_covers_its_buckets: 1 rows" in result.output


def test_failed_ledger_is_reported(make_portal: MakePortal) -> None:
    record_rail_failure("store_x_1", "reward", "no price")
    result = invoke(make_portal(), "doctor")
    assert (result.exit_code, "1 ledgers to be written" in result.output) == (1, True)


def test_unavailable_database_is_reported(make_portal: MakePortal) -> None:
    result = invoke(make_portal(database_url="postgresql://nobody:x@127.0.0.1:1/none"), "doctor")
    assert result.exit_code == 1
    assert "database     away  -> start PostgreSQL" in result.output


def test_missing_settings_are_shown_with_their_effect(make_portal: MakePortal) -> None:
    result = invoke(make_portal(cron_secret="", referral_token_usd_price=None), "doctor")
    assert result.exit_code == 0
    assert "CRON_SECRET is not set" in result.output
    assert "no token price" in result.output


def test_running_portal_shows_its_scheduler(make_portal: MakePortal, serve: Callable[[Flask], str]) -> None:
    url = serve(make_portal())
    result = invoke(make_portal(app_url=url), "doctor")
    assert "scheduler    off  -> set SCHEDULER_ENABLED" in result.output
