"""`flask import-ring`: exact and repeatable, with a reason for each refused row; from columns and from documents."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from models import (
    EventLog,
    JournalTransfer,
    Refcode,
    ReferralReward,
    SalesAssist,
    Settlement,
    User,
    Vendor,
    Wallet,
)
from portal.chain import order_ref
from portal.chain.contract.abi import encode_call
from portal.db import query
from portal.db.checks import run_checks
from portal.flows.audit.audit_reference import audit_reference
from portal.flows.ring_import.import_ring import import_ring
from portal.flows.ring_import.source import RingSource, open_source
from portal.web.text.settlements import stop_reason
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_code, make_user, make_vendor
from tests.support.chains import LocalChain
from tests.support.databases import execute, named

WALLET, OTHER = f"0x{'a1':0>40}", f"0x{'b2':0>40}"
TX = f"0x{'c':0>64}"
WRONG_CHECKSUM = "0x" + "Ab" * 20


class Ring:
    """The old system's database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def documents(self, table: str, *rows: dict[str, Any]) -> None:
        """Write rows as JSON documents, as the old system stores them."""
        execute(self.url, f"CREATE TABLE IF NOT EXISTS {table} (id text, data jsonb)")
        connection = psycopg2.connect(self.url)
        with connection, connection.cursor() as cursor:
            for row in rows:
                document = json.dumps(row, default=str)
                cursor.execute(f"INSERT INTO {table} VALUES (%s, %s)", [row.get("id"), document])
        connection.close()


@pytest.fixture
def ring(database: str) -> Iterator[Ring]:
    name, server = f"ring_{os.getpid()}", named(database, "portal")
    execute(server, f"CREATE DATABASE {name}")
    yield Ring(named(database, name))
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def code(**changes: Any) -> dict[str, Any]:
    return {"code": "q7RmK2xd", "userId": "ring-7", "walletAddress": WALLET.upper().replace("0X", "0x"),
            "active": True, "visitsTotal": 41, "createdAt": "2025-01-02T03:04:05Z", **changes}  # fmt: skip


def reward(number: int, status: str, **changes: Any) -> dict[str, Any]:
    return {"orderReference": f"store_o{number}_1700000000000", "orderId": f"o{number}", "refCode": "q7RmK2xd",
            "referrerUserId": "ring-7", "referrerWallet": WALLET, "refereeUserId": "ring-9",
            "orderTotal": "480.00", "currency": "UAH", "rewardPercent": 5, "usdValue": 0.6,
            "tokenPriceUsd": "0.1", "rewardAmountWei": 6 * 10**18 + number, "rail": "fiat", "status": status,
            "createdAt": 1_700_000_000_123, **changes}  # fmt: skip


def settlement(number: int, status: str, **changes: Any) -> dict[str, Any]:
    breakdown = {"platformCommission": "96.00", "referralCommission": 24, "referralByItem": [],
                 "customSplits": [{"recipientId": "fund", "percent": "1", "amount": "4.80"}]}  # fmt: skip
    return {"id": f"s{number}", "orderReference": f"store_o{number}_1700000000000", "vendorId": "shop-1",
            "amount": 480, "currency": "UAH", "commission": "124.80", "netPayout": 355.2, "status": status,
            "scheduledFor": "2025-02-03T00:00:00+02:00",
            "metadata": {"commissionBreakdown": breakdown}, **changes}  # fmt: skip


def with_split(recipient: str) -> dict[str, Any]:
    split = {"recipientId": recipient, "percent": "1", "amount": "4.80"}
    return {"commissionBreakdown": {"referralCommission": 24, "customSplits": [split]}}


def with_items(*items: dict[str, Any]) -> dict[str, Any]:
    return {"commissionBreakdown": {"referralCommission": 0, "referralByItem": list(items)}}


def assist(number: int, **changes: Any) -> dict[str, Any]:
    return {"orderReference": f"store_o{number}_1700000000000", "vendorId": "shop-1", "referralCode": "q7RmK2xd",
            "referrerUserId": "ring-7", "subtotal": "480.00", "currency": "UAH", **changes}  # fmt: skip


