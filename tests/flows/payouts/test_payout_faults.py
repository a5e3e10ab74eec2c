"""Faults of payouts on chain: each ends with every vendor paid once and the ledger equal to the chain."""

from __future__ import annotations

from typing import Any

import pytest

from models import ChainTransaction, EventLog, ForeignPayment, Installation, Payout
from portal.chain.contract.abi import encode_call
from portal.commissions import retry_batch
from portal.commissions.payout_references import payout_order_ref
from portal.db import query
from portal.flows.payouts.adopt_payment import adopt_payment, list_unknown_payments
from tests.factories import ACTOR
from tests.flows.payouts.bank import (
    OTHER,
    TOKEN,
    TREASURY,
    Bank,
    Killed,
    age_audit,
    backup,
    fail_at,
    fresh,
    fund,
    make_due,
    pay_as_operator,
    restore,
)

SHARE = 750 * TOKEN // 40


@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_database_restored_around_a_payout_pays_it_once(bank: Bank, moment: str) -> None:
    vendors = [bank.vendor() for _ in range(2)]
    rows = [make_due(vendor) for vendor, _ in vendors]
    if moment == "before":
        backup()
        bank.finish()
    elif moment == "during":
        fail_at("batch_opened")
        with pytest.raises(Killed):
            bank.run()
        backup()
        bank.finish()
    else:
        bank.finish()
        backup()
    restore()
    age_audit()
    later = make_due(vendors[0][0])
    bank.finish()
    bank.finish()
    assert {fresh(row).status for row in [*rows, later]} == {"completed"}
    assert [bank.balance(wallet) for _, wallet in vendors] == [2 * SHARE, SHARE]
    bank.assert_ledger_equals_chain()


def test_copy_with_the_same_key_pays_nothing_again(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    first = make_due(vendor)
    backup()
    bank.finish()
    restore()
    # The copy audited a moment ago, and another settlement is due in it: its payout has another reference.
    second = make_due(vendor)
    bank.finish()
    bank.finish()
    assert bank.balance(wallet) == 2 * SHARE
    assert fresh(first).status == fresh(second).status == "completed"
    bank.assert_ledger_equals_chain()


def test_unknown_payment_stops_payouts_until_it_is_adopted(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    tx_hash = pay_as_operator(bank, wallet, SHARE, "0x" + "ab" * 32)
    bank.chain.mine(70)
    row, other = make_due(vendor), make_due(vendor, 200_000)
    assert bank.run().waiting_reason == "treasury_history_unknown"
    ((unknown),) = list_unknown_payments(bank.settings)
    assert (unknown.row.tx_hash, unknown.tokens * TOKEN) == (tx_hash, SHARE)  # type: ignore[operator]
    assert {suggested.id for suggested in unknown.settlements} <= {row.id, other.id}
    adopt_payment(bank.without_key(), unknown.row.id, [row.id], ACTOR)
    assert (fresh(row).status, fresh(row).transaction_id) == ("completed", tx_hash)
    assert EventLog.select().where(EventLog.event == "foreign_payment_adopted").count() == 1
    bank.finish()
    assert fresh(other).status == "completed"
    assert bank.balance(wallet) == 3 * SHARE
    bank.assert_ledger_equals_chain()


def test_unfinal_payment_of_a_copy_stops_the_next_send(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    ref = payout_order_ref(Installation.get().id, [row.id])
    pay_as_operator(bank, wallet, SHARE, ref)
    for _ in range(3):
        bank.run()
        bank.chain.mine(70)
    assert fresh(row).status == "completed"
    assert bank.balance(wallet) == SHARE
    bank.assert_ledger_equals_chain()


def test_reference_paid_to_another_wallet_fails_and_is_in_no_batch_retry(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    fail_at("payout_committed")
    with pytest.raises(Killed):
        bank.run()
    pay_as_operator(bank, OTHER, 1, Payout.get().order_ref)
    bank.chain.mine(70)
    bank.finish()
    assert (fresh(row).status, fresh(row).failure_reason) == ("failed", "payout_paid_differently")
    assert retry_batch(fresh(row).payout_batch_id, ACTOR) == 0
    assert bank.balance(wallet) == 0


def test_two_installations_never_share_a_reference() -> None:
    assert payout_order_ref("a", [2, 1]) == payout_order_ref("a", [1, 2])
    assert payout_order_ref("a", [1, 2]) != payout_order_ref("b", [1, 2])
    assert payout_order_ref("a", [1, 2]) != payout_order_ref("a", [12])


def test_reorganisation_removes_a_payment_of_a_copy(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    backup()
    snapshot = bank.chain.call("evm_snapshot")
    bank.finish()
    restore()
    age_audit()
    bank.run()
    assert fresh(row).status == "completed"
    assert ForeignPayment.get().payout_id == Payout.get().id
    bank.chain.call("evm_revert", snapshot)
    bank.chain.mine(200)
    age_audit()
    bank.run()
    bank.finish()
    assert fresh(row).status == "completed"
    assert bank.balance(wallet) == SHARE
    bank.assert_ledger_equals_chain()


def test_plain_transfer_from_before_still_settles(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row, waiting = make_due(vendor), None
    sign_plain_transfer(bank, wallet)
    waiting = make_due(vendor)
    for _ in range(3):
        bank.run()
        bank.chain.mine(70)
    assert fresh(row).status == fresh(waiting).status == "completed"
    assert bank.balance(wallet) == 2 * SHARE
    bank.assert_ledger_equals_chain()


def sign_plain_transfer(bank: Bank, wallet: str) -> dict[str, Any]:
    """Leave the open payout as a version before the contract did: its plain transfer is sent and not final."""
    fund(bank, SHARE, TREASURY)
    fail_at("payout_committed")
    with pytest.raises(Killed):
        bank.run()
    tx_hash = bank.transact(TREASURY, encode_call("transfer(address,uint256)", wallet, SHARE))
    query("UPDATE payouts SET order_ref = NULL, contract_address = NULL")
    query("UPDATE chain_transaction_items SET order_ref = NULL")
    query("UPDATE chain_transactions SET to_address = %s", [bank.chain.token_address])
    query("UPDATE chain_attempts SET tx_hash = %s", [tx_hash])
    return {"tx_hash": tx_hash}


def test_superseded_transfer_fails_after_ten_minutes_only(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    sign_plain_transfer(bank, wallet)
    query("UPDATE chain_attempts SET tx_hash = %s", ["0x" + "cd" * 32])
    bank.chain.mine(70)
    bank.run()
    bank.run()
    assert fresh(row).status == "processing"
    query("UPDATE chain_transactions SET superseded_seen_at = now() - interval '10 minutes'")
    bank.run()
    assert (fresh(row).status, fresh(row).failure_reason) == ("failed", "payout_superseded")
    assert retry_batch(fresh(row).payout_batch_id, ACTOR) == 0
    assert ChainTransaction.get().status == "superseded"
