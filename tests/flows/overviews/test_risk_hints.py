"""Each risk hint appears exactly at its threshold and changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import Order, Refcode, ReferralReward, RewardHintCount, SharedSignal, User, Wallet
from portal.flows.approvals import decide_reward
from portal.flows.overviews.risk_hints import MOST_COUNTED, count_hints, risk_hints
from portal.rewards import RewardFilter, list_reward_queue
from tests.factories import (
    make_admin,
    make_code,
    make_order,
    make_reward,
    make_user,
    make_wallet,
)
from tests.flows.conftest import Store, settings_with

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def hints(reward: ReferralReward) -> dict[str, tuple[str, int]]:
    return {hint.code: (hint.level, hint.number) for hint in risk_hints([reward])[reward.id]}


@pytest.fixture
def referrer(database: str) -> User:
    return make_user("Referrer", email="re.ferrer+shop@gmail.com")


@pytest.fixture
def code(referrer: User) -> Refcode:
    return make_code(referrer)


@pytest.fixture
def buyer(referrer: User) -> User:
    return make_user("Buyer")


@pytest.fixture
def reward(code: Refcode, buyer: User) -> ReferralReward:
    return make_reward(code, referee_user_id=buyer.id, created_at=NOON)


def test_ordinary_reward_has_no_hint(reward: ReferralReward) -> None:
    assert hints(reward) == {}


@pytest.mark.parametrize(
    ("email", "same"),
    [("referrer@gmail.com", True), ("RE.FERRER@googlemail.com", True), ("referrer2@gmail.com", False),
     ("referrer@example.com", False), (None, False)],
)  # fmt: skip
def test_same_mailbox_is_hinted(reward: ReferralReward, buyer: User, email: str | None, same: bool) -> None:
    User.update(email=email).where(User.id == buyer.id).execute()
    assert hints(reward) == ({"same_mailbox": ("high", 0)} if same else {})


def test_accounts_without_email_share_no_mailbox(reward: ReferralReward, referrer: User, buyer: User) -> None:
    User.update(email=None).where(User.id.in_([referrer.id, buyer.id])).execute()
    assert hints(reward) == {}


def test_wallet_moved_to_the_buyer_is_hinted(reward: ReferralReward, code: Refcode, buyer: User) -> None:
    make_wallet(buyer)
    assert hints(reward) == {}
    Wallet.update(user=buyer.id).where(Wallet.address == code.wallet_address).execute()
    assert hints(reward) == {"same_wallet": ("high", 0)}


def test_other_wallet_linked_by_both_is_hinted(reward: ReferralReward, referrer: User, buyer: User) -> None:
    second = make_code(referrer)
    Wallet.delete().where(Wallet.address == second.wallet_address).execute()
    make_code(buyer, second.wallet_address)
    assert hints(reward) == {"same_wallet": ("high", 0)}


def test_same_device_has_a_higher_level_than_same_address(
    reward: ReferralReward, referrer: User, buyer: User
) -> None:
    for kind in ("address", "device"):
        SharedSignal.insert(referrer_user_id=referrer.id, referee_user_id=buyer.id, kind=kind).execute()
    assert hints(reward) == {"same_device": ("high", 0), "same_address": ("medium", 0)}
    another = make_reward(referrer, referee_user_id=make_user().id)
    assert hints(another) == {}


# ---------------------------------------------------------------------- velocity


@pytest.mark.parametrize(
    ("minutes", "many"),
    [
        ([15, 30, 45, 60], 5),
        ([-15, -30, -45, -60], 5),
        ([-30, -10, 10, 30], 5),
        ([15, 30, 45], None),
        ([15, 30, 45, 61], None),
        ([-40, -20, 30, 50], None),
        ([-120, -110, -100, -90], None),
        ([1, 2, 3, 4, 5, 6], 7),
    ],
)
def test_five_orders_within_an_hour_are_hinted(
    reward: ReferralReward, code: Refcode, minutes: list[int], many: int | None
) -> None:
    for minute in minutes:
        make_reward(code, created_at=NOON + timedelta(minutes=minute))
    make_reward(make_user(), created_at=NOON)
    assert hints(reward) == ({"many_orders": ("medium", many)} if many else {})


def test_order_counting_is_capped(reward: ReferralReward, code: Refcode) -> None:
    for _ in range(MOST_COUNTED + 20):
        make_reward(code, created_at=NOON)
    _, counted = hints(reward)["many_orders"]
    assert counted > MOST_COUNTED


@pytest.mark.parametrize(
    ("minutes", "many"), [([10, 20, 30, 60], 5), ([10, 20, 30, 61], None), ([10, 20], None)]
)
def test_five_sign_ups_within_an_hour_are_hinted(
    reward: ReferralReward, code: Refcode, buyer: User, minutes: list[int], many: int | None
) -> None:
    def refer(user: User, at: datetime) -> None:
        values: dict[str, Any] = {"referred_by_code": code.code, "referred_at": at}
        User.update(values).where(User.id == user.id).execute()

    for minute in minutes:
        refer(make_user(), NOON + timedelta(minutes=minute))
    assert hints(reward) == {}, "the buyer was not referred by the code"
    refer(buyer, NOON)
    assert hints(reward) == ({"many_sign_ups": ("medium", many)} if many else {})


def test_sign_ups_with_another_code_are_not_counted(reward: ReferralReward, buyer: User) -> None:
    another = make_code(make_user())
    for user in (buyer, *(make_user() for _ in range(6))):
        User.update(referred_by_code=another.code, referred_at=NOON).where(User.id == user.id).execute()
    assert hints(reward) == {}


@pytest.mark.parametrize(
    ("refunded", "paid", "percent"), [(1, 0, None), (2, 0, 100), (2, 7, 22), (2, 8, None), (3, 11, 21)]
)
def test_refund_rate_above_a_fifth_is_hinted(
    reward: ReferralReward, code: Refcode, refunded: int, paid: int, percent: int | None
) -> None:
    for number in range(refunded + paid):
        make_order(make_user(), code=code, paid=True, status="refunded" if number < refunded else "paid")
    make_order(make_user(), code=code)
    assert hints(reward) == ({"refund_rate": ("medium", percent)} if percent else {})


# ---------------------------------------------------------------------- the filter


def listed(has_hints: bool | None) -> set[int]:
    return {row.id for row in list_reward_queue(RewardFilter(has_hints=has_hints)).rows}


def test_queue_is_filtered_by_counted_hints(reward: ReferralReward, code: Refcode, referrer: User) -> None:
    suspicious = make_reward(code, referee_user_id=make_user(email="referrer@gmail.com").id)
    decided = make_reward(code, "approved", referee_user_id=suspicious.referee_user_id)
    assert listed(None) == {reward.id, suspicious.id}
    assert listed(True) == listed(False) == set()
    assert count_hints() == 2
    assert (listed(True), listed(False)) == ({suspicious.id}, {reward.id})
    assert RewardHintCount.get_or_none(RewardHintCount.reward_id == decided.id) is None


def test_hints_are_recounted_after_a_while(reward: ReferralReward, buyer: User) -> None:
    assert count_hints() == 1
    User.update(email="referrer@gmail.com").where(User.id == buyer.id).execute()
    assert count_hints() == 0
    RewardHintCount.update(counted_at=datetime.now(UTC) - timedelta(minutes=6)).execute()
    assert count_hints() == 1
    assert listed(True) == {reward.id}


def test_counting_continues_with_the_uncounted_rewards(reward: ReferralReward, code: Refcode) -> None:
    others = [make_reward(code, created_at=NOON - timedelta(days=day)) for day in (1, 2)]
    assert [count_hints(2), count_hints(2), count_hints(2)] == [2, 1, 0]
    assert listed(False) == {reward.id, *(other.id for other in others)}


# ---------------------------------------------------------------------- hints only inform


def test_hints_never_change_money(store: Store) -> None:
    User.update(email="buyer+two@demo.example").where(User.email == "referrer@demo.example").execute()
    plain = store.pay(store.newcomer("plain"), cookie=store.code)
    order = store.pay(store.user("buyer"), cookie=store.code)
    suspicious, ordinary = (
        ReferralReward.get(ReferralReward.order_reference == each.order_reference) for each in (order, plain)
    )
    assert "same_mailbox" in hints(suspicious)
    assert hints(ordinary) == {}
    assert Order.get_by_id(order.id).status == "paid"
    assert suspicious.reward_amount_wei == ordinary.reward_amount_wei
    assert suspicious.status == ordinary.status == "pending_approval"
    decide_reward.approve(suspicious.id, make_admin().id, settings_with())
    approved = ReferralReward.get_by_id(suspicious.id)
    assert (approved.status, approved.reward_amount_wei) == ("approved", suspicious.reward_amount_wei)
