"""`flask smoke`: success, failures, and the rows that remain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from models import (
    EventLog,
    JournalTransfer,
    Order,
    PaymentTransaction,
    Product,
    Refcode,
    ReferralReward,
    RewardDebit,
    Settlement,
    User,
)
from portal.db import query
from portal.db.checks import run_checks
from portal.flows.checkout.begin_payment import begin_membership_payment
from portal.flows.smoke.growth import _member
from portal.web.core import referral_cookies
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_code, make_user


def count_rows() -> dict[str, int]:
    names = [row[0] for row in query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    return {name: query(f"SELECT count(*) FROM {name}")[0][0] for name in names}


def test_erp_passes_and_leaves_nothing(make_portal: MakePortal) -> None:
    app = make_portal()
    make_code(make_user())
    before = count_rows()
    result = invoke(app, "smoke", "erp")
    assert result.exit_code == 0, result.output
    for text in ("self_referral", "wallet_overlap", "not_first_purchase", "referral commission of 100.00 UAH",
                 "one reward of the same reference", "rolled back"):  # fmt: skip
        assert text in result.output, text
    assert count_rows() == before


def test_erp_follows_the_platforms_percent(make_portal: MakePortal) -> None:
    query("UPDATE platform_config SET referral_percent = 7.5")
    result = invoke(make_portal(), "smoke", "erp")
    assert "referral commission of 150.00 UAH" in result.output
    assert result.exit_code == 0


@pytest.fixture
def without_assists(database: str) -> Iterator[None]:
    """Let no row of an assist be written."""
    query("CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$")
    query(
        "CREATE TRIGGER drop_row BEFORE INSERT ON erp_sales_assists FOR EACH ROW EXECUTE FUNCTION drop_row()"
    )
    yield
    query("DROP FUNCTION drop_row() CASCADE")


@pytest.mark.usefixtures("without_assists")
def test_erp_reports_failure_and_leaves_nothing(make_portal: MakePortal) -> None:
    before = count_rows()
    result = invoke(make_portal(), "smoke", "erp")
    assert result.exit_code == 1
    assert "FAIL  one assist" in result.output
    assert count_rows() == before


def test_erp_without_price_reports_skipped_check(make_portal: MakePortal) -> None:
    result = invoke(make_portal(referral_token_usd_price=None), "smoke", "erp")
    assert result.exit_code == 2, result.output
    assert "skip  the reward's size: price_unavailable" in result.output


def test_growth_mints_and_balances_the_journal(make_portal: MakePortal, on_chain: dict[str, Any]) -> None:
    app = make_portal(**on_chain)
    result = invoke(app, "smoke", "growth", "--timeout", "60")
    assert result.exit_code == 0, result.output
    assert "its event has the wallet, amount and transaction" in result.output
    assert "remains" in result.output
    reward = ReferralReward.get()
    assert (reward.status, reward.rail, reward.order_id) == ("minted", "fiat", None)
    assert PaymentTransaction.get().status == "refunded"
    assert RewardDebit.get().amount_wei == reward.reward_amount_wei
    assert {person.email.partition("@")[2] for person in User.select()} == {"smoke.example"}
    assert not Refcode.get().active
    clearing = sum(
        row.amount if row.credit_account == "clearing" else -row.amount
        for row in JournalTransfer.select()
        if "clearing" in (row.credit_account, row.debit_account)
    )
    assert clearing == 0
    assert run_checks() == {}


def test_growth_can_be_repeated(make_portal: MakePortal, on_chain: dict[str, Any]) -> None:
    app = make_portal(**on_chain)
    user_counts = set()
    for _ in range(2):
        result = invoke(app, "smoke", "growth", "--timeout", "60")
        assert result.exit_code == 0, result.output
        user_counts.add(User.select().count())
    assert len(user_counts) == 1
    assert [row.status for row in ReferralReward.select()] == ["minted", "minted"]
    # The debit of the first run is netted from the second reward, except one wei that is minted.
    assert {row.reward_amount_wei for row in ReferralReward.select()} > {1}
    assert run_checks() == {}


def test_growth_without_chain_refunds_and_reports_it(make_portal: MakePortal) -> None:
    result = invoke(make_portal(), "smoke", "growth")
    assert result.exit_code == 2, result.output
    assert "skip  the mint: no chain is configured" in result.output
    assert ReferralReward.get().status == "rejected"
    assert run_checks() == {}


def test_growth_refunds_when_nothing_is_mined(make_portal: MakePortal) -> None:
    unreachable = {"polygon_rpc_url": "http://127.0.0.1:1", "referral_rewards_address": f"0x{'1':0>40}",
            "referral_chain_id": 31337, "referral_minter_private_key": "1" * 64}  # fmt: skip
    result = invoke(make_portal(**unreachable), "smoke", "growth", "--timeout", "1")
    assert result.exit_code == 1, result.output
    assert "the mint is not final after 1 s" in result.output
    assert (PaymentTransaction.get().status, ReferralReward.get().status) == ("refunded", "rejected")
    assert run_checks() == {}


def test_growth_closes_the_payment_of_a_killed_run(make_portal: MakePortal) -> None:
    app = make_portal()
    running = app.extensions["portal"]
    begin_membership_payment("MEMBER", _member(running.chain), "en", running.settings)
    invoke(app, "smoke", "growth")
    assert [row.status for row in PaymentTransaction.select()] == ["refunded", "refunded"]


@pytest.fixture
def served(make_portal: MakePortal, serve: Callable[[Flask], str]) -> tuple[Flask, str]:
    app = make_portal()
    return app, serve(app)


def test_http_passes(served: tuple[Flask, str]) -> None:
    app, url = served
    result = invoke(app, "smoke", "http", "--url", url)
    assert result.exit_code == 0, result.output
    for text in ("the first touch wins", "counted once within two seconds", "accepts the right secret"):
        assert text in result.output
    assert [code.active for code in Refcode.select()] == [False]
    assert not Order.select().exists()
    assert not Product.select().exists()
    # The temporary password of the account was set and then replaced.
    assert EventLog.select().where(EventLog.event == "password_changed").count() == 2


def test_http_reports_changed_cookie(served: tuple[Flask, str], monkeypatch: pytest.MonkeyPatch) -> None:
    app, url = served
    monkeypatch.setattr(referral_cookies, "LIFETIME_SECONDS", 60)
    result = invoke(app, "smoke", "http", "--url", url)
    assert result.exit_code == 1
    assert "FAIL  ring_ref has its flags" in result.output


def test_http_reports_unreachable_portal(make_portal: MakePortal) -> None:
    result = invoke(make_portal(), "smoke", "http", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "http://127.0.0.1:1 does not answer" in result.output


def test_http_does_not_mint_approved_rewards(
    served: tuple[Flask, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, url = served
    monkeypatch.setattr("portal.cli.smoke_http.smoke_people.is_anything_to_mint", lambda _chain_id: True)
    result = invoke(app, "smoke", "http", "--url", url)
    assert result.exit_code == 2
    assert "skip  the right cron secret" in result.output


def test_all_runs_every_check(served: tuple[Flask, str]) -> None:
    app, url = served
    result = invoke(app, "smoke", "all", "--url", url)
    assert result.exit_code == 2, result.output
    assert [line for line in result.output.splitlines() if not line.startswith(" ")] == [
        "erp",
        "growth",
        "http",
    ]
    assert not Settlement.select().exists()