def fill(ring: Ring) -> None:
    ring.documents("refcodes", code())
    ring.documents("referral_rewards", reward(1, "pending_approval"), reward(2, "minted", txHash=TX),
                   reward(3, "failed", failureReason="price_unavailable"), reward(4, "rejected"))  # fmt: skip
    ring.documents("settlements", settlement(1, "pending"), settlement(2, "completed", transactionId="sim_1"),
                   settlement(3, "processing"), settlement(4, "cancelled"))  # fmt: skip
    ring.documents("erp_sales_assists", assist(1), assist(2))


def rows() -> dict[str, list[Any]]:
    tables = ("users", "refcodes", "referral_rewards", "settlements", "erp_sales_assists", "event_log",
              "journal_transfers", "vendors", "wallets")  # fmt: skip
    return {table: query(f"SELECT * FROM {table} ORDER BY 1") for table in tables}


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


@pytest.mark.parametrize(
    ("table", "row", "reason"),
    [
        ("refcodes", code(walletAddress="0x12"), "wallet_invalid"),
        ("refcodes", code(walletAddress=f"0x{0xDEAD:040x}"), "wallet_invalid"),
        ("refcodes", code(walletAddress=WRONG_CHECKSUM), f"address_checksum_wrong: wallet_address {WRONG_CHECKSUM}"),
        ("refcodes", code(walletAddress=None, wallet=WRONG_CHECKSUM),
         f"address_checksum_wrong: wallet {WRONG_CHECKSUM}"),
        ("referral_rewards", reward(1, "approved", referrerWallet=WRONG_CHECKSUM),
         f"address_checksum_wrong: referrer_wallet {WRONG_CHECKSUM}"),
        ("settlements", settlement(1, "pending", metadata=with_split(WRONG_CHECKSUM)),
         f"address_checksum_wrong: customSplits.recipientId {WRONG_CHECKSUM}"),
        ("settlements", settlement(1, "pending", metadata=with_split("0x12345678901234567890123456789012345678zz")),
         "wallet_invalid: customSplits.recipientId 0x12345678901234567890123456789012345678zz"),
        ("refcodes", code(code=None), "code_missing"),
        ("refcodes", code(code="x" * 65), "code_invalid"),
        *(("refcodes", code(code=each), "code_invalid") for each in ("a/b", "..", "a?b", "a%2Fb", "a b", "код", "a#b")),
        ("referral_rewards", reward(1, "approved", orderReference=None), "order_reference_missing"),
        ("referral_rewards", reward(1, "sent"), "status_unknown"),
        ("referral_rewards", reward(1, "approved", orderTotal="480.001"), "amount_inexact"),
        ("referral_rewards", reward(1, "approved", rewardAmountWei="1.5"), "amount_inexact"),
        ("referral_rewards", reward(1, "approved", rewardAmountWei=None), "reward_amount_missing"),
        ("referral_rewards", reward(1, "approved", rewardPercent="NaN"), "number_invalid: reward_percent NaN"),
        ("referral_rewards", reward(1, "approved", createdAt="yesterday"), "time_invalid: created_at yesterday"),
        ("referral_rewards", reward(1, "approved", createdAt="0001-01-01T00:00:00+14:00"), "time_invalid"),
        ("referral_rewards", reward(1, "approved", createdAt="9999-12-31T23:59:59-05:00"), "time_invalid"),
        ("referral_rewards", reward(1, "approved", createdAt=10**30), "time_invalid"),
        ("referral_rewards", reward(1, "approved", createdAt="9999-01-01T00:00:00Z"),
         "time_invalid: created_at 9999-01-01T00:00:00Z is not of the years 1990 to 9998"),
        ("settlements", settlement(1, "pending", scheduledFor="1989-12-31T23:59:59Z"),
         "time_invalid: scheduled_for 1989-12-31T23:59:59Z is not of the years 1990 to 9998"),
        ("referral_rewards", reward(1, "minted"), "tx_hash_missing"),
        ("referral_rewards", reward(1, "minting"), "chain_unknown"),
        ("referral_rewards", reward(1, "failed", failureReason="Already paid"), "chain_unknown"),
        ("settlements", settlement(1, "pending", netPayout=355), "amounts_do_not_add_up"),
        ("settlements", settlement(1, "pending", amount="NaN"), "number_invalid"),
        ("settlements", settlement(1, "pending", currency="hryvnia"), "currency_invalid"),
        ("settlements", settlement(1, "pending", currency="BTC"), "currency_invalid"),
        ("settlements", settlement(1, "pending", currency="JPY"), "amount_inexact"),
        ("settlements", settlement(1, "pending", amount="10000000000000000.00"), "amount_too_large"),
        ("settlements", settlement(1, "pending", amountMinor="9" * 19), "amount_inexact"),
        ("settlements", settlement(1, "pending", metadata=with_items({})), "breakdown_inconsistent"),
        ("settlements", settlement(1, "pending", metadata=with_items({"source": "env", "amount": "0.001"})),
         "amount_inexact"),
        ("referral_rewards", reward(1, "approved", rewardAmountWei=str(10**60 + 1)), "amount_inexact"),
        ("referral_rewards", reward(1, "approved", currency="BTC"), "currency_invalid"),
        ("settlements", settlement(1, "pending", vendorId=None), "vendor_id_missing"),
        ("settlements", settlement(1, "gone"), "status_unknown"),
        ("settlements", settlement(1, "pending", commission="20", netPayout="460"), "breakdown_inconsistent"),
        ("erp_sales_assists", assist(1, referralCode="nobodys"), "referrer_unknown"),
    ],
)  # fmt: skip
def test_inexact_row_is_refused_with_its_reason(
    make_portal: MakePortal, ring: Ring, tmp_path: Path, table: str, row: dict[str, Any], reason: str
) -> None:
    ring.documents(table, row)
    before = rows()
    report = tmp_path / "report.json"
    result = invoke(make_portal(), "import-ring", ring.url, "--report", str(report))
    assert result.exit_code == 2, result.output
    result_of_table = next(each for each in json.loads(report.read_text()) if each["table"] == table)
    (refused,) = result_of_table["refused"]
    assert refused["reason"].startswith(reason)
    assert (":" in reason) or refused["reason"].partition(":")[0] == reason
    assert refused["row"] in result.output
    assert rows() == before


