"""`GET /api/refcodes` and the two mint routes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from models import MintJob, ReferralReward, User
from portal.chain import checksum
from portal.flows.minting.mint_jobs import list_job_reward_ids
from tests.factories import TOKEN, make_code, make_reward, make_visits
from tests.web.conftest import CRON_SECRET, MakeApp
from tests.web.visitor import Visitor, error_of

CODES = "/api/refcodes"
MINT = "/api/refcodes/mint"
CRON = "/api/cron/refcodes-mint"
REPORT_KEYS = {"success", "processed", "submitted", "minted", "failed", "jobId", "waitingReason"}


def test_codes_are_listed_with_visits_totals_and_rewards(as_owner: Visitor, owner: User, other: User) -> None:
    code = make_code(owner)
    make_code(other)
    make_visits(code, {0: 3, 6: 4, 7: 5, 27: 6, 28: 7})
    make_reward(code, "minted")
    make_reward(code)
    body = as_owner.get(CODES).get_json()
    assert set(body) == {"codes", "nextCodesCursor", "stats", "rewards", "nextCursor"}
    (listed,) = body["codes"]
    assert listed == {
        "code": code.code,
        "walletAddress": checksum(code.wallet_address),
        "active": True,
        "shareUrl": f"http://localhost?ref={code.code}",
        "createdAt": code.created_at.isoformat(),
        "visitStats": {"total": 25, "today": 3, "last7d": 7, "last28d": 18},
    }
    assert set(body["stats"]) == {"pending_approval", "approved", "minting", "minted", "failed", "rejected"}
    assert body["stats"]["minted"] == {"count": 1, "amount": "12.5", "amountWei": str(25 * TOKEN // 2)}
    assert body["stats"]["failed"] == {"count": 0, "amount": "0", "amountWei": "0"}
    assert {row["refCode"] for row in body["rewards"]} == {code.code}


def test_referrer_sees_neither_buyer_nor_admin(as_owner: Visitor, owner: User, other: User) -> None:
    make_reward(owner, "minted", referee_user_id=other.id, approved_by=other.id)
    (reward,) = as_owner.get(CODES).get_json()["rewards"]
    assert not {"refereeUserId", "approvedBy"} & set(reward)
    assert {"orderReference", "referrerWallet", "approvedAt", "txHash"} <= set(reward)


def test_user_without_codes_gets_empty_lists(as_owner: Visitor) -> None:
    body = as_owner.get(CODES).get_json()
    assert (body["codes"], body["rewards"]) == ([], [])


def test_codes_require_sign_in(client: Visitor) -> None:
    response = client.get(CODES)
    assert (response.status_code, error_of(response)["code"]) == (401, "sign_in_required")
    assert "Location" not in response.headers


def test_totals_include_rewards_beyond_the_first_page(as_owner: Visitor, owner: User) -> None:
    code = make_code(owner)
    for _ in range(55):
        make_reward(code, reward_amount_wei=TOKEN)
    body = as_owner.get(CODES).get_json()
    assert body["stats"]["pending_approval"]["count"] == 55
    assert body["stats"]["pending_approval"]["amountWei"] == str(55 * TOKEN)


# ---------------------------------------------------------------------- minting


def test_minting_without_a_chain_reports_not_configured(as_admin: Visitor, other: User) -> None:
    reward = make_reward(other, "approved")
    response = as_admin.send(MINT)
    assert response.status_code == 200
    report = response.get_json()
    assert set(report) == REPORT_KEYS
    assert (report["success"], report["waitingReason"]) == (False, "not_configured")
    assert (report["processed"], report["submitted"], report["minted"], report["failed"]) == (0, 0, 0, 0)
    assert ReferralReward.get_by_id(reward.id).status == "approved"


@pytest.mark.parametrize("limit", [1, 10, 50])
def test_limit_within_bounds_is_accepted(as_admin: Visitor, limit: int) -> None:
    assert as_admin.send(MINT, {"limit": limit}).status_code == 200


@pytest.mark.parametrize("limit", [0, -1, 51, "x", "10", 1.5, True, None, [], 10**30])
def test_limit_out_of_bounds_is_refused(as_admin: Visitor, limit: object) -> None:
    response = as_admin.send(MINT, {"limit": limit})
    assert response.status_code == 400
    error = error_of(response)
    assert (error["code"], list(error["fields"])) == ("field_invalid", ["limit"])
    assert not MintJob.select().exists()


@pytest.mark.parametrize("reward_id", [0, -1, "1", 1.5, True, [], 2**63])
def test_invalid_reward_id_is_refused(as_admin: Visitor, reward_id: object) -> None:
    response = as_admin.send(MINT, {"rewardId": reward_id})
    assert response.status_code == 400
    assert list(error_of(response)["fields"]) == ["rewardId"]


def test_misspelt_field_mints_no_other_reward(as_admin: Visitor) -> None:
    error = error_of(as_admin.send(MINT, {"rewardID": 1, "limit": 1}))
    assert (error["code"], list(error["fields"])) == ("field_invalid", ["rewardID"])
    assert not MintJob.select().exists()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"status": "minted"}, "reward_status_conflict"),
        ({"refund_due": True}, "reward_refund_due"),
        ({"mintable_from": datetime(2099, 1, 1, tzinfo=UTC)}, "reward_on_hold"),
        ({"chain_id": 5}, "reward_on_other_chain"),
    ],
)
def test_unmintable_reward_is_refused_with_a_reason(
    as_admin: Visitor, other: User, values: dict[str, Any], code: str
) -> None:
    make_reward(other, "approved")
    reward = make_reward(other, **{"status": "approved", **values})
    response = as_admin.send(MINT, {"rewardId": reward.id})
    error = error_of(response)
    assert (response.status_code, error["code"], error["status"]) == (409, code, reward.status)
    assert error["message"]
    assert not MintJob.select().exists()


def test_single_reward_gets_its_own_job(as_admin: Visitor, other: User) -> None:
    make_reward(other, "approved")
    reward = make_reward(other, "approved")
    response = as_admin.send(MINT, {"rewardId": reward.id})
    assert response.status_code == 200
    job = MintJob.get_by_id(response.get_json()["jobId"])
    assert (job.kind, list_job_reward_ids(job.id)) == ("single", [reward.id])


def test_single_reward_must_exist_and_be_approved(as_admin: Visitor, other: User) -> None:
    response = as_admin.send(MINT, {"rewardId": 2**63 - 1})
    assert (response.status_code, error_of(response)["code"]) == (404, "reward_unknown")
    waiting = make_reward(other)
    response = as_admin.send(MINT, {"rewardId": waiting.id})
    assert (response.status_code, error_of(response)["status"]) == (409, "pending_approval")


def test_minting_requires_admin_and_csrf_token(
    client: Visitor, as_owner: Visitor, as_seller: Visitor, as_admin: Visitor
) -> None:
    assert client.send(MINT).status_code == 401
    assert as_owner.send(MINT).status_code == 403
    assert as_seller.send(MINT).status_code == 403
    assert error_of(as_admin.post(MINT, json={}))["code"] == "csrf_invalid"


# ---------------------------------------------------------------------- cron


def bearer(secret: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {secret}"}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_scheme_of_the_cron_secret_may_be_in_any_case(client: Visitor, scheme: str) -> None:
    assert client.post(CRON, headers=bearer(CRON_SECRET, scheme)).status_code == 200
    assert client.post(CRON, headers=bearer("wrong", scheme)).status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_cron_with_secret_runs_the_mint_job(client: Visitor, method: str) -> None:
    response = client.open(CRON, method=method, headers=bearer(CRON_SECRET))
    assert response.status_code == 200
    report = response.get_json()
    assert set(report) == REPORT_KEYS
    assert report["waitingReason"] == "not_configured"
    assert report["jobId"] is None


WRONG_SECRETS = [
    {},
    bearer(""),
    bearer("wrong"),
    bearer(CRON_SECRET.upper()),
    {"Authorization": CRON_SECRET},
    {"Authorization": f"Basic {CRON_SECRET}"},
    {"Authorization": "Bearer \xff"},
]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_cron_with_a_wrong_secret_is_refused(client: Visitor, method: str) -> None:
    for header in WRONG_SECRETS:
        response = client.open(CRON, method=method, headers=header)
        assert (response.status_code, error_of(response)["code"]) == (401, "cron_secret_wrong"), header


def test_cron_without_configured_secret_is_refused(make_app: MakeApp) -> None:
    client = make_app(cron_secret="").test_client()
    for header in ({}, bearer(""), {"Authorization": ""}, {"Authorization": "Bearer"}):
        for response in (client.get(CRON, headers=header), client.post(CRON, headers=header)):
            assert (response.status_code, error_of(response)["code"]) == (401, "cron_secret_wrong")


def test_cron_allows_only_get_and_post(client: Visitor) -> None:
    assert client.put(CRON, headers=bearer(CRON_SECRET)).status_code == 405


def test_admin_session_does_not_authorize_cron(as_admin: Visitor) -> None:
    assert as_admin.get(CRON).status_code == 401


def test_decisions_wake_the_mint_job(app: Flask, as_admin: Visitor, other: User) -> None:
    woken: list[str] = []
    app.extensions["portal"].wake = woken.append
    as_admin.send(f"/api/admin/rewards/{make_reward(other).id}/approve")
    as_admin.send(f"/api/admin/rewards/{make_reward(other, 'failed').id}/retry")
    assert woken == ["mint_rewards", "mint_rewards"]
