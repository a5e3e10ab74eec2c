"""`flask doctor`: what is in order, what is not, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from portal.db import query
from portal.payments import record_rail_failure
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_code, make_user


def test_a_healthy_portal_without_a_chain(make_portal: MakePortal) -> None:
    result = invoke(make_portal(), "doctor")
    assert result.exit_code == 0, result.output
    for told in ("database     ok", "migrations   ok", "chain        not_configured", "invariants   ok",
                 "waiting      nothing", "portal       does not answer"):  # fmt: skip
        assert told in result.output, result.output


def test_a_chain_that_is_ready(make_portal: MakePortal, on_chain: dict[str, Any]) -> None:
    result = invoke(make_portal(**on_chain), "doctor")
    assert (result.exit_code, "chain        ok" in result.output) == (0, True), result.output


def test_a_chain_that_cannot_be_reached(make_portal: MakePortal, on_chain: dict[str, Any]) -> None:
    result = invoke(make_portal(**{**on_chain, "polygon_rpc_url": "http://127.0.0.1:1"}), "doctor")
    assert result.exit_code == 1
    assert "chain_away" in result.output
    assert "POLYGON_RPC_URL" in result.output


def test_a_broken_invariant(make_portal: MakePortal) -> None:
    code = make_code(make_user())
    query("INSERT INTO visit_daily VALUES (%s, current_date, 5)", [code.code])
    result = invoke(make_portal(), "doctor")
    assert result.exit_code == 1
    assert "visits_total_covers_its_buckets: 1 rows" in result.output


def test_a_rail_that_waits(make_portal: MakePortal) -> None:
    record_rail_failure("store_x_1", "reward", "no price")
    result = invoke(make_portal(), "doctor")
    assert (result.exit_code, "1 ledger entries to be written" in result.output) == (1, True)


def test_a_database_that_is_away(make_portal: MakePortal) -> None:
    result = invoke(make_portal(database_url="postgresql://nobody:x@127.0.0.1:1/none"), "doctor")
    assert result.exit_code == 1
    assert "database     away  -> start PostgreSQL" in result.output


def test_settings_that_are_open_are_told_with_what_they_stop(make_portal: MakePortal) -> None:
    result = invoke(make_portal(cron_secret="", referral_token_usd_price=None), "doctor")
    assert result.exit_code == 0
    assert "CRON_SECRET is not set" in result.output
    assert "no token price" in result.output


def test_a_portal_that_answers_tells_of_its_schedule(
    make_portal: MakePortal, serve: Callable[[Flask], str]
) -> None:
    url = serve(make_portal())
    result = invoke(make_portal(app_url=url), "doctor")
    assert "scheduler    off  -> set SCHEDULER_ENABLED" in result.output