def test_report_that_cannot_be_written_is_named(make_portal: MakePortal, ring: Ring) -> None:
    result = invoke(make_portal(), "import-ring", ring.url, "--report", "/nowhere/report.json")
    assert result.exit_code == 1
    assert "Error: /nowhere/report.json cannot be written: No such file" in result.output


def test_refused_row_does_not_affect_others(make_portal: MakePortal, ring: Ring) -> None:
    bad, good = (
        code(code="zzzzzzzz", walletAddress="none"),
        code(code="abcdefgh", userId="ring-8", walletAddress=OTHER),
    )
    ring.documents("refcodes", code(), bad, good)
    result = invoke(make_portal(), "import-ring", ring.url)
    assert result.exit_code == 2
    assert {row.code for row in Refcode.select()} == {"q7RmK2xd", "abcdefgh"}
    assert User.select().count() == 2


def test_existing_user_is_matched_by_wallet_and_never_by_email(make_portal: MakePortal, ring: Ring) -> None:
    person, other_user = make_user(), make_user(email="o@ring.example")
    Wallet.insert(address=WALLET, user=person.id).execute()
    ring.documents("refcodes", code(email="o@ring.example"), code(code="abcdefgh", walletAddress=OTHER))
    assert invoke(make_portal(), "import-ring", ring.url).exit_code == 0
    assert {row.owner_user_id for row in Refcode.select()} == {person.id}
    assert {row.address for row in Wallet.select().where(Wallet.user == person.id)} == {WALLET, OTHER}
    assert not Wallet.select().where(Wallet.user == other_user.id).exists()


def test_code_of_another_owner_is_not_taken_over(make_portal: MakePortal, ring: Ring) -> None:
    mine = make_code(make_user(), code="q7RmK2xd")
    ring.documents("refcodes", code())
    result = invoke(make_portal(), "import-ring", ring.url)
    assert (result.exit_code, "code_taken" in result.output) == (2, True)
    assert Refcode.get().owner_user_id == mine.owner_user_id


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


