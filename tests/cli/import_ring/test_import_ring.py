"""`flask import-ring`: exact and repeatable; from columns and from documents."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg2
import pytest

from models import EventLog, JournalTransfer, Refcode, ReferralReward, SalesAssist, Settlement, Vendor, Wallet
from portal.db import query
from portal.db.checks import run_checks
from portal.flows.ring_import.import_ring import import_ring
from portal.flows.ring_import.source import RingSource, open_source
from portal.web.text.settlements import stop_reason
from tests.cli.conftest import MakePortal, invoke
from tests.cli.import_ring.conftest import OTHER, TX, WALLET, Ring, assist, code, reward, rows, settlement
from tests.factories import make_user, make_vendor
from tests.support.databases import execute


def fill(ring: Ring) -> None:
    ring.documents("refcodes", code())
    ring.documents("referral_rewards", reward(1, "pending_approval"), reward(2, "minted", txHash=TX),
                   reward(3, "failed", failureReason="price_unavailable"), reward(4, "rejected"))  # fmt: skip
    ring.documents("settlements", settlement(1, "pending"), settlement(2, "completed", transactionId="sim_1"),
                   settlement(3, "processing"), settlement(4, "cancelled"))  # fmt: skip
    ring.documents("erp_sales_assists", assist(1), assist(2))


def test_documents_become_rows_with_events(make_portal: MakePortal, ring: Ring) -> None:
    fill(ring)
    result = invoke(make_portal(), "import-ring", ring.url)
    assert result.exit_code == 0, result.output
    assert "referral_rewards: 4 imported, 0 already present, 0 refused" in result.output
    code = Refcode.get()
    assert (code.code, code.wallet_address, code.visits_total) == ("q7RmK2xd", WALLET, 41)
    assert code.created_at.isoformat() == "2025-01-02T03:04:05+00:00"
    assert Wallet.get_by_id(WALLET).user_id == code.owner_user_id
    by_status = {row.status: row for row in ReferralReward.select()}
    assert set(by_status) == {"pending_approval", "minted", "failed", "rejected"}
    minted = by_status["minted"]
    assert (minted.reward_amount_wei, minted.order_total_minor) == (6 * 10**18 + 2, 48_000)
    assert (minted.usd_value, minted.reward_percent) == (Decimal("0.6"), Decimal(5))
    assert minted.created_at.isoformat() == "2023-11-14T22:13:20.123000+00:00"
    settlements = {row.status: row for row in Settlement.select()}
    assert set(settlements) == {"pending", "completed", "held", "cancelled"}
    assert stop_reason(settlements["held"].failure_reason).startswith("The other system was paying this")
    assert (settlements["pending"].commission_minor, settlements["pending"].net_payout_minor) == (
        12_480,
        35_520,
    )
    assert settlements["pending"].scheduled_for.isoformat() == "2025-02-02T22:00:00+00:00"
    assert settlements["completed"].metadata["commissionBreakdown"]["customSplits"][0]["amount"] == "4.80"
    assert SalesAssist.select().count() == 2
    events = {row.event for row in EventLog.select().where(EventLog.actor == "command:import-ring")}
    assert {"code_imported", "reward_imported", "settlement_imported", "assist_imported", "user_imported",
            "vendor_imported"} <= events  # fmt: skip
    paid_before = [
        row.amount for row in JournalTransfer.select().where(JournalTransfer.kind == "paid_before")
    ]
    assert paid_before == [35_520]
    assert run_checks() == {}


def test_second_run_adds_nothing(make_portal: MakePortal, ring: Ring) -> None:
    fill(ring)
    app = make_portal()
    invoke(app, "import-ring", ring.url)
    before = rows()
    result = invoke(app, "import-ring", ring.url)
    assert result.exit_code == 0, result.output
    assert "settlements: 0 imported, 4 already present, 0 refused" in result.output
    assert rows() == before


def test_dry_run_imports_nothing(make_portal: MakePortal, ring: Ring) -> None:
    fill(ring)
    before = rows()
    result = invoke(make_portal(), "import-ring", ring.url, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "refcodes: 1 imported" in result.output
    assert "nothing was imported" in result.output
    assert rows() == before


def test_dry_run_may_wait_for_the_source(make_portal: MakePortal, ring: Ring) -> None:
    ring.documents("refcodes", code())
    running = make_portal().extensions["portal"]
    longest = []

    def note(_report: Any) -> None:
        longest.append(query("SHOW idle_in_transaction_session_timeout")[0][0])

    with open_source(ring.url) as source:
        for is_dry in (True, False):
            import_ring(source, running.chain, running.settings, vendors={}, is_dry=is_dry, on_progress=note)
    assert longest == ["0", "1min"]


def test_real_columns_are_read(make_portal: MakePortal, ring: Ring, database: str) -> None:
    """A source with real columns, such as another portal."""
    execute(ring.url, "CREATE TABLE refcodes (code text, owner_user_id bigint, wallet_address text)")
    execute(ring.url, f"INSERT INTO refcodes VALUES ('q7RmK2xd', 7, '{WALLET}')")
    execute(ring.url, """
        CREATE TABLE settlements (id bigint, order_reference text, vendor_id bigint, kind text, amount_minor bigint,
            currency text, commission_minor bigint, net_payout_minor bigint, status text);
        INSERT INTO settlements VALUES
            (1, 'store_a_1', 3, 'sale', 9007199254740993, 'UAH', 3, 9007199254740990, 'pending'),
            (2, 'store_a_1', 3, 'refund', -100, 'UAH', -10, -90, 'pending')""")  # fmt: skip
    for _ in range(2):
        result = invoke(make_portal(), "import-ring", ring.url)
        assert result.exit_code == 0, result.output
    assert "referral_rewards: not found" in result.output
    assert [row.amount_minor for row in Settlement.select().order_by(Settlement.id)] == [
        9007199254740993,
        -100,
    ]
    assert Refcode.get().active
    assert run_checks() == {}


def test_existing_user_is_matched_by_wallet_and_never_by_email(make_portal: MakePortal, ring: Ring) -> None:
    person, other_user = make_user(), make_user(email="o@ring.example")
    Wallet.insert(address=WALLET, user=person.id).execute()
    ring.documents("refcodes", code(email="o@ring.example"), code(code="abcdefgh", walletAddress=OTHER))
    assert invoke(make_portal(), "import-ring", ring.url).exit_code == 0
    assert {row.owner_user_id for row in Refcode.select()} == {person.id}
    assert {row.address for row in Wallet.select().where(Wallet.user == person.id)} == {WALLET, OTHER}
    assert not Wallet.select().where(Wallet.user == other_user.id).exists()


def test_existing_vendor_can_be_specified(make_portal: MakePortal, ring: Ring) -> None:
    existing = make_vendor()
    ring.documents("settlements", settlement(1, "pending"))
    app = make_portal()
    for number in ("99", "²", "-1", ""):
        wrong = invoke(app, "import-ring", ring.url, "--vendor", f"shop-1={number}")
        assert (wrong.exit_code, Settlement.select().count()) == (1, 0)
        assert "use OLD=ID" in wrong.output
    assert invoke(app, "import-ring", ring.url, "--vendor", f"shop-1={existing.id}").exit_code == 0
    assert Settlement.get().vendor_id == existing.id
    assert Vendor.select().count() == 1


def test_killed_run_can_be_repeated(make_portal: MakePortal, ring: Ring) -> None:
    ring.documents("refcodes", code())
    ring.documents("referral_rewards", *(reward(number, "pending_approval") for number in range(450)))
    app = make_portal()
    running = app.extensions["portal"]

    def die(report: Any) -> None:
        if report.table == "referral_rewards":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_source(ring.url) as source:
        import_ring(source, running.chain, running.settings, vendors={}, is_dry=False, on_progress=die)
    assert ReferralReward.select().count() == 200
    result = invoke(app, "import-ring", ring.url)
    assert "referral_rewards: 400 of 450" in result.output
    assert "referral_rewards: 250 imported, 200 already present, 0 refused" in result.output
    assert run_checks() == {}


def test_source_is_only_read(make_portal: MakePortal, ring: Ring) -> None:
    ring.documents("refcodes", code())
    with open_source(ring.url) as source, pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        _write(source)


def _write(source: RingSource) -> None:
    with source._connection.cursor() as cursor:
        cursor.execute("DELETE FROM refcodes")
