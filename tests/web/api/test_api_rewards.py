"""The reward queue and admin decisions as JSON."""

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
    "orderTotal", "currency", "rewardPercent", "bonusPercent", "programmeVersionId", "mintableFrom",
    "waitsForBudget", "waitsForStatement", "usdValue", "tokenPriceUsd", "rewardAmount", "rewardAmountWei",
    "rewardToken", "chainId", "rail", "status", "txHash", "failureReason", "approvedBy", "approvedAt", "createdAt",
}  # fmt: skip


def decision_url(reward: ReferralReward | int, verb: str) -> str:
    return f"{QUEUE}/{reward if isinstance(reward, int) else reward.id}/{verb}"


def test_reward_amounts_are_strings_and_integers(as_admin: Visitor, other: User, owner: User) -> None:
    reward = make_reward(other, referee_user_id=owner.id, reward_percent=Decimal("4.25"), chain_id=137)
    response = as_admin.get(QUEUE)
    assert response.status_code == 200
    body = response.get_json()
    assert set(body) == {"rewards", "nextCursor"}
    assert body["nextCursor"] is None
    (item,) = body["rewards"]
    assert set(item) == REWARD_KEYS
    assert item["id"] == reward.id
    assert item["refereeUserId"] == owner.id
    assert item["rewardPercent"] == "4.250000"
    assert item["orderTotal"] == "1000.00"
    assert item["rewardAmount"] == "12.5"
    assert item["rewardAmountWei"] == "12500000000000000000"
    assert Decimal(item["usdValue"]) == Decimal("1.25")
    assert item["approvedBy"] is None
    assert item["createdAt"].endswith("+00:00")


def test_reward_without_an_amount_has_nulls(as_admin: Visitor, other: User) -> None:
    make_reward(other, "failed", reward_amount_wei=None, usd_value=None, token_price_usd=None)
    (item,) = as_admin.get(f"{QUEUE}?status=failed").get_json()["rewards"]
    assert (
        item["rewardAmount"] is item["rewardAmountWei"] is item["usdValue"] is item["tokenPriceUsd"] is None
    )
    assert item["failureReason"] == "price_unavailable"


def test_queue_is_paged_by_cursor(as_admin: Visitor, other: User) -> None:
    code = make_code(other)
    reward_ids = [make_reward(code).id for _ in range(QUEUE_PAGE + 3)]
    first = as_admin.get(QUEUE).get_json()
    assert len(first["rewards"]) == QUEUE_PAGE
    second = as_admin.get(QUEUE, query_string={"cursor": first["nextCursor"]}).get_json()
    assert second["nextCursor"] is None
    assert [row["id"] for row in first["rewards"] + second["rewards"]] == reward_ids


@pytest.mark.parametrize("status", ["approved", "minting", "minted", "failed", "rejected"])
def test_queue_filters_by_status(as_admin: Visitor, other: User, status: str) -> None:
    reward = make_reward(other, status)
    make_reward(other)
    rows = as_admin.get(f"{QUEUE}?status={status}").get_json()["rewards"]
    assert [row["id"] for row in rows] == [reward.id]


def test_empty_filter_is_ignored(as_admin: Visitor, other: User) -> None:
    make_reward(other, "approved")
    waiting = make_reward(other)
    (item,) = as_admin.get(f"{QUEUE}?status=&cursor=").get_json()["rewards"]
    assert item["id"] == waiting.id


def test_unknown_status_and_cursor_are_refused(as_admin: Visitor) -> None:
    response = as_admin.get(f"{QUEUE}?status=paid")
    assert (response.status_code, error_of(response)["code"]) == (400, "status_unknown")
    for cursor in ("x", "AAAA", "é", "MXwx"):
        response = as_admin.get(f"{QUEUE}?cursor={cursor}")
        assert (response.status_code, error_of(response)["code"]) == (400, "cursor_invalid"), cursor


def test_approval_happens_once_and_notifies_the_referrer(as_admin: Visitor, admin: User, other: User) -> None:
    reward = make_reward(other)
    response = as_admin.send(decision_url(reward, "approve"))
    assert response.status_code == 200
    item = response.get_json()
    assert set(item) == REWARD_KEYS
    assert (item["status"], item["approvedBy"]) == ("approved", admin.id)
    assert item["approvedAt"]
    repeated = as_admin.send(decision_url(reward, "approve"))
    assert repeated.status_code == 409
    assert error_of(repeated)["code"] == "reward_status_conflict"
    assert error_of(repeated)["status"] == "approved"
    events = EventLog.select().where(EventLog.event == "reward_approved")
    assert [(event.actor_user_id, event.to_status) for event in events] == [(admin.id, "approved")]
    assert [(row.user_id, row.kind) for row in Notification.select()] == [
        (other.id, "referral_reward_approved")
    ]