def test_own_database_is_refused_as_source(make_portal: MakePortal, database: str) -> None:
    result = invoke(make_portal(), "import-ring", database)
    assert (result.exit_code, "own database" in result.output) == (1, True)
    result = invoke(make_portal(), "import-ring", "postgresql://nobody:x@127.0.0.1:1/none")
    assert (result.exit_code, "cannot be reached" in result.output) == (1, True)


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


# ---------------------------------------------------------------------- with a chain


@pytest.fixture
def pay(chain: LocalChain) -> Callable[[int, str, int], None]:
    """Pay a reference on the chain as the old system's minter did."""

    def send(number: int, wallet: str, amount: int) -> None:
        reference = f"store_o{number}_1700000000000"
        ref = bytes.fromhex(order_ref(reference)[2:])
        calldata = encode_call("payReferral(address,uint256,bytes32)", wallet, amount, ref)
        _send(chain, calldata)

    return send


def _send(chain: LocalChain, data: bytes) -> None:
    operator = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
    sent = chain.call(
        "eth_sendTransaction", {"from": operator, "to": chain.rewards_address, "data": "0x" + data.hex()}
    )
    while (receipt := chain.call("eth_getTransactionReceipt", sent)) is None:
        time.sleep(0.01)
    assert receipt["status"] == "0x1"


def test_chain_decides_the_status_of_a_mint(
    make_portal: MakePortal, ring: Ring, on_chain: dict[str, Any], pay: Callable[[int, str, int], None]
) -> None:
    ring.documents("refcodes", code())
    ring.documents(
        "referral_rewards", reward(1, "minting"), reward(2, "minting"),
        reward(3, "failed", failureReason="Already paid"), reward(4, "failed", failureReason="reverted"),
        reward(5, "approved"), reward(6, "minted", txHash=TX),
    )  # fmt: skip
    pay(2, WALLET, 7)
    pay(3, WALLET, 6 * 10**18 + 3)
    app = make_portal(**on_chain)
    result = invoke(app, "import-ring", ring.url)
    assert result.exit_code == 0, result.output
    rewards = {row.order_id: row for row in ReferralReward.select()}
    assert {name: row.status for name, row in rewards.items()} == {
        "o1": "approved", "o2": "minted", "o3": "minted", "o4": "failed", "o5": "approved", "o6": "minted",
    }  # fmt: skip
    # The amounts are those of the contract's events, not those that the old system stored.
    assert (rewards["o2"].reward_amount_wei, rewards["o3"].reward_amount_wei) == (7, 6 * 10**18 + 3)
    assert rewards["o2"].tx_hash != rewards["o3"].tx_hash
    assert "minted_not_on_chain" in result.output
    portal = app.extensions["portal"]
    for number in (1, 2, 3, 4, 5):
        audit = audit_reference(f"store_o{number}_1700000000000", portal.chain, portal.settings)
        assert [difference.code for difference in audit.differences] == []
    assert run_checks() == {}


@pytest.mark.parametrize(
    ("limit", "statuses"),
    [("0", ["approved"] * 3), ("10", ["pending_approval", "approved", "pending_approval"])],
)
def test_imported_approvals_wait_for_two_admins_above_the_limit(
    make_portal: MakePortal, ring: Ring, limit: str, statuses: list[str]
) -> None:
    ring.documents("refcodes", code())
    ring.documents(
        "referral_rewards",
        reward(1, "approved", usdValue=10, approvedAt=1_700_000_000_500),
        reward(2, "approved", usdValue=9.99),
        reward(3, "approved", usdValue=None),
    )
    result = invoke(make_portal(referral_second_approval_usd=Decimal(limit)), "import-ring", ring.url)
    assert result.exit_code == 0, result.output
    rewards = list(ReferralReward.select().order_by(ReferralReward.order_id))
    assert [row.status for row in rewards] == statuses
    assert (rewards[0].approved_at is None) == (statuses[0] == "pending_approval")
    assert ("needs_second_approval" in result.output) == ("pending_approval" in statuses)
