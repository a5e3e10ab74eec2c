"""The definition of a mintable reward: its index, its conditions, and the reason when a condition fails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models import ReferralReward
from portal.db import query
from portal.lib.clock import utc_now
from portal.rewards import RewardStatusConflict, RewardUnknown
from portal.rewards.debits import list_nettable_rewards
from portal.rewards.mintable import WAITING_TO_MINT
from portal.rewards.minting import claim_mintable, claim_paid, count_mintable, list_mintable, require_mintable
from portal.rewards.status_rules import RewardStatus
from tests.factories import ACTOR, make_reward, make_user

CHAIN = 31337
TOKEN = "0x" + "1" * 40


def index_condition(name: str) -> str:
    rows = query(
        "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = %s::regclass", [name]
    )
    return str(rows[0][0])


def test_partial_index_has_exactly_the_conditions(database: str) -> None:
    condition = WAITING_TO_MINT.replace("r.", "")
    query(f"CREATE INDEX same_conditions ON referral_rewards (id) WHERE {condition}")
    assert index_condition("referral_rewards_to_mint") == index_condition("same_conditions")


def test_list_uses_the_partial_index(database: str) -> None:
    query("SET enable_seqscan = off")
    plan = query(
        f"EXPLAIN SELECT id FROM referral_rewards r WHERE {WAITING_TO_MINT} ORDER BY r.created_at, r.id LIMIT 5"
    )
    assert "referral_rewards_to_mint" in str(plan)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({}, None),
        ({"chain_id": CHAIN}, None),
        ({"status": "pending_approval"}, "reward_status_conflict"),
        ({"status": "minting"}, "reward_status_conflict"),
        ({"status": "minted", "refund_due": True}, "reward_status_conflict"),
        ({"status": "failed", "reward_amount_wei": None}, "reward_status_conflict"),
        ({"status": "rejected"}, "reward_status_conflict"),
        ({"refund_due": True}, "reward_refund_due"),
        ({"mintable_from": timedelta(days=3)}, "reward_on_hold"),
        ({"mintable_from": timedelta(days=-3)}, None),
        ({"waits_for_statement": True}, "reward_waits_for_statement"),
        ({"chain_id": CHAIN + 1}, "reward_on_other_chain"),
    ],
)
def test_list_count_claim_and_reason_agree(database: str, values: dict[str, Any], code: str | None) -> None:
    if delay := values.get("mintable_from"):
        values = {**values, "mintable_from": utc_now() + delay}
    reward = make_reward(make_user(), **{"status": "approved", **values})
    refusal = None
    try:
        require_mintable(reward.id, CHAIN)
    except Exception as error:
        refusal = error
    assert getattr(refusal, "code", None) == code
    if refusal is not None:
        assert refusal.params["status"] == reward.status  # type: ignore[attr-defined]
    expected = [] if code else [reward.id]
    assert [each.id for each in list_mintable(5, chain_id=CHAIN)] == expected
    assert [each.id for each in list_mintable(5, chain_id=CHAIN, reward_ids=[reward.id])] == expected
    assert count_mintable(CHAIN)[0] == len(expected)
    claimed = claim_mintable([reward.id], chain_id=CHAIN, token=TOKEN, actor=ACTOR)
    assert [each.id for each in claimed] == expected


def test_require_mintable_of_an_unknown_reward(database: str) -> None:
    with pytest.raises(RewardUnknown):
        require_mintable(10**9, CHAIN)


def test_require_mintable_reports_the_current_status(database: str) -> None:
    reward = make_reward(make_user(), "minted")
    with pytest.raises(RewardStatusConflict) as caught:
        require_mintable(reward.id, CHAIN)
    assert caught.value.params["status"] == "minted"


def test_reward_on_hold_is_claimed_when_the_chain_shows_it_paid(database: str) -> None:
    reward = make_reward(make_user(), "approved", mintable_from=utc_now() + timedelta(days=3))
    assert not claim_mintable([reward.id], chain_id=CHAIN, token=TOKEN, actor=ACTOR)
    assert claim_paid([reward.id], chain_id=CHAIN, token=TOKEN, actor=ACTOR)
    assert ReferralReward.get_by_id(reward.id).status == RewardStatus.MINTING


def test_debits_are_netted_during_the_hold_period(database: str) -> None:
    owner = make_user()
    minted = make_reward(owner, "minted")
    reward_on_hold = make_reward(owner, "approved", mintable_from=utc_now() + timedelta(days=3))
    query(
        "INSERT INTO reward_debits (reward_id, referrer_user_id, amount_wei, reason, order_reference)"
        " VALUES (%s, %s, 5, 'refunded', %s)",
        [minted.id, owner.id, minted.order_reference],
    )
    assert list_nettable_rewards() == [reward_on_hold.id]
