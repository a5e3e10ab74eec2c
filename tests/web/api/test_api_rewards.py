"""The reward queue and an admin's decisions as JSON."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import EventLog, Notification, ReferralReward, User
from portal.rewards.queries import QUEUE_PAGE
from tests.factories import make_code, make_reward
from tests.web.visitor import Visitor, error_of

QUEUE = "/api/admin/rewards"
REWARD_KEYS = {
    "id", "orderReference", "orderId", "refCode", "referrerUserId", "referrerWallet", "refereeUserId",
    "orderTotal", "currency", "rewardPercent", "usdValue", "tokenPriceUsd", "rewardAmount", "rewardAmountWei",
    "rewardToken", "chainId", "rail", "status", "txHash", "failureReason", "approvedBy", "approvedAt", "createdAt",
}  # fmt: skip


def decide(reward: ReferralReward | int, verb: str) -> str:
    return f"{QUEUE}/{reward if isinstance(reward, int) else reward.id}/{verb}"


def test_a_reward_is_told_in_strings_and_integers(as_admin: Visitor, other: User, owner: User) -> None:
    reward = make_reward(other, referee_user_id=owner.id, reward_percent=Decimal("4.25"), chain_id=137)
    answer = as_admin.get(QUEUE)
    assert answer.status_code == 200
    body = answer.get_json()
    assert set(body) == {"rewards", "nextCursor"}
    assert body["nextCursor"] is None
    (told,) = body["rewards"]
    assert set(told) == REWARD_KEYS
    assert told["id"] == reward.id
    assert told["refereeUserId"] == owner.id
    assert told["rewardPercent"] == "4.250000"
    assert told["orderTotal"] == "1000.00"
    assert told["rewardAmount"] == "12.5"
    assert told["rewardAmountWei"] == "12500000000000000000"
    assert Decimal(told["usdValue"]) == Decimal("1.25")
    assert told["approvedBy"] is None
    assert told["createdAt"].endswith("+00:00")


def test_a_reward_without_a_size_has_nulls(as_admin: Visitor, other: User) -> None:
    make_reward(other, "failed", reward_amount_wei=None, usd_value=None, token_price_usd=None)
    (told,) = as_admin.get(f"{QUEUE}?status=failed").get_json()["rewards"]
    assert (
        told["rewardAmount"] is told["rewardAmountWei"] is told["usdValue"] is told["tokenPriceUsd"] is None
    )
    assert told["failureReason"] == "price_unavailable"


def test_the_queue_is_walked_by_its_cursor(as_admin: Visitor, other: User) -> None:
    code = make_code(other)
    made = [make_reward(code).id for _ in range(QUEUE_PAGE + 3)]
    first = as_admin.get(QUEUE).get_json()
    assert len(first["rewards"]) == QUEUE_PAGE
    second = as_admin.get(QUEUE, query_string={"cursor": first["nextCursor"]}).get_json()
    assert second["nextCursor"] is None
    assert [row["id"] for row in first["rewards"] + second["rewards"]] == made


@pytest.mark.parametrize("status", ["approved", "minting", "minted", "failed", "rejected"])
def test_the_queue_shows_one_status(as_admin: Visitor, other: User, status: str) -> None:
    wanted = make_reward(other, status)
    make_reward(other)
    rows = as_admin.get(f"{QUEUE}?status={status}").get_json()["rewards"]
    assert [row["id"] for row in rows] == [wanted.id]


def test_an_empty_filter_is_none(as_admin: Visitor, other: User) -> None:
    make_reward(other, "approved")
    waiting = make_reward(other)
    (told,) = as_admin.get(f"{QUEUE}?status=&cursor=").get_json()["rewards"]
    assert told["id"] == waiting.id


def test_the_queue_refuses_what_it_does_not_know(as_admin: Visitor) -> None:
    answer = as_admin.get(f"{QUEUE}?status=paid")
    assert (answer.status_code, error_of(answer)["code"]) == (400, "status_unknown")
    for cursor in ("x", "AAAA", "é", "MXwx"):
        answer = as_admin.get(f"{QUEUE}?cursor={cursor}")
        assert (answer.status_code, error_of(answer)["code"]) == (400, "cursor_invalid"), cursor


def test_approving_is_done_once_and_told(as_admin: Visitor, admin: User, other: User) -> None:
    reward = make_reward(other)
    answer = as_admin.send(decide(reward, "approve"))
    assert answer.status_code == 200
    told = answer.get_json()
    assert set(told) == REWARD_KEYS
    assert (told["status"], told["approvedBy"]) == ("approved", admin.id)
    assert told["approvedAt"]
    again = as_admin.send(decide(reward, "approve"))
    assert again.status_code == 409
    assert error_of(again)["code"] == "reward_status_conflict"
    assert error_of(again)["status"] == "approved"
    events = EventLog.select().where(EventLog.event == "reward_approved")
    assert [(event.actor_user_id, event.to_status) for event in events] == [(admin.id, "approved")]
    assert [(row.user_id, row.kind) for row in Notification.select()] == [
        (other.id, "referral_reward_approved")
    ]


def test_rejecting_needs_a_reason(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other)
    for reason in ("", "  \n ", "x" * 501):
        answer = as_admin.send(decide(reward, "reject"), {"reason": reason})
        assert answer.status_code == 422
        assert (error_of(answer)["code"], list(error_of(answer)["fields"])) == ("reason_missing", ["reason"])
    for reason in (None, 1, [], "\x00", "\ud800"):
        answer = as_admin.send(decide(reward, "reject"), {"reason": reason})
        assert (answer.status_code, error_of(answer)["code"]) == (400, "field_invalid")
    assert ReferralReward.get_by_id(reward.id).status == "pending_approval"
    told = as_admin.send(decide(reward, "reject"), {"reason": "Two accounts of one person."}).get_json()
    assert (told["status"], told["failureReason"]) == ("rejected", "Two accounts of one person.")


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        ("pending_approval", {"retry"}),
        ("approved", {"approve", "retry"}),
        ("minting", {"approve", "reject", "retry"}),
        ("minted", {"approve", "reject", "retry"}),
        ("failed", {"approve"}),
        ("rejected", {"approve", "reject", "retry"}),
    ],
)
def test_only_the_moves_of_the_table_are_possible(
    as_admin: Visitor, other: User, status: str, refused: set[str]
) -> None:
    for verb in ("approve", "reject", "retry"):
        reward = make_reward(other, status)
        answer = as_admin.send(decide(reward, verb), {"reason": "because"})
        if verb in refused:
            assert (answer.status_code, error_of(answer)["status"]) == (409, status), verb
            assert ReferralReward.get_by_id(reward.id).status == status
        else:
            assert answer.status_code == 200, verb


def test_a_failed_reward_is_sized_again(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other, "failed", reward_amount_wei=None, usd_value=None, token_price_usd=None)
    told = as_admin.send(decide(reward, "retry")).get_json()
    assert (told["status"], told["rewardAmountWei"]) == ("approved", "12500000000000000000")
    assert told["failureReason"] is None


def test_a_reward_in_a_currency_without_a_rate_stays_failed(as_admin: Visitor, other: User) -> None:
    reward = make_reward(
        other, "failed", currency="PLN", reward_amount_wei=None, usd_value=None, failure_reason="rate_missing"
    )
    answer = as_admin.send(decide(reward, "retry"))
    assert (answer.status_code, error_of(answer)["code"]) == (409, "reward_unsizable")
    assert ReferralReward.get_by_id(reward.id).status == "failed"


def test_nobody_decides_about_a_reward_of_their_own(as_admin: Visitor, admin: User) -> None:
    for status, verb in (
        ("pending_approval", "approve"),
        ("pending_approval", "reject"),
        ("failed", "retry"),
    ):
        reward = make_reward(admin, status)
        answer = as_admin.send(decide(reward, verb), {"reason": "because"})
        assert (answer.status_code, error_of(answer)["code"]) == (403, "own_reward")
        assert ReferralReward.get_by_id(reward.id).status == status


@pytest.mark.parametrize("verb", ["approve", "reject", "retry"])
def test_a_reward_that_is_not_there_is_not_found(as_admin: Visitor, verb: str) -> None:
    for reward_id in (0, 1, 2**63 - 1, 2**63, 10**40):
        answer = as_admin.send(decide(reward_id, verb), {"reason": "because"})
        assert answer.status_code == 404, reward_id
        assert error_of(answer)["code"] in ("reward_unknown", "not_found")


def test_decisions_are_the_admins(
    client: Visitor, as_owner: Visitor, as_seller: Visitor, other: User
) -> None:
    reward = make_reward(other)
    for visitor, status, code in (
        (client, 401, "sign_in_required"),
        (as_owner, 403, "role_required"),
        (as_seller, 403, "role_required"),
    ):
        for verb in ("approve", "reject", "retry"):
            answer = visitor.send(decide(reward, verb), {"reason": "because"})
            assert (answer.status_code, error_of(answer)["code"]) == (status, code)
        answer = visitor.get(QUEUE)
        assert (answer.status_code, error_of(answer)["code"]) == (status, code)
    assert ReferralReward.get_by_id(reward.id).status == "pending_approval"


def test_decisions_carry_the_token_and_refuse_get(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other)
    for verb in ("approve", "reject", "retry"):
        refused = as_admin.post(decide(reward, verb), json={"reason": "because"})
        assert (refused.status_code, error_of(refused)["code"]) == (400, "csrf_invalid")
        wrong = as_admin.get(decide(reward, verb))
        assert (wrong.status_code, error_of(wrong)["code"]) == (405, "method_not_allowed")
        assert "POST" in wrong.headers["Allow"]
    assert ReferralReward.get_by_id(reward.id).status == "pending_approval"
