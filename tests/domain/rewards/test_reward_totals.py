"""Reward totals are exact before and after folding, for changes of any number of rewards."""

from __future__ import annotations

import random
import threading

from models import ReferralReward, RewardTotalDelta
from portal.db import connection
from portal.db.checks import run_checks
from portal.rewards import fold_reward_totals, reward_totals
from tests.factories import make_code, make_reward, make_user


def count_rewards(user_id: int | None = None) -> dict[str, tuple[int, int]]:
    totals: dict[str, tuple[int, int]] = {}
    for row in ReferralReward.select():
        if user_id in (None, row.referrer_user_id):
            count, wei = totals.get(row.status, (0, 0))
            totals[row.status] = (count + 1, wei + (row.reward_amount_wei or 0))
    return totals


def totals_are_exact(*users: int) -> bool:
    is_equal = all(
        {status: total for status, total in reward_totals(user).items() if total[0]} == count_rewards(user)
        for user in (None, *users)
    )
    return is_equal and run_checks() == {}


def test_every_change_of_rewards_is_counted_and_folded(database: str) -> None:
    codes = [make_code(make_user(f"r{number}@demo.example")) for number in range(3)]
    users = [code.owner_user_id for code in codes]
    random_source = random.Random(7)
    for _ in range(20):
        make_reward(random_source.choice(codes))
    assert totals_are_exact(*users)
    fold_reward_totals()
    assert RewardTotalDelta.select().count() == 0
    assert totals_are_exact(*users)
    ids = [row.id for row in ReferralReward.select()]
    ReferralReward.update(status="approved").where(ReferralReward.id << ids[::2]).execute()
    ReferralReward.update(reward_amount_wei=5).where(ReferralReward.id << ids[::3]).execute()
    ReferralReward.delete().where(ReferralReward.id << ids[::5]).execute()
    assert totals_are_exact(*users)
    fold_reward_totals()
    assert totals_are_exact(*users)


def test_change_that_affects_no_total_writes_no_delta(database: str) -> None:
    make_reward(make_code(make_user("r@demo.example")))
    fold_reward_totals()
    ReferralReward.update(failure_reason="a note").execute()
    assert RewardTotalDelta.select().count() == 0


def test_folding_during_writes_loses_nothing(database: str) -> None:
    code = make_code(make_user("r@demo.example"))

    def write() -> None:
        with connection():
            for _ in range(15):
                make_reward(code)

    def fold() -> None:
        with connection():
            for _ in range(25):
                fold_reward_totals()

    threads = [threading.Thread(target=job) for job in (write, write, fold)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reward_totals()["pending_approval"][0] == 30
    assert totals_are_exact(code.owner_user_id)
