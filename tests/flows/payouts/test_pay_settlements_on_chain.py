"""Paying vendors on a real chain: converted at a recorded rate, sent once, completed when final."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from models import ChainTransaction, ExchangeRate, Payout, PayoutBatch
from portal.chain.contract.abi import encode_call
from portal.chain.sending import failpoints as labels
from portal.chain.sending.operations import Waiting
from portal.commissions import hold_settlement, retry_settlement
from portal.db import query
from portal.flows.payouts.pay_settlements import request_payouts, review_payouts, run_payouts
from portal.flows.payouts.watch_treasury import watch_treasury
from tests.factories import ACTOR, make_vendor
from tests.flows.payouts.bank import (
    DOLLAR,
    OTHER,
    TOKEN,
    TREASURY,
    Bank,
    Killed,
    fail_at,
    fresh,
    fund,
    make_due,
    use_dollars,
)
from tests.support.killed_payouts import run_payouts_and_die
from tests.support.rate_bank import open_rate_bank
from tests.support.refusing_token import refuse

# ---------------------------------------------------------------------- paying


def test_hryvnias_are_converted_at_the_recorded_rate(bank: Bank) -> None:
    first, wallet = bank.vendor()
    second, dollar_wallet = bank.vendor()
    row, dollar_row = make_due(first), make_due(second, currency="USD", amount=10_000)
    report = bank.run()
    assert (report.completed, report.under_way, report.waiting_reason) == (0, 2, None)
    assert fresh(row).status == "processing"
    bank.finish()
    assert bank.balance(wallet) == 750 * TOKEN // 40
    assert bank.balance(dollar_wallet) == 75 * TOKEN
    paid = Payout.get(Payout.vendor == first.id)
    assert (paid.units_per_usd, paid.rate_source, paid.token_decimals) == (40, "setting", 18)
    assert fresh(row).status == fresh(dollar_row).status == "completed"
    assert fresh(row).transaction_id == paid.transaction_id
    metadata = fresh(row).metadata
    assert metadata["payout"]["unitsPerUsd"] == "40"
    assert metadata["payout"]["amountWei"] == str(750 * TOKEN // 40)
    assert "commissionBreakdown" in metadata
    assert "simulated" not in metadata
    assert [batch.status for batch in PayoutBatch.select()] == ["completed"]


def test_daily_rate_is_recorded_and_pays_in_a_six_decimal_token(bank: Bank) -> None:
    use_dollars(bank)
    first, wallet = bank.vendor()
    second, dollar_wallet = bank.vendor()
    row, dollar_row = make_due(first), make_due(second, currency="USD", amount=10_000)
    with open_rate_bank() as national_bank:
        bank.settings = bank.settings.model_copy(
            update={"referral_rate_source": "nbu", "nbu_rate_url": national_bank.url}
        )
        before = datetime.now(UTC)
        bank.run()
        # The payout uses the rate recorded with its batch, not a later one.
        ExchangeRate.update(units_per_usd=Decimal(99)).execute()
        bank.finish()
    # 750 hryvnias at 41.25 are 18.181818 dollars, rounded down to six decimals.
    assert bank.balance(wallet) == 18_181_818
    assert bank.balance(dollar_wallet) == 75 * DOLLAR
    paid, dollar_payout = Payout.get(Payout.vendor == first.id), Payout.get(Payout.vendor == second.id)
    assert (paid.units_per_usd, paid.rate_source, paid.token_decimals) == (Decimal("41.25"), "nbu", 6)
    assert before <= paid.rate_at <= datetime.now(UTC)
    assert (dollar_payout.units_per_usd, dollar_payout.rate_source) == (1, "parity")
    stored = fresh(row).metadata["payout"]
    assert (stored["unitsPerUsd"], stored["rateSource"], stored["amountWei"]) == ("41.25", "nbu", "18181818")
    assert stored["rateAt"] == paid.rate_at.isoformat()
    assert fresh(dollar_row).metadata["payout"]["amountWei"] == str(75 * DOLLAR)


def test_settlement_completes_only_when_final(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    bank.run()
    bank.run()
    assert bank.balance(wallet) > 0
    assert fresh(row).status == "processing"
    bank.finish()
    assert fresh(row).status == "completed"


def test_payout_without_wallet_or_rate_fails_and_can_be_retried(bank: Bank) -> None:
    vendor, _ = bank.vendor()
    walletless = make_vendor()
    paid, no_wallet, no_rate = make_due(vendor), make_due(walletless), make_due(vendor, currency="EUR")
    refused = review_payouts(bank.settings).refused
    assert refused == {
        (walletless.id, "UAH"): "payout_wallet_missing",
        (vendor.id, "EUR"): "payout_rate_missing",
    }
    bank.finish()
    assert PayoutBatch.get().status == "partial"
    assert fresh(paid).status == "completed"
    assert (fresh(no_wallet).status, fresh(no_wallet).failure_reason) == ("failed", "payout_wallet_missing")
    assert (fresh(no_rate).status, fresh(no_rate).failure_reason) == ("failed", "payout_rate_missing")
    query("UPDATE merchant_configs SET payout_wallet = %s WHERE vendor_id = %s", [OTHER, walletless.id])
    retry_settlement(no_wallet.id, ACTOR)
    hold_settlement(no_rate.id, "no rate", ACTOR)
    bank.finish()
    assert fresh(no_wallet).status == "completed"
    assert bank.balance(OTHER) == 750 * TOKEN // 40


@pytest.mark.parametrize("payee", ["rewards", "token", "treasury", "precompile", "burn"])
def test_payout_to_an_address_of_the_portal_fails_and_can_be_retried(bank: Bank, payee: str) -> None:
    wallet = {
        "rewards": bank.chain.rewards_address,
        "token": bank.chain.token_address,
        "treasury": TREASURY,
        "precompile": f"0x{9:040x}",
        "burn": f"0x{0xDEAD:040x}",
    }[payee]
    vendor = make_vendor(config_payout_wallet=wallet)
    row = make_due(vendor)
    bank.settings = bank.settings.model_copy(update={"referral_rewards_address": bank.chain.rewards_address})
    assert review_payouts(bank.settings).refused == {(vendor.id, "UAH"): "payout_wallet_refused"}
    before = bank.balance(wallet)
    bank.finish()
    assert (fresh(row).status, fresh(row).failure_reason) == ("failed", "payout_wallet_refused")
    assert bank.balance(wallet) == before
    query("UPDATE merchant_configs SET payout_wallet = %s WHERE vendor_id = %s", [OTHER, vendor.id])
    retry_settlement(row.id, ACTOR)
    bank.finish()
    assert fresh(row).status == "completed"


def test_waiting_payout_to_a_contract_of_the_portal_is_not_sent(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    assert request_payouts(bank.settings, ACTOR, key=None) is not None
    bank.settings = bank.settings.model_copy(update={"referral_reward_token_address": wallet})
    bank.finish()
    assert (fresh(row).status, fresh(row).failure_reason) == ("failed", "payout_wallet_refused")
    assert bank.balance(wallet) == 0


def test_unreadable_rate_keeps_settlements_pending(bank: Bank) -> None:
    vendor, _ = bank.vendor()
    row = make_due(vendor)
    bank.settings = bank.settings.model_copy(
        update={"referral_rate_source": "nbu", "nbu_rate_url": "http://127.0.0.1:9"}
    )
    assert bank.run().batch_ids == ()
    assert fresh(row).status == "pending"
    assert review_payouts(bank.settings).plan.excluded[0].reason == "rate_away"


def test_payout_entirely_in_reserve_sends_no_transaction(bank: Bank) -> None:
    vendor, wallet = bank.vendor(config_reserve_percent=Decimal(100))
    row = make_due(vendor)
    # Nothing is sent to a vendor without a wallet either, in a currency without a rate.
    zero = make_due(make_vendor(), currency="JPY", commission_minor=100_000, net_payout_minor=0)
    assert review_payouts(bank.settings).refused == {}
    bank.finish()
    assert (fresh(row).status, fresh(zero).status) == ("completed", "completed")
    assert bank.balance(wallet) == 0
    assert not ChainTransaction.select().exists()


# ---------------------------------------------------------------------- waiting


def test_payouts_above_the_treasury_do_not_block_smaller_ones(bank: Bank) -> None:
    for _ in range(21):
        make_due(bank.vendor()[0], 10**8 * 10)
    row = make_due(bank.vendor()[0], 10_000)
    for _ in range(3):
        report = bank.run()
        bank.chain.mine(70)
    assert (report.waiting_reason, report.under_way) == ("treasury_empty", 21)
    assert fresh(row).status == "completed"


def test_empty_treasury_waits_until_funded(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor, 10**8 * 10)
    report = bank.run()
    assert (report.waiting_reason, report.under_way) == ("treasury_empty", 1)
    fund(bank, 10**6 * TOKEN)
    bank.finish()
    assert fresh(row).status == "completed"
    assert bank.balance(wallet) == 7_500_000 * TOKEN // 40


def test_unreachable_node_opens_no_batch(bank: Bank) -> None:
    vendor, _ = bank.vendor()
    row = make_due(vendor)
    bank.settings = bank.settings.model_copy(update={"polygon_rpc_url": "http://127.0.0.1:9"})
    assert bank.run().waiting_reason == "chain_away"
    assert fresh(row).status == "pending"
    assert review_payouts(bank.settings).problem == "chain_away"


def test_address_without_a_token_opens_no_batch(bank: Bank) -> None:
    vendor, _ = bank.vendor()
    row = make_due(vendor)
    bank.change(settlement_payout_token_address=OTHER)
    assert bank.run().waiting_reason == "contract_missing"
    assert fresh(row).status == "pending"


def test_refused_recipient_fails_alone_and_can_be_retried(bank: Bank) -> None:
    token = use_dollars(bank)
    vendors = [bank.vendor() for _ in range(3)]
    rows = [make_due(vendor) for vendor, _ in vendors]
    blocked_wallet = vendors[1][1]
    refuse(bank.chain, token, blocked_wallet)
    bank.finish()
    share = 750 * DOLLAR // 40
    assert PayoutBatch.get().status == "partial"
    assert [fresh(row).status for row in rows] == ["completed", "failed", "completed"]
    assert [bank.balance(wallet) for _, wallet in vendors] == [share, 0, share]
    assert "recipient is on the list" in fresh(rows[1]).failure_reason
    retry_settlement(rows[1].id, ACTOR)
    bank.finish()
    assert fresh(rows[1]).status == "failed"
    refuse(bank.chain, token, blocked_wallet, refused=False)
    retry_settlement(rows[1].id, ACTOR)
    bank.finish()
    assert fresh(rows[1]).status == "completed"
    assert [bank.balance(wallet) for _, wallet in vendors] == [share, share, share]
    assert ChainTransaction.select().count() == 2
    batches = PayoutBatch.select().order_by(PayoutBatch.id)
    assert [batch.status for batch in batches] == ["partial", "failed", "completed"]


# ---------------------------------------------------------------------- exactly once


def test_repeated_request_and_job_send_once(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    make_due(vendor)
    batch_ids = request_payouts(bank.settings, ACTOR, key="k")
    bank.run()
    assert request_payouts(bank.settings, ACTOR, key="k") == batch_ids
    bank.run()
    bank.finish()
    assert bank.balance(wallet) == 750 * TOKEN // 40
    assert ChainTransaction.select().count() == 1


@pytest.mark.parametrize(
    "label",
    ["batch_opened", "signed", "payout_committed", "payout_sent", "payout_settling", "payout_settled"],
)
def test_interrupted_run_is_finished_without_paying_twice(bank: Bank, label: str) -> None:
    vendors = [bank.vendor() for _ in range(3)]
    rows = [make_due(vendor) for vendor, _ in vendors]
    fail_at(label)
    with pytest.raises(Killed):
        bank.finish()
    labels.listen(None)
    bank.finish()
    assert {fresh(row).status for row in rows} == {"completed"}
    assert {bank.balance(wallet) for _, wallet in vendors} == {750 * TOKEN // 40}
    assert [batch.status for batch in PayoutBatch.select()] == ["completed"]
    assert ChainTransaction.select().where(ChainTransaction.purpose == "payout").count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("label", ["batch_opened", "payout_committed"])
def test_process_killed_between_opening_and_paying_pays_once(bank: Bank, label: str) -> None:
    vendors = [bank.vendor() for _ in range(2)]
    rows = [make_due(vendor) for vendor, _ in vendors]
    assert run_payouts_and_die(label, **bank.environment)
    assert {fresh(row).status for row in rows} == {"processing"}
    assert {bank.balance(wallet) for _, wallet in vendors} == {0}
    bank.finish()
    bank.finish()
    assert {fresh(row).status for row in rows} == {"completed"}
    assert {bank.balance(wallet) for _, wallet in vendors} == {750 * TOKEN // 40}
    assert [batch.status for batch in PayoutBatch.select()] == ["completed"]
    assert ChainTransaction.select().count() == 1


def test_payout_whose_nonce_another_transaction_used_is_sent_again(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    fail_at("payout_committed")
    with pytest.raises(Killed):
        bank.run()
    bank.transact(TREASURY, encode_call("approve(address,uint256)", OTHER, 1))
    bank.finish()
    assert fresh(row).status == "completed"
    assert bank.balance(wallet) == 750 * TOKEN // 40


def test_reverted_payment_waits_for_tokens_and_is_sent_again(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    fail_at("payout_committed")
    with pytest.raises(Killed):
        bank.run()
    drain(bank)
    for _ in range(3):
        report = bank.run()
        bank.chain.mine(70)
    assert (report.waiting_reason, fresh(row).status) == ("treasury_empty", "processing")
    assert ChainTransaction.get().status == "reverted"
    fund(bank, 1000 * TOKEN)
    bank.finish()
    assert fresh(row).status == "completed"
    assert bank.balance(wallet) == 750 * TOKEN // 40
    bank.assert_ledger_equals_chain()


def test_process_without_the_key_opens_a_batch_that_the_jobs_pay(bank: Bank) -> None:
    row = make_due(bank.vendor()[0])
    web = bank.without_key()
    # Until the jobs report that they have the key, nothing is promised.
    assert review_payouts(web).problem == "not_configured"
    with pytest.raises(Waiting):
        request_payouts(web, ACTOR, key="first")
    assert watch_treasury(web) == ["not_configured"]
    assert review_payouts(web).problem == "not_configured"
    assert watch_treasury(bank.settings) == []
    review = review_payouts(web)
    assert (review.problem, len(review.plan.payouts)) == (None, 1)
    batch_id = request_payouts(web, ACTOR, key="first", promised=review.plan.digest)
    assert run_payouts(web, ACTOR).waiting_reason == "not_configured"
    assert batch_id in bank.finish().batch_ids
    assert fresh(row).status == "completed"


def drain(bank: Bank) -> None:
    """Take the contract's tokens away."""
    contract = bank.contract_address
    bank.chain.call("anvil_setBalance", contract, hex(10**18))
    bank.chain.call("anvil_impersonateAccount", contract)
    bank.transact(contract, encode_call("transfer(address,uint256)", OTHER, bank.balance(contract)))
    bank.chain.call("anvil_stopImpersonatingAccount", contract)


def test_reorganisation_reopens_and_repays_a_payout_once(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    snapshot = bank.chain.call("evm_snapshot")
    bank.finish()
    assert fresh(row).status == "completed"
    bank.chain.call("evm_revert", snapshot)
    bank.chain.mine(2)
    assert bank.balance(wallet) == 0
    bank.run()
    assert fresh(row).status == "processing"
    assert PayoutBatch.get().status == "processing"
    bank.finish()
    assert fresh(row).status == "completed"
    assert bank.balance(wallet) == 750 * TOKEN // 40
    assert ChainTransaction.select().count() == 1
