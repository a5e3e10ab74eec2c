"""`flask import-ring` refuses a row with its reason, and an unusable source or report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models import Refcode, User
from tests.cli.conftest import MakePortal, invoke
from tests.cli.import_ring.conftest import (
    OTHER,
    WRONG_CHECKSUM,
    Ring,
    assist,
    code,
    reward,
    rows,
    settlement,
    with_items,
    with_split,
)
from tests.factories import make_code, make_user

# Table -> rows and the reason why each is refused.
REFUSED: dict[str, list[tuple[dict[str, Any], str]]] = {
    "refcodes": [
        (code(walletAddress="0x12"), "wallet_invalid"),
        (code(walletAddress=f"0x{0xDEAD:040x}"), "wallet_invalid"),
        (code(walletAddress=WRONG_CHECKSUM), f"address_checksum_wrong: wallet_address {WRONG_CHECKSUM}"),
        (code(walletAddress=None, wallet=WRONG_CHECKSUM), f"address_checksum_wrong: wallet {WRONG_CHECKSUM}"),
        (code(code=None), "code_missing"),
        (code(code="x" * 65), "code_invalid"),
        *((code(code=each), "code_invalid") for each in ("a/b", "..", "a?b", "a%2Fb", "a b", "код", "a#b")),
    ],
    "referral_rewards": [
        (reward(1, "approved", orderReference=None), "order_reference_missing"),
        (reward(1, "approved", referrerWallet=WRONG_CHECKSUM),
         f"address_checksum_wrong: referrer_wallet {WRONG_CHECKSUM}"),
        (reward(1, "sent"), "status_unknown"),
        (reward(1, "approved", orderTotal="480.001"), "amount_inexact"),
        (reward(1, "approved", rewardAmountWei="1.5"), "amount_inexact"),
        (reward(1, "approved", rewardAmountWei=None), "reward_amount_missing"),
        (reward(1, "approved", rewardPercent="NaN"), "number_invalid: reward_percent NaN"),
        (reward(1, "approved", createdAt="yesterday"), "time_invalid: created_at yesterday"),
        (reward(1, "approved", createdAt="0001-01-01T00:00:00+14:00"), "time_invalid"),
        (reward(1, "approved", createdAt="9999-12-31T23:59:59-05:00"), "time_invalid"),
        (reward(1, "approved", createdAt=10**30), "time_invalid"),
        (reward(1, "approved", createdAt="9999-01-01T00:00:00Z"),
         "time_invalid: created_at 9999-01-01T00:00:00Z is not of the years 1990 to 9998"),
        (reward(1, "minted"), "tx_hash_missing"),
        (reward(1, "minting"), "chain_unknown"),
        (reward(1, "failed", failureReason="Already paid"), "chain_unknown"),
        (reward(1, "approved", rewardAmountWei=str(10**60 + 1)), "amount_inexact"),
        (reward(1, "approved", currency="BTC"), "currency_invalid"),
    ],
    "settlements": [
        (settlement(1, "pending", metadata=with_split(WRONG_CHECKSUM)),
         f"address_checksum_wrong: customSplits.recipientId {WRONG_CHECKSUM}"),
        (settlement(1, "pending", metadata=with_split("0x12345678901234567890123456789012345678zz")),
         "wallet_invalid: customSplits.recipientId 0x12345678901234567890123456789012345678zz"),
        (settlement(1, "pending", scheduledFor="1989-12-31T23:59:59Z"),
         "time_invalid: scheduled_for 1989-12-31T23:59:59Z is not of the years 1990 to 9998"),
        (settlement(1, "pending", netPayout=355), "amounts_do_not_add_up"),
        (settlement(1, "pending", amount="NaN"), "number_invalid"),
        (settlement(1, "pending", currency="hryvnia"), "currency_invalid"),
        (settlement(1, "pending", currency="BTC"), "currency_invalid"),
        (settlement(1, "pending", currency="JPY"), "amount_inexact"),
        (settlement(1, "pending", amount="10000000000000000.00"), "amount_too_large"),
        (settlement(1, "pending", amountMinor="9" * 19), "amount_inexact"),
        (settlement(1, "pending", metadata=with_items({})), "breakdown_inconsistent"),
        (settlement(1, "pending", metadata=with_items({"source": "env", "amount": "0.001"})), "amount_inexact"),
        (settlement(1, "pending", vendorId=None), "vendor_id_missing"),
        (settlement(1, "gone"), "status_unknown"),
        (settlement(1, "pending", commission="20", netPayout="460"), "breakdown_inconsistent"),
    ],
    "erp_sales_assists": [
        (assist(1, referralCode="nobodys"), "referrer_unknown"),
    ],
}  # fmt: skip


def test_inexact_rows_are_refused_with_their_reasons(
    make_portal: MakePortal, ring: Ring, tmp_path: Path
) -> None:
    for table, refused in REFUSED.items():
        ring.documents(table, *(row for row, _ in refused))
    before = rows()
    report = tmp_path / "report.json"
    result = invoke(make_portal(), "import-ring", ring.url, "--report", str(report))
    assert result.exit_code == 2, result.output
    for found in json.loads(report.read_text()):
        expected = [reason for _, reason in REFUSED[found["table"]]]
        for refused, reason in zip(found["refused"], expected, strict=True):
            assert refused["reason"].startswith(reason)
            assert ":" in reason or refused["reason"].partition(":")[0] == reason
        assert f"refused {found['refused'][0]['row']}: {expected[0]}" in result.output
    assert rows() == before


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


def test_code_of_another_owner_is_not_taken_over(make_portal: MakePortal, ring: Ring) -> None:
    mine = make_code(make_user(), code="q7RmK2xd")
    ring.documents("refcodes", code())
    result = invoke(make_portal(), "import-ring", ring.url)
    assert (result.exit_code, "code_taken" in result.output) == (2, True)
    assert Refcode.get().owner_user_id == mine.owner_user_id


def test_own_database_is_refused_as_source(make_portal: MakePortal, database: str) -> None:
    result = invoke(make_portal(), "import-ring", database)
    assert (result.exit_code, "own database" in result.output) == (1, True)
    result = invoke(make_portal(), "import-ring", "postgresql://nobody:x@127.0.0.1:1/none")
    assert (result.exit_code, "cannot be reached" in result.output) == (1, True)


def test_report_that_cannot_be_written_is_named(make_portal: MakePortal, ring: Ring) -> None:
    result = invoke(make_portal(), "import-ring", ring.url, "--report", "/nowhere/report.json")
    assert result.exit_code == 1
    assert "Error: /nowhere/report.json cannot be written: No such file" in result.output
