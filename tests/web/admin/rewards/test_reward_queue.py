"""The approval queue: cursor paging, totals over every row, one row as a fragment."""

from __future__ import annotations

import pytest

from models import ReferralReward, RewardHintCount, User
from portal.programme.operations import save_version
from portal.programme.version_rules import ProgrammeRules
from portal.rewards.queries import QUEUE_PAGE
from tests.factories import ACTOR, make_code, make_order, make_reward, make_visits
from tests.web.conftest import MakeApp, visitor
from tests.web.pages import text_of
from tests.web.visitor import Visitor

QUEUE = "/admin/refcodes"


def reward_ids(page) -> list[int]:
    return [int(part.split('"')[0]) for part in page.text.split('<tr id="reward-')[1:]]


def test_queue_is_oldest_first_and_paged(as_admin: Visitor, other: User) -> None:
    code = make_code(other)
    ids = [make_reward(code).id for _ in range(QUEUE_PAGE + 2)]
    first = as_admin.get(QUEUE)
    assert reward_ids(first) == ids[:QUEUE_PAGE]
    cursor = first.text.split("cursor=")[1].split("&")[0].replace("%3D", "=")
    second = as_admin.get(QUEUE, query_string={"status": "pending_approval", "cursor": cursor})
    assert reward_ids(second) == ids[QUEUE_PAGE:]
    assert str(QUEUE_PAGE + 2) in text_of(first)


def test_queue_says_who_approves(make_app: MakeApp, as_admin: Visitor, admin: User) -> None:
    page = text_of(as_admin.get(QUEUE))
    card, credit = (
        "An admin approves rewards of purchases paid with money.",
        "Rewards of purchases paid by credit are approved",
    )
    assert f"{card} {credit} automatically." in page
    assert "two admins approve" not in page
    rules = {"holdDays": 0, "approval": {"fiat": "manual", "crypto": "manual"}, "bonus": "none"}
    save_version(ProgrammeRules.model_validate(rules), None, None, ACTOR)
    limited = visitor(make_app(referral_second_approval_usd=100), admin)
    words = "An admin approves rewards of purchases paid by credit. From $100.00 on, two admins approve."
    assert words in text_of(limited.get(QUEUE))


@pytest.mark.parametrize("status", ["approved", "minting", "minted", "failed", "rejected"])
def test_queue_filters_by_status(as_admin: Visitor, other: User, status: str) -> None:
    reward = make_reward(other, status)
    make_reward(other)
    for locale in ("en", "uk", "ru"):
        assert reward_ids(as_admin.get(f"/{locale}{QUEUE}?status={status}")) == [reward.id]


def test_only_reward_in_progress_polls(as_admin: Visitor, other: User) -> None:
    for status in ("pending_approval", "approved", "minting", "minted", "failed", "rejected"):
        reward = make_reward(other, status)
        row = as_admin.get(f"{QUEUE}/{reward.id}/row").text
        assert ('hx-trigger="every' in row) is (status in ("approved", "minting")), status
        assert "<html" not in row


def test_row_offers_the_transitions_of_its_status(as_admin: Visitor, other: User) -> None:
    allowed = {
        "pending_approval": {"approve", "reject"},
        "approved": {"reject"},
        "minting": set(),
        "minted": set(),
        "failed": {"retry", "reject"},
        "rejected": set(),
    }
    for status, transitions in allowed.items():
        reward = make_reward(other, status)
        row = as_admin.get(f"{QUEUE}/{reward.id}/row").text
        assert {
            verb for verb in ("approve", "reject", "retry") if f'/{reward.id}/{verb}"' in row
        } == transitions, status


def test_only_failed_steps_of_the_attribution_are_in_the_row(
    as_admin: Visitor, owner: User, other: User
) -> None:
    passed = {"guard": "not_self", "passed": True, "stage": "order"}
    failed = {"guard": "first_purchase", "passed": False, "stage": "payment"}
    order = make_order(owner, paid=True, referral_trace=[passed, failed])
    reward = make_reward(other, order_reference=order.order_reference, order_id=order.id)
    row = text_of(as_admin.get(f"{QUEUE}/{reward.id}/row"))
    assert "The buyer has paid an order before." in row
    assert "The referrer is someone else." not in row
    audit = as_admin.get(f"/admin/audit?reward={reward.id}", follow_redirects=True)
    assert "The referrer is someone else." in text_of(audit)
    assert as_admin.get(f"/admin/audit?reward={2**63}").status_code == 404


def test_own_reward_offers_no_decision(as_admin: Visitor, admin: User) -> None:
    reward = make_reward(admin)
    assert f"/{reward.id}/approve" not in as_admin.get(QUEUE).text


def test_page_reports_a_missing_chain(as_admin: Visitor, other: User) -> None:
    make_reward(other, "approved")
    page = as_admin.get(QUEUE)
    assert "No blockchain is configured" in text_of(page)
    assert 'action="/admin/refcodes/mint"' not in page.text


def test_platform_visits_are_summed(as_admin: Visitor, owner: User, other: User) -> None:
    make_visits(make_code(owner), {0: 400, 27: 30})
    make_visits(make_code(other), {0: 500, 40: 6})
    assert f'hx-get="{QUEUE}/visits" hx-trigger="revealed"' in as_admin.get(QUEUE).text
    page, fragment = as_admin.get(f"{QUEUE}/visits"), as_admin.fragment(f"{QUEUE}/visits")
    assert ("<html" in page.text, "<html" in fragment.text) == (True, False)
    for number in ("900", "930", "936"):
        assert number in text_of(page)
        assert number in text_of(fragment)


def test_queue_filters_by_risk_hints(as_admin: Visitor, owner: User, other: User) -> None:
    hinted, plain = make_reward(owner), make_reward(other)
    for reward, hints in ((hinted, 2), (plain, 0)):
        RewardHintCount.insert(reward_id=reward.id, hints=hints).execute()
    assert reward_ids(as_admin.get(f"{QUEUE}?hints=with")) == [hinted.id]
    page = as_admin.get(f"{QUEUE}?hints=without")
    assert reward_ids(page) == [plain.id]
    assert 'name="hints" value="without"' in page.text, (
        "a decision about all matching rewards keeps the filter"
    )
    assert reward_ids(as_admin.get(f"{QUEUE}?hints=nonsense")) == [hinted.id, plain.id]


def test_invalid_urls_are_refused(as_admin: Visitor) -> None:
    assert as_admin.get(f"{QUEUE}?status=paid").status_code == 400
    assert as_admin.get(f"{QUEUE}?cursor=x").status_code == 400
    assert as_admin.get(f"{QUEUE}?status=%00").status_code == 400
    assert as_admin.get(f"{QUEUE}/{2**63}/row").status_code == 404
    assert as_admin.get(f"{QUEUE}/0/row").status_code == 404


def test_queue_requires_an_admin(client: Visitor, as_owner: Visitor, as_seller: Visitor, other: User) -> None:
    reward = make_reward(other)
    for url in (QUEUE, f"{QUEUE}/{reward.id}/row"):
        assert client.get(url).status_code == 303
        for stranger in (as_owner, as_seller):
            assert stranger.get(url).status_code == 403
            response = stranger.fragment(url)
            assert response.status_code == 403
            assert reward.order_reference not in response.text


def test_failure_reasons_are_escaped(as_admin: Visitor, other: User) -> None:
    make_reward(other, "rejected", failure_reason="<script>alert(1)</script>")
    assert "<script>alert" not in as_admin.get(f"{QUEUE}?status=rejected").text
    assert ReferralReward.select().count() == 1
