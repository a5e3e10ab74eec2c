"""A payment matched to settlements completes them only if wallet, amount and token are what they were owed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import MerchantConfig, Payout, ReserveRelease, Vendor
from portal.chain.state import count_alerts
from portal.commissions import release_reserve
from portal.commissions.payout_references import installation_id, payout_order_ref
from portal.flows.payouts.adopt_payment import adopt_payment, list_unknown_payments
from tests.factories import ACTOR
from tests.flows.payouts.bank import (
    OTHER,
    TOKEN,
    Bank,
    Killed,
    administer,
    age_audit,
    backup,
    fail_at,
    fresh,
    make_due,
    pay_as_operator,
    restore,
)
from tests.support.rate_bank import open_rate_bank
from tests.support.refusing_token import deploy_refusing_token

SHARE = 750 * TOKEN // 40


@pytest.mark.parametrize("amount", [1, SHARE - 1, SHARE + 1])
@pytest.mark.parametrize("is_open", [False, True], ids=["pending", "batch_open"])
def test_other_amount_waits_for_an_admin(bank: Bank, amount: int, is_open: bool) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    if is_open:
        fail_at("batch_opened")
        with pytest.raises(Killed):
            bank.run()
    tx_hash = pay_as_operator(bank, wallet, amount, payout_order_ref(installation_id(), [row.id]))
    bank.chain.mine(70)
    age_audit()
    for _ in range(2):
        assert bank.run().waiting_reason == "treasury_history_unknown"
    assert fresh(row).status == ("processing" if is_open else "pending")
    assert not Payout.select().where(Payout.status == "completed").exists()
    assert count_alerts() == {"payout_unknown": 1}
    ((unknown),) = list_unknown_payments(bank.settings)
    adopt_payment(bank.settings, unknown.row.id, [row.id], ACTOR)
    assert (fresh(row).status, fresh(row).transaction_id) == ("completed", tx_hash)
    bank.finish()
    assert bank.balance(wallet) == amount
    bank.assert_ledger_equals_chain()


def test_other_wallet_or_token_waits_for_an_admin(bank: Bank) -> None:
    (first, _), (second, wallet) = bank.vendor(), bank.vendor()
    rows = [make_due(first), make_due(second)]
    refs = [payout_order_ref(installation_id(), [row.id]) for row in rows]
    pay_as_operator(bank, OTHER, SHARE, refs[0])
    token = deploy_refusing_token(bank.chain, bank.contract_address, SHARE)
    administer(bank, "pause()")
    administer(bank, "setRewardToken(address)", token)
    administer(bank, "unpause()")
    pay_as_operator(bank, wallet, SHARE, refs[1])
    administer(bank, "pause()")
    administer(bank, "setRewardToken(address)", bank.token.address)
    administer(bank, "unpause()")
    bank.chain.mine(70)
    age_audit()
    assert bank.run().waiting_reason == "treasury_history_unknown"
    assert {fresh(row).status for row in rows} == {"pending"}
    assert len(list_unknown_payments(bank.settings)) == 2


def test_payment_in_another_token_does_not_complete_its_payout(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    token = deploy_refusing_token(bank.chain, bank.contract_address, SHARE)
    fail_at("payout_committed")
    with pytest.raises(Killed):
        bank.run()
    administer(bank, "pause()")
    administer(bank, "setRewardToken(address)", token)
    administer(bank, "unpause()")
    for _ in range(3):
        bank.run()
        bank.chain.mine(70)
    assert bank.balance(wallet) == 0
    assert (fresh(row).status, fresh(row).failure_reason) == ("failed", "payout_paid_differently")


@pytest.mark.parametrize("is_matched", [True, False], ids=["matched", "adopted"])
def test_released_reserve_of_a_lost_payout_is_not_paid_again(bank: Bank, is_matched: bool) -> None:
    vendor, first_wallet = bank.vendor(config_reserve_percent=Decimal(20))
    make_due(vendor)
    bank.finish()
    release_reserve(vendor.id, "UAH", "150", "the return period is over", ACTOR, key=None)
    row = make_due(vendor)
    if not is_matched:
        set_wallet(vendor, OTHER)
    backup()
    bank.finish()
    restore()
    age_audit()
    if not is_matched:
        # The lost payout went to a wallet that the restored database does not know.
        set_wallet(vendor, first_wallet)
        assert bank.run().waiting_reason == "treasury_history_unknown"
        ((unknown),) = list_unknown_payments(bank.settings)
        adopt_payment(bank.settings, unknown.row.id, [row.id], ACTOR)
    bank.finish()
    bank.finish()
    assert fresh(row).status == "completed"
    assert bank.balance(first_wallet) + bank.balance(OTHER) == SHARE * 8 // 10 * 2 + SHARE * 2 // 10
    assert not ReserveRelease.select().where(ReserveRelease.payout_id.is_null()).exists()
    bank.assert_ledger_equals_chain()


def set_wallet(vendor: Vendor, wallet: str) -> None:
    MerchantConfig.update(payout_wallet=wallet).where(MerchantConfig.vendor == vendor.id).execute()


def test_payment_is_compared_at_the_rate_of_its_day(bank: Bank) -> None:
    vendor, wallet = bank.vendor()
    row = make_due(vendor)
    with open_rate_bank() as national_bank:
        bank.change(referral_rate_source="nbu", nbu_rate_url=national_bank.url)
        backup()
        bank.finish()
        paid = bank.balance(wallet)
        restore()
        age_audit()
        national_bank.broken = True
        assert bank.run().waiting_reason == "history_unread"
        assert fresh(row).status == "pending"
        national_bank.broken = False
        bank.finish()
    assert fresh(row).status == "completed"
    assert bank.balance(wallet) == paid > 0
    bank.assert_ledger_equals_chain()
