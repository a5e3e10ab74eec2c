"""`flask doctor`: every check tries the real thing, says how to fix it, and sets the exit status."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask

from portal.chain import OperatorKey
from portal.db import query
from portal.payments import record_rail_failure
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_admin, make_code, make_product, make_user
from tests.flows.payouts.bank import OTHER, TREASURY_KEY, deploy_payout_contract, mint_tokens
from tests.support.chains import LocalChain
from tests.support.databases import execute
from tests.support.hanging import hanging_server
from tests.support.pooler import pooler
from tests.support.redis import redis_server
from tests.support.rpc_proxy import Fault, RpcProxy
from tests.support.smtp import smtp_server
from tests.support.tls_proxy import tls_proxy

Doctor = Callable[..., tuple[int, str]]

PRODUCTION = {
    "portal_env": "production",
    "secret_key": "doctor tests sign their sessions with this",
    "cron_secret": "doctor tests wake the schedule",
    "wayforpay_merchant_account": "shop_example",
    "wayforpay_secret_key": "the merchant's own secret",
}


@pytest.fixture
def doctor(make_portal: MakePortal, serve: Callable[[Flask], str]) -> Doctor:
    """Return a function that runs the command beside a running portal and returns exit status and output."""

    def run(**values: Any) -> tuple[int, str]:
        if "app_url" not in values:
            values["app_url"] = serve(make_portal())
        result = invoke(make_portal(**values), "doctor")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return run


def test_portal_without_chain_is_healthy(doctor: Doctor) -> None:
    status, output = doctor()
    assert status == 0, output
    for text in ("version      0.1.0", "database     ok", "migrations   ok", "clock        ok",
                 "chain        not_configured", "mail         not_configured", "invariants   ok",
                 "waiting      nothing", "portal       answers"):  # fmt: skip
        assert text in output, output


def test_portal_that_does_not_answer_fails(doctor: Doctor) -> None:
    status, output = doctor(app_url="http://127.0.0.1:1")
    assert status == 1
    assert "portal       does not answer" in output


def test_portal_that_hangs_fails_in_time(doctor: Doctor) -> None:
    with hanging_server() as server:
        assert doctor(app_url=f"http://127.0.0.1:{server.port}")[0] == 1


@pytest.mark.parametrize("kind", ["development", "production"])
def test_another_portal_at_the_address_fails(
    doctor: Doctor, make_portal: MakePortal, serve: Callable[[Flask], str], kind: str
) -> None:
    values = PRODUCTION | {"metrics_token": "4 token that only monitors know"} if kind == "production" else {}
    address = {"app_url": "https://localhost"} if kind == "production" else {}
    other = serve(make_portal(**values | address | {"secret_key": "the secret of another deployment"}))
    status, output = doctor(app_url=other)
    assert (status, "answers as another one" in output) == (1, True), output


def test_another_program_at_the_address_fails(doctor: Doctor, serve: Callable[[Flask], str]) -> None:
    status, output = doctor(app_url=serve(Flask("another")))
    assert (status, "with status 404" in output) == (1, True), output


def test_ready_chain_is_ok(doctor: Doctor, on_chain: dict[str, Any]) -> None:
    status, output = doctor(**on_chain)
    assert (status, "chain        ok" in output, "price        0.1 USD" in output) == (0, True, True), output


def test_unreachable_chain_fails(doctor: Doctor, on_chain: dict[str, Any]) -> None:
    status, output = doctor(**{**on_chain, "polygon_rpc_url": "http://127.0.0.1:1"})
    assert status == 1
    assert "chain_away" in output
    assert "POLYGON_RPC_URL" in output


def test_chain_settings_without_a_node_fail(doctor: Doctor, on_chain: dict[str, Any]) -> None:
    status, output = doctor(**{**on_chain, "polygon_rpc_url": ""})
    assert (status, "set POLYGON_RPC_URL" in output) == (1, True), output


def test_node_without_history_fails(doctor: Doctor, on_chain: dict[str, Any]) -> None:
    proxy = RpcProxy(on_chain["polygon_rpc_url"])
    proxy.faults = [Fault("error", ("eth_getLogs",), error={"code": -32000, "message": "pruned history"})]
    try:
        status, output = doctor(**{**on_chain, "polygon_rpc_url": proxy.url})
    finally:
        proxy.stop()
    assert (status, "pruned history" in output) == (1, True), output


def test_wrong_mode_and_lost_gas_fail(doctor: Doctor, on_chain: dict[str, Any], chain: LocalChain) -> None:
    chain.call("anvil_setBalance", OperatorKey.from_private_key(chain.operator_key).address, "0x0")
    status, output = doctor(**{**on_chain, "referral_reward_mode": 1})
    assert (status, "mode_differs" in output, "no_gas" in output) == (1, True, True), output


def test_payouts_on_chain_are_checked(doctor: Doctor, on_chain: dict[str, Any], chain: LocalChain) -> None:
    contract = deploy_payout_contract(chain, chain.token_address)
    empty = deploy_payout_contract(chain, chain.token_address)
    mint_tokens(chain, contract, 10**18)
    payouts = {
        **on_chain,
        "settlement_payout_mode": "onchain",
        "settlement_payout_private_key": TREASURY_KEY,
        "settlement_payout_token_address": chain.token_address,
        "settlement_payout_contract_address": contract,
    }
    assert doctor(**payouts)[0] == 0
    address = "settlement_payout_contract_address"
    cases: list[tuple[dict[str, str], tuple[str, ...]]] = [
        ({}, ("payouts      ok",)),
        ({address: OTHER}, ("contract_missing", "SETTLEMENT_PAYOUT_CONTRACT_ADDRESS")),
        ({address: ""}, ("not_configured", "SETTLEMENT_PAYOUT_CONTRACT_ADDRESS is not set")),
        ({address: empty}, ("treasury_empty", "chain fund AMOUNT")),
        ({address: chain.rewards_address}, ("mode_differs", "role_missing", "payouts need mode 1")),
        ({"settlement_payout_token_address": contract}, ("token_differs", "SETTLEMENT_PAYOUT_TOKEN_ADDRESS")),
        ({"polygon_rpc_url": "http://127.0.0.1:1"}, ("payouts      not ready", "chain_away")),
    ]
    for change, expected in cases:
        status, output = doctor(**{**payouts, **change})
        # Lines of the chain's own finding come before those of the payouts.
        part = output[output.index("payouts ") :]
        assert all(text in part for text in expected), (change, output)
        assert status == (1 if change else 0)


def test_price_feed_that_is_no_feed_fails(doctor: Doctor, on_chain: dict[str, Any]) -> None:
    status, output = doctor(**{**on_chain, "referral_price_feed_address": f"0x{'1' * 40}"})
    assert (status, "price        unavailable" in output) == (1, True), output


def test_mail_server_is_tried(doctor: Doctor) -> None:
    mail = {"mail_from": "portal@shop.example"}
    with smtp_server() as (mailbox, port):
        status, output = doctor(smtp_url=f"smtp+plain://127.0.0.1:{port}", **mail)
        assert (status, "mail         ok" in output, mailbox.letters) == (0, True, []), output
        status, output = doctor(smtp_url=f"smtp://127.0.0.1:{port}", **mail)
        assert (status, "STARTTLS" in output) == (1, True), output
        status, output = doctor(smtp_url=f"smtp+plain://user:pass@127.0.0.1:{port}", **mail)
        assert (status, "mail         unavailable" in output) == (1, True), output
    status, output = doctor(smtp_url="smtp+plain://127.0.0.1:1", **mail)
    assert (status, "mail         unavailable" in output) == (1, True), output


def test_redis_is_tried(doctor: Doctor) -> None:
    with redis_server() as (url, _):
        status, output = doctor(redis_url=url)
        assert (status, "redis        ok" in output) == (0, True), output
    status, output = doctor(redis_url="redis://127.0.0.1:1/0")
    assert (status, "redis        unavailable" in output) == (1, True), output
    with hanging_server() as server:
        assert doctor(redis_url=f"redis://127.0.0.1:{server.port}/0")[0] == 1


def test_rate_source_is_tried(doctor: Doctor) -> None:
    status, output = doctor(referral_rate_source="nbu", nbu_rate_url="http://127.0.0.1:1")
    assert (status, "rate         unavailable" in output) == (1, True), output


def test_broken_invariant_fails(doctor: Doctor) -> None:
    code = make_code(make_user())
    query("INSERT INTO visit_daily VALUES (%s, current_date, 5)", [code.code])
    status, output = doctor()
    assert status == 1
    assert "visits_total_covers_its_buckets: 1 rows" in output


def test_failed_ledger_fails(doctor: Doctor) -> None:
    record_rail_failure("store_x_1", "reward", "no price")
    status, output = doctor()
    assert (status, "1 ledgers to be written" in output) == (1, True)


def test_unavailable_database_fails(doctor: Doctor) -> None:
    status, output = doctor(database_url="postgresql://nobody:x@127.0.0.1:1/none")
    assert status == 1
    assert "database     away  -> start PostgreSQL" in output
    assert "Connection refused" in output


def test_pending_migration_fails(doctor: Doctor, database: str) -> None:
    taken = (
        "DELETE FROM _yoyo_migration WHERE migration_id LIKE '030%' RETURNING migration_hash, migration_id"
    )
    ((digest, name),) = execute(database, taken)
    try:
        status, output = doctor()
        assert (status, "migrations   pending" in output) == (1, True), output
    finally:
        values = f"('{digest}', '{name}', now())"
        execute(
            database,
            f"INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc) VALUES {values}",
        )


def test_poolers_are_recognised(doctor: Doctor, database: str) -> None:
    with pooler(database, "session") as running:
        status, output = doctor(database_url=running.url)
        assert (status, "pooler       session mode" in output) == (0, True), output
        status, output = doctor(database_url=f"{running.url}?options=-ctimezone%3DUTC")
        assert (status, "ignore_startup_parameters" in output) == (1, True), output
    with pooler(database, "transaction") as running:
        status, output = doctor(database_url=running.url)
        assert (status, "pooler       transaction mode" in output) == (1, True), output
        status, output = doctor(database_url=running.url, database_direct_url=database)
        assert (status, "pooler       locks hold at DATABASE_DIRECT_URL" in output) == (0, True), output
        elsewhere = f"{database.rpartition('/')[0]}/postgres"
        status, output = doctor(database_url=running.url, database_direct_url=elsewhere)
        assert (status, "leads to another database" in output) == (1, True), output


def test_replica_that_is_none_fails(doctor: Doctor, database: str) -> None:
    status, output = doctor(database_replica_url=database)
    assert (status, "replica      not used" in output) == (1, True), output


def test_clocks_that_differ_fail(doctor: Doctor) -> None:
    with time_machine.travel("2020-01-01", tick=True):
        status, output = doctor()
    assert (status, "behind the database" in output) == (1, True), output


def test_missing_settings_are_shown_with_their_effect(doctor: Doctor) -> None:
    status, output = doctor(cron_secret="", referral_token_usd_price=None)
    assert status == 0, output
    assert "CRON_SECRET is not set" in output
    assert "no token price" in output


def test_jobs_of_every_process_are_checked(doctor: Doctor, database: str) -> None:
    def ran(job: str, started: str, error: str = "") -> None:
        outcome, reason = ("failed", f"'{error}'") if error else ("succeeded", "NULL")
        execute(
            database,
            f"""
            INSERT INTO job_runs (job, every_seconds, process, outcome, started_at, finished_at, error)
            VALUES ('{job}', 60, 'host', '{outcome}', now() - interval '{started}', now(), {reason}) RETURNING id""",
        )

    assert "jobs         none has run yet  -> start a process that runs the jobs" in doctor()[1]
    ran("mint", "2 hours")
    execute(database, "UPDATE job_runs SET finished_at = started_at RETURNING id")
    status, output = doctor()
    assert (status, "jobs         none has run since" in output) == (1, True), output
    ran("mint", "1 minute")
    status, output = doctor()
    assert (status, "jobs         ok" in output) == (0, True), output
    ran("pay", "1 hour", "the reason")
    status, output = doctor()
    assert (status, "1 overdue" in output, "pay: the reason" in output) == (1, True, True), output
    ran("wait", "2 hours")
    execute(database, "UPDATE job_runs SET finished_at = started_at WHERE job = 'wait' RETURNING id")
    assert re.search(r"wait: no success since 20\d\d-\d\d-\d\d \d\d:\d\d UTC", doctor()[1])


def test_the_proxy_is_checked(
    doctor: Doctor,
    make_portal: MakePortal,
    serve: Callable[[Flask], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(trusted: int) -> tuple[int, str]:
        backend = serve(make_portal(**PRODUCTION, app_url="https://localhost", trusted_proxies=trusted))
        with tls_proxy(int(backend.rpartition(":")[2])) as (port, tls):
            _trust(tls, tmp_path / "authorities.pem", monkeypatch)
            return doctor(**PRODUCTION, app_url=f"https://localhost:{port}", trusted_proxies=trusted)

    status, output = run(1)
    assert (status, "proxy        buffers slow bodies" in output) == (0, True), output
    assert "METRICS_TOKEN is not set" in output
    status, output = run(0)
    assert (status, "http arrives for https" in output, "TRUSTED_PROXIES=1" in output) == (1, True, True), (
        output
    )


def test_a_portal_without_a_proxy_does_not_buffer(doctor: Doctor) -> None:
    status, output = doctor()
    assert (status, "proxy        does not buffer slow bodies" in output) == (0, True), output


def _trust(tls: ssl.SSLContext, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the authorities of a context by the environment, as docs/operations.md says."""
    path.write_text("".join(map(ssl.DER_cert_to_PEM_cert, tls.get_ca_certs(binary_form=True))))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


def test_doctor_names_what_is_missing_before_the_first_sale(doctor: Doctor) -> None:
    status, output = doctor()
    assert status == 0
    for part in (
        "BRAND_NAME is not set",
        "no admin",
        "user create EMAIL --admin",
        "no vendor",
        "nothing to sell",
    ):
        assert part in output, part
    make_admin()
    make_product()
    status, output = doctor(brand_name="Kazka")
    (line,) = [line for line in output.splitlines() if line.startswith("first sale")]
    assert "one admin only  -> run `flask --app wsgi user create EMAIL --admin`: what is above" in line
    make_admin()
    assert "first sale" not in doctor(brand_name="Kazka")[1]
