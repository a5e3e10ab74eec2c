"""Paying vendors on a real chain: converted at a recorded rate, sent once, completed when final."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from models import ChainTransaction, ExchangeRate, Payout, PayoutBatch, Settlement, Vendor
from portal.chain import Token, Treasury, open_treasury
from portal.chain.contract.abi import encode_call
from portal.chain.sending import failpoints as labels
from portal.commissions import hold_settlement, retry_settlement
from portal.db import query
from portal.db.checks import run_checks
from portal.flows.payouts.pay_settlements import PayoutReport, request_payouts, review_payouts, run_payouts
from portal.settings import Settings
from tests.factories import ACTOR, make_settlement, make_vendor
from tests.flows.conftest import settings_with
from tests.support.chains import LocalChain
from tests.support.killed_payouts import run_payouts_and_die
from tests.support.rate_bank import open_rate_bank
from tests.support.refusing_token import deploy_refusing_token, refuse

# anvil's published development key of the third account.
TREASURY_KEY = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"
TREASURY = "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc"
OTHER = "0x90f79bf6eb2c4f870365e785982e1f101e93b906"
TOKEN = 10**18
DOLLAR = 10**6
PAST = datetime.now(UTC) - timedelta(days=1)
_wallets = itertools.count(0xABC000)


class Killed(BaseException):
    """Simulated death of the process; no handler catches it."""


@dataclass
class Bank:
    """A database, a chain, and a treasury that holds tokens."""

    chain: LocalChain
    settings: Settings
    environment: dict[str, Any]

    @property
    def token(self) -> Token:
        return Token(str(self.settings.settlement_payout_token_address))

    def node(self) -> Any:
        treasury = open_treasury(self.settings)
        assert isinstance(treasury, Treasury)
        return treasury.chain.node()

    def balance(self, wallet: str) -> int:
        return self.token.balance(self.node(), wallet)

    def vendor(self, **values: Any) -> tuple[Vendor, str]:
        wallet = f"0x{next(_wallets):040x}"
        return make_vendor(config_payout_wallet=wallet, **values), wallet

    def run(self) -> PayoutReport:
        return run_payouts(self.settings, ACTOR)

    def finish(self) -> PayoutReport:
        """Run and mine until no batch is processing."""
        for _ in range(8):
            report = self.run()
            self.chain.mine(70)
            if not PayoutBatch.select().where(PayoutBatch.status == "processing").exists():
                return report
        raise AssertionError(f"payouts did not finish: {report}")

    def transact(self, sender: str, data: bytes) -> None:
        self.chain.transact(**{"from": sender, "to": self.chain.token_address, "data": "0x" + data.hex()})


@pytest.fixture
def bank(database: str, chain: LocalChain) -> Iterator[Bank]:
    environment = {
        "database_url": database,
        "settlement_payout_mode": "onchain",
        "settlement_payout_private_key": TREASURY_KEY,
        "settlement_payout_token_address": chain.token_address,
        "polygon_rpc_url": chain.rpc_url,
        "referral_chain_id": chain.chain_id,
        "referral_tip_gwei": 1,
    }
    bank = Bank(chain, settings_with(**environment), environment)
    fund(bank, 1000 * TOKEN)
    chain.mine(70)
    try:
        yield bank
    finally:
        labels.listen(None)
    assert {name for name in run_checks() if "payout" in name or "settlement" in name} == set()


def use_dollars(bank: Bank) -> str:
    """Pay with a dollar token of six decimals that can refuse recipients; return its address."""
    token = deploy_refusing_token(bank.chain, TREASURY, 10**6 * DOLLAR)
    bank.settings = bank.settings.model_copy(update={"settlement_payout_token_address": token})
    bank.chain.mine(70)
    return token


def fund(bank: Bank, amount: int) -> None:
    """Mint tokens to the treasury from the account with the minter role."""
    minter = bank.chain.rewards_address
    bank.chain.call("anvil_setBalance", minter, hex(10**18))
    bank.chain.call("anvil_impersonateAccount", minter)
    bank.transact(minter, encode_call("mint(address,uint256)", TREASURY, amount))
    bank.chain.call("anvil_stopImpersonatingAccount", minter)


def make_due(vendor: Vendor, amount: int = 100_000, **values: Any) -> Settlement:
    return make_settlement(vendor, amount, **{"scheduled_for": PAST, **values})


def fresh(row: Settlement) -> Settlement:
    return Settlement.get_by_id(row.id)


def fail_at(label: str) -> None:
    def fail(passed: str) -> None:
        if passed == label:
            labels.listen(None)
            raise Killed

    labels.listen(fail)


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
    bank.finish()
    assert fresh(row).status == "completed"
    assert bank.balance(wallet) == 0
    assert not ChainTransaction.select().exists()


# ---------------------------------------------------------------------- waiting


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
    bank.settings = bank.settings.model_copy(update={"settlement_payout_token_address": OTHER})
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
    assert ChainTransaction.select().count() == 3
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
    assert ChainTransaction.select().where(ChainTransaction.purpose == "payout").count() == 3


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
    assert ChainTransaction.select().count() == 2


def test_superseded_nonce_fails_the_payout_until_retried(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    fail_at("payout_committed")
    with pytest.raises(Killed):
        bank.run()
    bank.transact(TREASURY, encode_call("transfer(address,uint256)", OTHER, 1))
    bank.finish()
    assert (fresh(row).status, fresh(row).failure_reason) == ("failed", "payout_superseded")
    assert bank.balance(wallet) == 0
    retry_settlement(row.id, ACTOR)
    bank.finish()
    assert fresh(row).status == "completed"
    assert bank.balance(wallet) == 750 * TOKEN // 40


def test_reverted_transfer_fails_with_the_reason(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    fail_at("payout_committed")
    with pytest.raises(Killed):
        bank.run()
    drain(bank, bank.balance(TREASURY))
    bank.finish()
    assert (fresh(row).status, fresh(row).failure_reason) == ("failed", "payout_reverted")
    assert bank.balance(wallet) == 0
    assert Payout.get().transaction_id is not None


def drain(bank: Bank, amount: int) -> None:
    """Take the treasury's tokens through an allowance and restore its nonce."""
    nonce = bank.chain.call("eth_getTransactionCount", TREASURY, "latest")
    bank.transact(TREASURY, encode_call("approve(address,uint256)", OTHER, amount))
    bank.transact(OTHER, encode_call("transferFrom(address,address,uint256)", TREASURY, OTHER, amount))
    bank.chain.call("anvil_setNonce", TREASURY, nonce)


def test_reorganisation_reopens_and_repays_a_payout_once(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    snapshot = bank.chain.call("evm_snapshot")
    bank.finish()
    assert fresh(row).status == "completed"
    bank.chain.call("evm_revert", snapshot)
    assert bank.balance(wallet) == 0
    bank.run()
    assert fresh(row).status == "processing"
    assert PayoutBatch.get().status == "processing"
    bank.finish()
    assert fresh(row).status == "completed"
    assert bank.balance(wallet) == 750 * TOKEN // 40
    assert ChainTransaction.select().count() == 1