def test_rejection_requires_a_reason(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other)
    for reason in ("", "  \n ", "x" * 501):
        response = as_admin.send(decision_url(reward, "reject"), {"reason": reason})
        assert response.status_code == 422
        assert (error_of(response)["code"], list(error_of(response)["fields"])) == (
            "reason_missing",
            ["reason"],
        )
    for reason in (None, 1, [], "\x00", "\ud800"):
        response = as_admin.send(decision_url(reward, "reject"), {"reason": reason})
        assert (response.status_code, error_of(response)["code"]) == (400, "field_invalid")
    assert ReferralReward.get_by_id(reward.id).status == "pending_approval"
    item = as_admin.send(decision_url(reward, "reject"), {"reason": "Two accounts of one person."}).get_json()
    assert (item["status"], item["failureReason"]) == ("rejected", "Two accounts of one person.")


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
def test_only_allowed_transitions_are_accepted(
    as_admin: Visitor, other: User, status: str, refused: set[str]
) -> None:
    for verb in ("approve", "reject", "retry"):
        reward = make_reward(other, status)
        response = as_admin.send(decision_url(reward, verb), {"reason": "because"})
        if verb in refused:
            assert (response.status_code, error_of(response)["status"]) == (409, status), verb
            assert ReferralReward.get_by_id(reward.id).status == status
        else:
            assert response.status_code == 200, verb


def test_retry_calculates_a_missing_reward_amount(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other, "failed", reward_amount_wei=None, usd_value=None, token_price_usd=None)
    item = as_admin.send(decision_url(reward, "retry")).get_json()
    assert (item["status"], item["rewardAmountWei"]) == ("approved", "12500000000000000000")
    assert item["failureReason"] is None


def test_retry_without_exchange_rate_stays_failed(as_admin: Visitor, other: User) -> None:
    reward = make_reward(
        other, "failed", currency="PLN", reward_amount_wei=None, usd_value=None, failure_reason="rate_missing"
    )
    response = as_admin.send(decision_url(reward, "retry"))
    assert (response.status_code, error_of(response)["code"]) == (409, "reward_unsizable")
    assert ReferralReward.get_by_id(reward.id).status == "failed"


def test_admin_cannot_decide_own_reward(as_admin: Visitor, admin: User) -> None:
    for status, verb in (
        ("pending_approval", "approve"),
        ("pending_approval", "reject"),
        ("failed", "retry"),
    ):
        reward = make_reward(admin, status)
        response = as_admin.send(decision_url(reward, verb), {"reason": "because"})
        assert (response.status_code, error_of(response)["code"]) == (403, "own_reward")
        assert ReferralReward.get_by_id(reward.id).status == status


@pytest.mark.parametrize("verb", ["approve", "reject", "retry"])
def test_unknown_reward_is_not_found(as_admin: Visitor, verb: str) -> None:
    for reward_id in (0, 1, 2**63 - 1, 2**63, 10**40):
        response = as_admin.send(decision_url(reward_id, verb), {"reason": "because"})
        assert response.status_code == 404, reward_id
        assert error_of(response)["code"] in ("reward_unknown", "not_found")


def test_decisions_require_an_admin(
    client: Visitor, as_owner: Visitor, as_seller: Visitor, other: User
) -> None:
    reward = make_reward(other)
    for visitor, status, code in (
        (client, 401, "sign_in_required"),
        (as_owner, 403, "role_required"),
        (as_seller, 403, "role_required"),
    ):
        for verb in ("approve", "reject", "retry"):
            response = visitor.send(decision_url(reward, verb), {"reason": "because"})
            assert (response.status_code, error_of(response)["code"]) == (status, code)
        response = visitor.get(QUEUE)
        assert (response.status_code, error_of(response)["code"]) == (status, code)
    assert ReferralReward.get_by_id(reward.id).status == "pending_approval"


def test_decisions_require_csrf_token_and_post(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other)
    for verb in ("approve", "reject", "retry"):
        refused = as_admin.post(decision_url(reward, verb), json={"reason": "because"})
        assert (refused.status_code, error_of(refused)["code"]) == (400, "csrf_invalid")
        wrong = as_admin.get(decision_url(reward, verb))
        assert (wrong.status_code, error_of(wrong)["code"]) == (405, "method_not_allowed")
        assert "POST" in wrong.headers["Allow"]
    assert ReferralReward.get_by_id(reward.id).status == "pending_approval"
