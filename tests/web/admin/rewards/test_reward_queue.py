"""The approval queue: pages by cursor, tiles over every row, one row as a fragment."""

from __future__ import annotations

import pytest

from models import ReferralReward, RewardHintCount, User
from portal.rewards.queries import QUEUE_PAGE
from tests.factories import make_code, make_reward, make_visits
from tests.web.pages import text_of
from tests.web.visitor import Visitor

QUEUE = "/admin/refcodes"


def rows(page) -> list[int]:
    return [int(part.split('"')[0]) for part in page.text.split('<tr id="reward-')[1:]]


def test_the_queue_is_oldest_first_and_paged(as_admin: Visitor, other: User) -> None:
    code = make_code(other)
    made = [make_reward(code).id for _ in range(QUEUE_PAGE + 2)]
    first = as_admin.get(QUEUE)
    assert rows(first) == made[:QUEUE_PAGE]
    cursor = first.text.split("cursor=")[1].split("&")[0].replace("%3D", "=")
    second = as_admin.get(QUEUE, query_string={"status": "pending_approval", "cursor": cursor})
    assert rows(second) == made[QUEUE_PAGE:]
    assert str(QUEUE_PAGE + 2) in text_of(first)


@pytest.mark.parametrize("status", ["approved", "minting", "minted", "failed", "rejected"])
def test_each_status_has_its_list(as_admin: Visitor, other: User, status: str) -> None:
    wanted = make_reward(other, status)
    make_reward(other)
    for locale in ("en", "uk", "ru"):
        assert rows(as_admin.get(f"/{locale}{QUEUE}?status={status}")) == [wanted.id]


def test_only_a_reward_on_the_way_asks_for_itself(as_admin: Visitor, other: User) -> None:
    for status in ("pending_approval", "approved", "minting", "minted", "failed", "rejected"):
        reward = make_reward(other, status)
        row = as_admin.get(f"{QUEUE}/{reward.id}/row").text
        assert ('hx-trigger="every' in row) is (status in ("approved", "minting")), status
        assert "<html" not in row


def test_the_row_has_the_moves_its_status_allows(as_admin: Visitor, other: User) -> None:
    allowed = {
        "pending_approval": {"approve", "reject"},
        "approved": {"reject"},
        "minting": set(),
        "minted": set(),
        "failed": {"retry", "reject"},
        "rejected": set(),
    }
    for status, moves in allowed.items():
        reward = make_reward(other, status)
        row = as_admin.get(f"{QUEUE}/{reward.id}/row").text
        assert {move for move in ("approve", "reject", "retry") if f'/{reward.id}/{move}"' in row} == moves, (
            status
        )


def test_an_own_reward_offers_no_decision(as_admin: Visitor, admin: User) -> None:
    reward = make_reward(admin)
    assert f"/{reward.id}/approve" not in as_admin.get(QUEUE).text


def test_without_a_chain_the_page_says_so(as_admin: Visitor, other: User) -> None:
    make_reward(other, "approved")
    page = as_admin.get(QUEUE)
    assert "No blockchain is configured" in text_of(page)
    assert 'action="/admin/refcodes/mint"' not in page.text


def test_platform_visits_are_summed(as_admin: Visitor, owner: User, other: User) -> None:
    make_visits(make_code(owner), {0: 400, 27: 30})
    make_visits(make_code(other), {0: 500, 40: 6})
    text = text_of(as_admin.get(QUEUE))
    for number in ("900", "930", "936"):
        assert number in text


def test_the_queue_is_filtered_by_risk_hints(as_admin: Visitor, owner: User, other: User) -> None:
    odd, plain = make_reward(owner), make_reward(other)
    for reward, hints in ((odd, 2), (plain, 0)):
        RewardHintCount.insert(reward_id=reward.id, hints=hints).execute()
    assert rows(as_admin.get(f"{QUEUE}?hints=with")) == [odd.id]
    page = as_admin.get(f"{QUEUE}?hints=without")
    assert rows(page) == [plain.id]
    assert 'name="hints" value="without"' in page.text, "a decision about all matching keeps the filter"
    assert rows(as_admin.get(f"{QUEUE}?hints=nonsense")) == [odd.id, plain.id]


def test_odd_addresses_are_answered(as_admin: Visitor) -> None:
    assert as_admin.get(f"{QUEUE}?status=paid").status_code == 400
    assert as_admin.get(f"{QUEUE}?cursor=x").status_code == 400
    assert as_admin.get(f"{QUEUE}?status=%00").status_code == 400
    assert as_admin.get(f"{QUEUE}/{2**63}/row").status_code == 404
    assert as_admin.get(f"{QUEUE}/0/row").status_code == 404


def test_the_queue_is_the_admins(client: Visitor, as_owner: Visitor, as_seller: Visitor, other: User) -> None:
    reward = make_reward(other)
    for url in (QUEUE, f"{QUEUE}/{reward.id}/row"):
        assert client.get(url).status_code == 303
        for visitor in (as_owner, as_seller):
            assert visitor.get(url).status_code == 403
            answer = visitor.fragment(url)
            assert answer.status_code == 403
            assert reward.order_reference not in answer.text


def test_reasons_written_by_people_are_escaped(as_admin: Visitor, other: User) -> None:
    make_reward(other, "rejected", failure_reason="<script>alert(1)</script>")
    assert "<script>alert" not in as_admin.get(f"{QUEUE}?status=rejected").text
    assert ReferralReward.select().count() == 1
