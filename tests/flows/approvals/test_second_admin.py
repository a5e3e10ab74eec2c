"""Credit, refunds and payout wallets above a limit wait for a second admin, and are carried out once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from peewee import IntegrityError

from models import (
    CreditEntry,
    EventLog,
    MerchantConfig,
    Notification,
    PaymentRefund,
    Proposal,
    ReferralReward,
    User,
    Vendor,
)
from portal.commissions import MerchantTerms, WalletChanged, read_merchant_terms
from portal.db import query
from portal.db.checks import run_checks
from portal.flows.accounts.top_up_credit import CreditToSelf, top_up_credit
from portal.flows.approvals.decide_proposal import confirm
from portal.flows.approvals.save_terms import save_terms
from portal.flows.checkout.settle_payment import pay_with_credit
from portal.flows.refunds.request_refund import request_refund
from portal.payments import CreditKeyInvalid, NotRefundable, RefundKeyInvalid, credit_balance
from portal.proposals import (
    DeclineReasonMissing,
    OwnProposal,
    ProposalClosed,
    ProposalUnknown,
    WalletChangeWaits,
    decline_proposal,
    expire_proposals,
    propose,
)
from portal.proposals.operations import Draft
from tests.factories import ACTOR, make_admin, make_settlement, make_vendor
from tests.flows.conftest import Store, settings_with
from tests.support.threads import at_once

PORTAL = Path(__file__).resolve().parents[3] / "portal"
WALLET, OTHER_WALLET = "0x" + "ab" * 20, "0x" + "cd" * 20


@dataclass
class Office:
    """The store with a limit of 100 USD, two admins and an account."""

    store: Store
    first: User
    second: User
    person: User

    def add(
        self, amount: str, *, currency: str = "USD", key: str = "key-1", admin: User | None = None
    ) -> bool:
        """Add credit and return whether it waits."""
        email, by = self.person.email, admin or self.first
        return top_up_credit(email, amount, currency, "Gift", key, by.id, self.store.settings).waits

    def confirm(self, proposal: Proposal, admin: User | None = None) -> Proposal:
        return confirm(proposal.id, (admin or self.second).id, self.store.settings)

    @property
    def balance(self) -> int:
        return credit_balance(self.person.id, "USD")


@pytest.fixture
def office(store: Store) -> Office:
    store.settings = store.settings.model_copy(update={"referral_second_approval_usd": Decimal(100)})
    return Office(store, make_admin(name="First"), make_admin(name="Second"), store.newcomer("ann"))


def waiting() -> Proposal:
    return Proposal.get(Proposal.status == "waiting")


# ---------------------------------------------------------------------- credit


def test_credit_below_the_limit_needs_one_admin(office: Office) -> None:
    assert not office.add("99.99")
    assert office.balance == 9_999
    assert not Proposal.select().exists()


def test_the_other_admins_are_notified_once(office: Office) -> None:
    assert office.add("100")
    assert office.add("100")
    rows = Notification.select().where(Notification.kind == "proposal_credit")
    readers = [row.user_id for row in rows]
    admins = {user.id for user in User.select().where(User.role == "admin")}
    assert sorted(readers) == sorted(admins - {office.first.id})
    assert office.second.id in readers


@pytest.mark.parametrize(
    ("amount", "currency"), [("100", "USD"), ("4000", "UAH"), ("0.01", "EUR"), ("1", "JPY")]
)
def test_credit_from_the_limit_on_and_of_unknown_value_waits(
    office: Office, amount: str, currency: str
) -> None:
    assert office.add(amount, currency=currency)
    assert not CreditEntry.select().where(CreditEntry.user_id == office.person.id).exists()
    assert office.confirm(waiting()).status == "confirmed"
    entry = CreditEntry.get(CreditEntry.user_id == office.person.id)
    assert (entry.currency, entry.reason) == (currency, "Gift")
    event = EventLog.get(EventLog.event == "credit_added", EventLog.actor_user_id == office.first.id)
    assert event.data["confirmedBy"] == office.second.id
    assert run_checks() == {}


def test_small_amounts_add_up(office: Office) -> None:
    assert [office.add("40", key=f"key-{number}") for number in range(4)] == [False, False, True, True]
    assert office.balance == 8_000
    # Another admin and another currency do not start from zero.
    assert office.add("20", key="key-9", admin=office.second)
    assert office.add("800", currency="UAH", key="key-10", admin=office.second)


def test_small_amounts_of_one_admin_add_up_over_accounts(office: Office) -> None:
    others = [office.store.newcomer(name) for name in ("ben", "cid", "dan")]
    waits = []
    for number, person in enumerate([office.person, *others]):
        office.person = person
        waits.append(office.add("40", key=f"key-{number}"))
    assert waits == [False, False, True, True]
    assert not office.add("40", key="key-9", admin=office.second)


def test_two_admins_can_give_credit_to_each_other_at_once(office: Office) -> None:
    def give(number: int) -> None:
        giver, taker = (office.first, office.second)[:: 1 if number % 2 else -1]
        top_up_credit(taker.email, "1", "USD", "Gift", f"key-{number}", giver.id, office.store.settings)

    assert at_once([partial(give, number) for number in range(8)]) == []
    assert [credit_balance(admin.id, "USD") for admin in (office.first, office.second)] == [400, 400]


def test_confirmed_credit_does_not_count_against_the_next(office: Office) -> None:
    assert office.add("500")
    office.confirm(waiting())
    assert not office.add("50", key="key-2")


@pytest.mark.parametrize("limit", [None, Decimal(0), Decimal(100)])
def test_nobody_adds_credit_to_the_own_account(office: Office, limit: Decimal | None) -> None:
    settings = office.store.settings.model_copy(update={"credit_second_approval_usd": limit})
    with pytest.raises(CreditToSelf):
        top_up_credit(office.first.email, "1", "USD", "Gift", "key-1", office.first.id, settings)
    assert not Proposal.select().exists()


def test_a_limit_of_its_own_wins(office: Office) -> None:
    update = {"credit_second_approval_usd": Decimal(0)}
    office.store.settings = office.store.settings.model_copy(update=update)
    assert not office.add("100000")
    assert office.store.settings.refund_limit_usd == 100


def test_the_same_form_proposes_once_and_adds_once(office: Office) -> None:
    assert at_once([lambda: office.add("500")] * 4) == []
    proposal = Proposal.get()
    assert at_once([lambda: _quietly(lambda: office.confirm(proposal))] * 4) == []
    assert office.add("500"), "the form sent again says the same"
    assert office.balance == 50_000
    with pytest.raises(CreditKeyInvalid):
        office.add("501")
    with pytest.raises(CreditKeyInvalid):
        office.add("5", key=f"proposal:{proposal.id}")


def _quietly(call: Callable[[], object]) -> None:
    with contextlib.suppress(ProposalClosed):
        call()


# ---------------------------------------------------------------------- decisions


def test_author_beneficiary_and_strangers_cannot_confirm(office: Office) -> None:
    office.person = make_admin(name="Third", email="third@demo.example")
    assert office.add("500")
    for admin in (office.first, office.person):
        with pytest.raises(OwnProposal):
            office.confirm(waiting(), admin)
    with pytest.raises(ProposalUnknown):
        confirm(10**12, office.second.id, office.store.settings)
    by_author = Proposal.update(status="confirmed", decided_by=office.first.id)
    with pytest.raises(IntegrityError):
        by_author.execute()


def test_declined_withdrawn_and_expired_proposals_change_nothing(office: Office) -> None:
    for key in ("a", "b", "c"):
        office.add("500", key=key)
    declined, withdrawn, expired = Proposal.select().order_by(Proposal.id)
    with pytest.raises(DeclineReasonMissing):
        decline_proposal(declined.id, "  ", office.second.id)
    assert decline_proposal(declined.id, "No", office.second.id).decision_reason == "No"
    assert decline_proposal(withdrawn.id, "Mistake", office.first.id).status == "declined"
    query("UPDATE proposals SET expires_at = now() WHERE id = %s", [expired.id])
    for proposal in (declined, withdrawn, expired):
        with pytest.raises(ProposalClosed):
            office.confirm(proposal)
    assert expire_proposals(ACTOR) == 1
    assert expire_proposals(ACTOR) == 0
    assert office.balance == 0
    events = [
        row.event for row in EventLog.select().where(EventLog.entity == "proposal").order_by(EventLog.id)
    ]
    assert sorted(set(events)) == ["proposal_declined", "proposal_expired", "proposal_made"]


# ---------------------------------------------------------------------- refunds


def paid_by_credit(office: Office) -> Any:
    """Return an order of 389.00 UAH, paid by credit: 9.725 USD."""
    query("INSERT INTO credit_balances VALUES (%s, 'UAH', 100000)", [office.person.id])
    query(
        "INSERT INTO credit_entries (user_id, amount_minor, currency, reason) VALUES (%s, 100000, 'UAH', 'x')",
        [office.person.id],
    )
    order = office.store.place(office.person, cookie=office.store.code).order
    return pay_with_credit(order.id, office.person, office.store.chain, office.store.settings)


def refund(office: Office, order: Any, amount: str, key: str) -> PaymentRefund | None:
    settings = office.store.settings.model_copy(update={"refund_second_approval_usd": Decimal(5)})
    return request_refund(order.order_reference, amount, "Returned", key, office.first.id, settings)


def test_refunds_from_the_limit_on_wait_and_small_ones_add_up(office: Office) -> None:
    order = paid_by_credit(office)
    assert refund(office, order, "100", "a") is not None
    assert refund(office, order, "100", "b") is None
    assert refund(office, order, "100", "b") is None
    assert (PaymentRefund.select().count(), Proposal.select().count()) == (1, 1)
    office.confirm(waiting())
    second = PaymentRefund.select().order_by(PaymentRefund.id.desc()).get()
    assert (second.amount_minor, second.status, second.requested_by) == (10_000, "applied", office.first.id)
    assert refund(office, order, "", "c") is None
    with pytest.raises(RefundKeyInvalid):
        refund(office, order, "1", "proposal:1")
    assert run_checks() == {}


def test_a_refund_that_became_too_large_stays_a_proposal(office: Office) -> None:
    order = paid_by_credit(office)
    for key in ("a", "b"):
        assert refund(office, order, "", key) is None
    first, second = Proposal.select().order_by(Proposal.id)
    office.confirm(first)
    with pytest.raises(NotRefundable):
        office.confirm(second)
    assert Proposal.get_by_id(second.id).status == "waiting"
    assert PaymentRefund.select().count() == 1


def test_the_buyer_does_not_confirm_an_own_refund(office: Office) -> None:
    order = paid_by_credit(office)
    refund(office, order, "", "a")
    with pytest.raises(OwnProposal):
        office.confirm(waiting(), office.person)


# ---------------------------------------------------------------------- payout wallets


def terms(wallet: str, **changes: Any) -> MerchantTerms:
    typed = {"payout_frequency": "WEEKLY", "hold_days": "3", "payout_wallet": wallet}
    return replace(read_merchant_terms(typed, []), **changes)


def wallet_of(vendor: Vendor) -> str | None:
    return MerchantConfig.get(MerchantConfig.vendor == vendor.id).payout_wallet


@pytest.fixture
def rich(office: Office) -> Vendor:
    """A vendor who is owed 250 USD."""
    vendor = make_vendor(name="Rich")
    make_settlement(vendor, 1_333_334, "held", failure_reason="check")
    return vendor


def test_the_wallet_of_a_vendor_with_little_unpaid_is_saved(office: Office) -> None:
    vendor = make_vendor(name="Poor")
    assert not save_terms(vendor.id, terms(WALLET), office.store.settings, office.first.id)
    assert wallet_of(vendor) == WALLET


def test_a_new_wallet_waits_while_the_other_terms_are_saved(office: Office, rich: Vendor) -> None:
    assert save_terms(rich.id, terms(WALLET, hold_days=9), office.store.settings, office.first.id)
    config = MerchantConfig.get(MerchantConfig.vendor == rich.id)
    assert (config.payout_wallet, config.hold_days) == (None, 9)
    with pytest.raises(WalletChangeWaits):
        save_terms(rich.id, terms(OTHER_WALLET), office.store.settings, office.first.id)
    office.confirm(waiting())
    assert wallet_of(rich) == WALLET
    assert not save_terms(rich.id, terms(WALLET), office.store.settings, office.first.id), "the same one"
    assert not save_terms(rich.id, terms("", payout_wallet=None), office.store.settings, office.first.id)
    assert wallet_of(rich) is None, "removing it only stops payouts"


def test_a_wallet_that_was_changed_meanwhile_is_not_replaced(office: Office, rich: Vendor) -> None:
    save_terms(rich.id, terms(WALLET), office.store.settings, office.first.id)
    MerchantConfig.update(payout_wallet=OTHER_WALLET).where(MerchantConfig.vendor == rich.id).execute()
    with pytest.raises(WalletChanged):
        office.confirm(waiting())
    assert (wallet_of(rich), waiting().status) == (OTHER_WALLET, "waiting")


def test_an_expired_wallet_change_does_not_block_another(office: Office, rich: Vendor) -> None:
    save_terms(rich.id, terms(WALLET), office.store.settings, office.first.id)
    query("UPDATE proposals SET expires_at = now()")
    assert save_terms(rich.id, terms(OTHER_WALLET), office.store.settings, office.first.id)
    assert waiting().wallet == OTHER_WALLET


# ---------------------------------------------------------------------- one person alone


@pytest.mark.parametrize("limit", ["0", "100"])
def test_a_reward_from_own_credit_waits_for_an_approval(store: Store, limit: str) -> None:
    """An admin gives credit to another account and buys with it through the own code."""
    store.settings = store.settings.model_copy(update={"referral_second_approval_usd": Decimal(limit)})
    referrer, buyer = store.user("referrer"), store.newcomer("alias")
    User.update(role="admin").where(User.id == referrer.id).execute()
    top_up_credit(buyer.email, "3000", "UAH", "Gift", "key", referrer.id, store.settings)
    order = store.place(buyer, cookie=store.code).order
    pay_with_credit(order.id, buyer, store.chain, store.settings)
    reward = ReferralReward.get(ReferralReward.order_reference == order.order_reference)
    assert (reward.referrer_user_id, reward.status) == (referrer.id, "pending_approval")


@pytest.mark.parametrize(
    ("limit", "status"), [("0", "approved"), ("1000", "approved"), ("0.01", "pending_approval")]
)
def test_large_rewards_of_credit_purchases_wait_without_a_second_admin_too(
    store: Store, limit: str, status: str
) -> None:
    store.settings = settings_with(referral_unattended_approval_usd=Decimal(limit))
    buyer = store.newcomer("ann")
    top_up_credit(buyer.email, "3000", "UAH", "Gift", "key", make_admin().id, store.settings)
    order = store.place(buyer, cookie=store.code).order
    pay_with_credit(order.id, buyer, store.chain, store.settings)
    assert ReferralReward.get(ReferralReward.order_reference == order.order_reference).status == status


# ---------------------------------------------------------------------- every operation


def test_the_table_keeps_amounts_and_wallets_apart(office: Office) -> None:
    draft = Draft("credit", str(office.person.id), "x", "key", None, 1, "USD")
    for wrong in ({"amount_minor": None}, {"currency": None}, {"wallet": WALLET}, {"kind": "payout_wallet"}):
        with pytest.raises(IntegrityError):
            propose(replace(draft, request_id=str(wrong), **wrong), office.first.id)


# What moves money at an admin's word: the function, and the callers that ask `judge`, or carry out what was confirmed.
