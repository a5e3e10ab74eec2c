"""Decisions about rewards: guarded transitions, two approvals above a limit, bulk decisions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import EventLog, Notification, PaymentTransaction, Product, ReferralReward, RewardApproval, User
from portal.accounts import create_user
from portal.db import SYSTEM
from portal.db.checks import run_checks
from portal.flows.approvals import decide_reward
from portal.flows.approvals.decide_reward import MatchChanged, NothingChosen, RewardUnsizable
from portal.flows.overviews.queue_overview import queue_facts
from portal.payments import lock_payment
from portal.rewards import AlreadyApprovedByYou, OwnReward, RewardFilter, RewardStatusConflict, RewardUnknown
from portal.rewards.errors import TOKEN_CHANGED
from portal.rewards.operations import RejectionReasonMissing
from portal.rewards.queries import count_matching, list_reward_queue
from portal.web.text.messages.minting import refusal_counts
from tests.flows.conftest import Store

STATUSES = ("pending_approval", "approved", "minting", "minted", "failed", "rejected")


def reward_of(store: Store, name: str) -> ReferralReward:
    order = store.pay(store.newcomer(name), cookie=store.code)
    return ReferralReward.get(ReferralReward.order_reference == order.order_reference)


def set_status(reward: ReferralReward, status: str) -> None:
    ReferralReward.update(status=status, failure_reason="x", tx_hash="0x1").where(
        ReferralReward.id == reward.id
    ).execute()


def second_admin() -> User:
    return create_user("second@demo.example", "Second", "second-admin-pass", role="admin", actor=SYSTEM)


def test_approval_happens_once_and_notifies_the_referrer(store: Store) -> None:
    reward, admin = reward_of(store, "ann"), store.user("admin")
    approved = decide_reward.approve(reward.id, admin.id, store.settings)
    assert (approved.status, approved.approved_by) == ("approved", admin.id)
    with pytest.raises(RewardStatusConflict) as caught:
        decide_reward.approve(reward.id, admin.id, store.settings)
    assert caught.value.params["status"] == "approved"
    assert Notification.select().where(Notification.kind == "referral_reward_approved").count() == 1
    assert EventLog.select().where(EventLog.event == "reward_approved").count() == 1


@pytest.mark.parametrize("status", STATUSES)
def test_rejection_is_allowed_until_minting(store: Store, status: str) -> None:
    reward, admin = reward_of(store, "ann"), store.user("admin")
    set_status(reward, status)
    if status in ("pending_approval", "approved", "failed"):
        assert decide_reward.reject(reward.id, "not a real sale", admin.id).status == "rejected"
        return
    with pytest.raises(RewardStatusConflict):
        decide_reward.reject(reward.id, "not a real sale", admin.id)
    assert ReferralReward.get_by_id(reward.id).status == status


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "pending_approval"])
def test_only_pending_rewards_can_be_approved(store: Store, status: str) -> None:
    reward = reward_of(store, "ann")
    set_status(reward, status)
    with pytest.raises(RewardStatusConflict):
        decide_reward.approve(reward.id, store.user("admin").id, store.settings)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_rejection_requires_a_reason(store: Store, reason: str) -> None:
    reward = reward_of(store, "ann")
    with pytest.raises(RejectionReasonMissing):
        decide_reward.reject(reward.id, reason, store.user("admin").id)
    assert ReferralReward.get_by_id(reward.id).status == "pending_approval"


def test_own_reward_cannot_be_decided(store: Store) -> None:
    reward = reward_of(store, "ann")
    owner = reward.referrer_user_id
    with pytest.raises(OwnReward):
        decide_reward.approve(reward.id, owner, store.settings)
    with pytest.raises(OwnReward):
        decide_reward.reject(reward.id, "mine", owner)
    set_status(reward, "failed")
    with pytest.raises(OwnReward):
        decide_reward.retry(reward.id, owner, store.chain, store.settings)


def test_unknown_reward_is_refused(store: Store) -> None:
    with pytest.raises(RewardUnknown):
        decide_reward.approve(10**9, store.user("admin").id, store.settings)


def test_reward_above_the_limit_requires_two_admins(store: Store) -> None:
    store.settings = store.settings.model_copy(update={"referral_second_approval_usd": Decimal("0.5")})
    reward, first = reward_of(store, "ann"), store.user("admin")
    assert decide_reward.approve(reward.id, first.id, store.settings).status == "pending_approval"
    assert RewardApproval.select().count() == 1
    with pytest.raises(AlreadyApprovedByYou):
        decide_reward.approve(reward.id, first.id, store.settings)
    assert queue_facts([reward])[reward.id].approved_by == {first.id: first.name}
    assert not Notification.select().where(Notification.kind == "referral_reward_approved").exists()
    assert decide_reward.approve(reward.id, second_admin().id, store.settings).status == "approved"
    assert run_checks() == {}


def test_reward_below_the_limit_requires_one_admin(store: Store) -> None:
    store.settings = store.settings.model_copy(update={"referral_second_approval_usd": Decimal(100)})
    reward = reward_of(store, "ann")
    assert decide_reward.approve(reward.id, store.user("admin").id, store.settings).status == "approved"


def test_retry_above_the_limit_requires_two_admins(store: Store) -> None:
    store.settings = store.settings.model_copy(update={"referral_second_approval_usd": Decimal("0.5")})
    reward, admin = reward_of(store, "ann"), store.user("admin")
    set_status(reward, "failed")
    assert decide_reward.retry(reward.id, admin.id, store.chain, store.settings).status == "failed"
    second = second_admin()
    assert decide_reward.retry(reward.id, second.id, store.chain, store.settings).status == "approved"


def test_retry_sizes_a_reward_without_a_size(store: Store) -> None:
    settings_with_price = store.settings
    store.settings = store.settings.model_copy(update={"referral_token_usd_price": None})
    reward, admin = reward_of(store, "ann"), store.user("admin")
    assert reward.reward_amount_wei is None
    with pytest.raises(RewardUnsizable):
        decide_reward.retry(reward.id, admin.id, store.chain, store.settings)
    retried = decide_reward.retry(reward.id, admin.id, store.chain, settings_with_price)
    assert (retried.status, retried.reward_amount_wei, retried.failure_reason) == (
        "approved",
        6_725 * 10**15,
        None,
    )
    assert [line["source"] for line in retried.sizing["lines"]] == ["default", "merchant"]


def test_retry_keeps_an_existing_size(store: Store) -> None:
    reward, admin = reward_of(store, "ann"), store.user("admin")
    set_status(reward, "failed")
    higher_price = store.settings.model_copy(update={"referral_token_usd_price": Decimal(5)})
    assert (
        decide_reward.retry(reward.id, admin.id, store.chain, higher_price).reward_amount_wei
        == reward.reward_amount_wei
    )


@pytest.mark.parametrize(("before", "after"), [(TOKEN_CHANGED, "reverted"), ("reverted", TOKEN_CHANGED)])
def test_retry_of_a_reward_that_failed_otherwise_meanwhile_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch, before: str, after: str
) -> None:
    reward, admin = reward_of(store, "ann"), store.user("admin")
    set_status(reward, "failed")

    def fail(reason: str) -> None:
        ReferralReward.update(failure_reason=reason).where(ReferralReward.id == reward.id).execute()

    def lock(reference: str) -> PaymentTransaction:
        fail(after)
        return lock_payment(reference)

    fail(before)
    monkeypatch.setattr(decide_reward, "lock_payment", lock)
    with pytest.raises(RewardStatusConflict):
        decide_reward.retry(reward.id, admin.id, store.chain, store.settings)


def test_retry_without_a_rate_is_refused(store: Store) -> None:
    Product.update(currency="EUR").execute()
    reward, admin = reward_of(store, "ann"), store.user("admin")
    with pytest.raises(RewardUnsizable):
        decide_reward.retry(reward.id, admin.id, store.chain, store.settings)


def test_bulk_approval_decides_each_reward_separately(store: Store) -> None:
    rewards = [reward_of(store, name) for name in ("ann", "bob", "cid")]
    admin = store.user("admin")
    set_status(rewards[1], "minted")
    result = decide_reward.approve_many([reward.id for reward in rewards] + [10**9], admin.id, store.settings)
    assert result.decided == [rewards[0].id, rewards[2].id]
    assert result.refused == {"reward_status_conflict": [rewards[1].id], "reward_unknown": [10**9]}


def test_bulk_retry_sizes_all_at_one_price(store: Store) -> None:
    rewards = [reward_of(store, name) for name in ("ann", "bob")]
    ReferralReward.update(status="failed", failure_reason=TOKEN_CHANGED).execute()
    ids = [reward.id for reward in rewards]
    result = decide_reward.retry_many(ids, store.user("admin").id, store.chain, store.settings)
    assert result.decided == ids
    times = {reward.sizing["priceAt"] for reward in ReferralReward.select()}
    assert len(times) == 1
    assert times.isdisjoint(reward.sizing["priceAt"] for reward in rewards)


def test_bulk_retry_goes_on_after_a_reward_that_cannot_be_sized(store: Store) -> None:
    first, second = reward_of(store, "ann"), reward_of(store, "bob")
    for reward in (first, second):
        set_status(reward, "failed")
    outdated = {"failure_reason": TOKEN_CHANGED, "currency": "EUR"}
    ReferralReward.update(outdated).where(ReferralReward.id == first.id).execute()
    admin = store.user("admin")
    result = decide_reward.retry_many([first.id, second.id], admin.id, store.chain, store.settings)
    assert (result.decided, result.refused) == ([second.id], {"reward_unsizable": [first.id]})


def test_each_refusal_of_a_bulk_decision_has_its_own_sentence() -> None:
    codes = ("own_reward", "already_approved_by_you", "reward_reference_used", "reward_unknown",
             "budget_exhausted", "reward_unsizable", "reward_status_conflict")  # fmt: skip
    assert len({refusal_counts(code, 2) for code in codes}) == len(codes)


def test_bulk_rejection_uses_one_reason(store: Store) -> None:
    rewards = [reward_of(store, name) for name in ("ann", "bob")]
    ids = [reward.id for reward in rewards]
    with pytest.raises(RejectionReasonMissing):
        decide_reward.reject_many(ids, " ", store.user("admin").id)
    assert decide_reward.reject_many(ids, "a test", store.user("admin").id).decided == ids
    assert {row.failure_reason for row in ReferralReward.select()} == {"a test"}


def test_empty_selection_is_refused(store: Store) -> None:
    with pytest.raises(NothingChosen):
        decide_reward.approve_many([], store.user("admin").id, store.settings)


def test_selection_by_filter_is_refused_when_the_matches_change(store: Store) -> None:
    ids = [reward_of(store, name).id for name in ("ann", "bob")]
    filters = RewardFilter(code=store.code)
    assert decide_reward.choose_matching(filters, 2) == ids
    reward_of(store, "cid")
    with pytest.raises(MatchChanged) as caught:
        decide_reward.choose_matching(filters, 2)
    assert (caught.value.params["promised"], caught.value.params["found"]) == (2, 3)


def test_queue_is_filtered_and_paged_by_key(store: Store) -> None:
    rewards = [reward_of(store, name) for name in ("ann", "bob", "cid")]
    first = list_reward_queue(RewardFilter(), limit=2)
    second = list_reward_queue(RewardFilter(), first.next_cursor, limit=2)
    assert [row.id for row in first.rows + second.rows] == [reward.id for reward in rewards]
    assert second.next_cursor is None
    one = rewards[1]
    for filters in (
        RewardFilter(reference=one.order_reference),
        RewardFilter(since=one.created_at, until=rewards[2].created_at),
    ):
        assert [row.id for row in list_reward_queue(filters).rows] == [one.id]
    assert count_matching(RewardFilter(rail="crypto"), 10) == 0
    assert count_matching(RewardFilter(wallet=one.referrer_wallet, least_usd=Decimal("0.6")), 10) == 3
    assert count_matching(RewardFilter(least_usd=Decimal("0.7")), 10) == 0
    assert count_matching(RewardFilter(), 2) == 2
