"""Two admins above a limit and nobody for oneself, on every way to `approved`."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from models import MintJob, ReferralReward, RewardApproval, User
from portal.db import SYSTEM, Actor, query
from portal.flows.approvals import decide_reward
from portal.flows.approvals.retry_mint_job import retry_failed_of_job
from portal.flows.checkout.retry_ledgers import retry_failed_ledger
from portal.flows.checkout.settle_payment import pay_with_credit
from portal.flows.minting.mint_jobs import NothingToMint
from portal.payments import record_rail_failure
from portal.rewards import AlreadyApprovedByYou, OwnReward
from portal.rewards.status_rules import TRANSITIONS, RewardStatus
from tests.factories import ACTOR, give_credit, make_reward, make_user
from tests.flows.conftest import Store

PORTAL = Path(__file__).resolve().parents[3] / "portal"
LIMIT = Decimal(10)
APPROVED, FAILED, PENDING = RewardStatus.APPROVED, RewardStatus.FAILED, RewardStatus.PENDING_APPROVAL

Road = Callable[[ReferralReward, User, Store], object]


@pytest.fixture
def careful(store: Store) -> Store:
    """The store with a limit of 10 USD and a chain id, so that mint jobs can be created."""
    store.settings = store.settings.model_copy(update={"referral_second_approval_usd": LIMIT})
    return store


@pytest.fixture
def admins() -> tuple[User, User]:
    return make_user("First", role="admin"), make_user("Second", role="admin")


def job_of(reward: ReferralReward) -> int:
    job_id = query("INSERT INTO mint_jobs (kind) VALUES ('batch') RETURNING id")[0][0]
    query("INSERT INTO mint_job_items (job_id, reward_id) VALUES (%s, %s)", [job_id, reward.id])
    return int(job_id)


def status_of(reward: ReferralReward) -> str:
    return str(ReferralReward.get_by_id(reward.id).status)


def retry_job(reward: ReferralReward, admin: User, store: Store) -> object:
    return retry_failed_of_job(job_of(reward), admin.id, store.chain, store.settings)


# Every way by which a person approves, with the status it starts from.
ROADS: dict[str, tuple[str, Road]] = {
    "one": (PENDING, lambda reward, admin, store: decide_reward.approve(reward.id, admin.id, store.settings)),
    "many": (
        PENDING,
        lambda reward, admin, store: decide_reward.approve_many([reward.id], admin.id, store.settings),
    ),
    "retry": (
        FAILED,
        lambda reward, admin, store: decide_reward.retry(reward.id, admin.id, store.chain, store.settings),
    ),
    "mint job": (FAILED, retry_job),
}


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("usd_value", [LIMIT, Decimal(125), None])
def test_two_admins_from_the_limit_on(
    careful: Store, admins: tuple[User, User], road: str, usd_value: Decimal | None
) -> None:
    before, take = ROADS[road]
    reward = make_reward(make_user(), before, usd_value=usd_value)
    take(reward, admins[0], careful)
    assert status_of(reward) == before
    with contextlib.suppress(AlreadyApprovedByYou):
        take(reward, admins[0], careful)
    assert status_of(reward) == before, "one admin never counts twice"
    take(reward, admins[1], careful)
    assert status_of(reward) == APPROVED


@pytest.mark.parametrize("road", ROADS)
def test_one_admin_below_the_limit(careful: Store, admins: tuple[User, User], road: str) -> None:
    before, take = ROADS[road]
    reward = make_reward(make_user(), before, usd_value=Decimal("9.999999"))
    take(reward, admins[0], careful)
    assert status_of(reward) == APPROVED
    assert ReferralReward.get_by_id(reward.id).approved_by == admins[0].id


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("limit", [0, 10])
def test_nobody_approves_an_own_reward(
    careful: Store, admins: tuple[User, User], road: str, limit: int
) -> None:
    careful.settings = careful.settings.model_copy(update={"referral_second_approval_usd": Decimal(limit)})
    before, take = ROADS[road]
    reward = make_reward(admins[0], before, usd_value=Decimal(5))
    with contextlib.suppress(OwnReward):
        take(reward, admins[0], careful)
    assert status_of(reward) == before
    assert not RewardApproval.select().exists()


def test_retry_is_judged_by_the_new_value(careful: Store, admins: tuple[User, User]) -> None:
    # It failed without a rate, so its value was unknown; 100 000 UAH at 40 are 2 500 USD, 5% are 125 USD.
    reward = make_reward(
        make_user(),
        FAILED,
        order_total_minor=10_000_000,
        usd_value=None,
        reward_amount_wei=None,
        failure_reason="rate_missing",
    )
    rate = {"referral_uah_per_usd": Decimal(40)}
    careful.settings = careful.settings.model_copy(update=rate)
    assert decide_reward.retry(reward.id, admins[0].id, careful.chain, careful.settings).status == FAILED
    second = decide_reward.retry(reward.id, admins[1].id, careful.chain, careful.settings)
    assert (second.status, second.usd_value) == (APPROVED, Decimal(125))


def test_a_retry_needs_two_admins_again(careful: Store, admins: tuple[User, User]) -> None:
    reward = make_reward(make_user(), usd_value=Decimal(50))
    for admin in admins:
        decide_reward.approve(reward.id, admin.id, careful.settings)
    assert status_of(reward) == APPROVED
    ReferralReward.update(status=FAILED, failure_reason="x").where(ReferralReward.id == reward.id).execute()
    assert decide_reward.retry(reward.id, admins[1].id, careful.chain, careful.settings).status == FAILED
    assert decide_reward.retry(reward.id, admins[0].id, careful.chain, careful.settings).status == APPROVED


def test_a_mint_job_retries_what_it_may_and_says_the_rest(careful: Store, admins: tuple[User, User]) -> None:
    large, own = make_reward(make_user(), FAILED, usd_value=None), make_reward(admins[0], FAILED)
    small = make_reward(make_user(), FAILED)
    job_id = job_of(large)
    for reward in (own, small):
        query("INSERT INTO mint_job_items (job_id, reward_id) VALUES (%s, %s)", [job_id, reward.id])
    new_id, result = retry_failed_of_job(job_id, admins[0].id, careful.chain, careful.settings)
    assert (result.decided, result.first_approvals) == ([small.id], [large.id])
    assert result.refused == {"own_reward": [own.id]}
    assert new_id is not None
    assert MintJob.get_by_id(new_id).retry_of == job_id


def test_a_mint_job_without_failures_has_nothing_to_retry(careful: Store, admins: tuple[User, User]) -> None:
    with pytest.raises(NothingToMint):
        retry_job(make_reward(make_user(), APPROVED), admins[0], careful)


@pytest.mark.parametrize(("limit", "status"), [("0", APPROVED), ("1000", APPROVED), ("0.01", PENDING)])
def test_credit_purchases_wait_for_two_admins_above_the_limit(
    store: Store, admins: tuple[User, User], limit: str, status: str
) -> None:
    store.settings = store.settings.model_copy(update={"referral_second_approval_usd": Decimal(limit)})
    buyer = store.newcomer("ann")
    give_credit(buyer, 10_000_000)
    order = store.place(buyer, cookie=store.code).order
    pay_with_credit(order.id, buyer, store.chain, store.settings)
    reward = ReferralReward.get(ReferralReward.order_reference == order.order_reference)
    assert (reward.rail, reward.status, reward.approved_at is None) == ("crypto", status, status == PENDING)
    if status == PENDING:
        assert decide_reward.approve(reward.id, admins[0].id, store.settings).status == PENDING
        assert decide_reward.approve(reward.id, admins[1].id, store.settings).status == APPROVED


def test_an_admin_does_not_record_an_own_reward_as_approved(store: Store) -> None:
    buyer = store.newcomer("ann")
    give_credit(buyer, 10_000_000)
    order = store.place(buyer, cookie=store.code).order
    pay_with_credit(order.id, buyer, store.chain, store.settings)
    reward = ReferralReward.get(ReferralReward.order_reference == order.order_reference)
    query("DELETE FROM referral_rewards WHERE id = %s", [reward.id])
    record_rail_failure(order.order_reference, "reward", "was away")
    failure_id = query("SELECT id FROM rail_failures")[0][0]
    retry_failed_ledger(failure_id, reward.referrer_user_id, store.chain, store.settings)
    assert ReferralReward.get(ReferralReward.order_reference == order.order_reference).status == PENDING


def test_a_job_never_approves_above_the_limit(careful: Store) -> None:
    reward = make_reward(make_user(), usd_value=None)
    for actor in (SYSTEM, ACTOR, Actor.job("approve")):
        assert actor.user_id is None
        rule = decide_reward.approvals_rule(LIMIT)
        decide_reward.approve_reward(reward.id, actor, approvals_needed=rule)
    assert status_of(reward) == PENDING


# --- every operation that writes the status ---------------------------------------------------


def _verbs_of(function: ast.FunctionDef) -> set[str]:
    """Return the transitions that a function names, as `TRANSITIONS["verb"]` or in a call of `_decide`."""
    verbs = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("TRANSITIONS"):
            verbs |= {part.value for part in ast.walk(node.slice) if isinstance(part, ast.Constant)}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "_decide":
            verbs |= {part.value for part in node.args if isinstance(part, ast.Constant)}
    return verbs


def _writers() -> dict[str, ast.FunctionDef]:
    """Return the functions that can make a reward approved: by a transition to it, or by a new reward."""
    to_approved = {verb for verb, each in TRANSITIONS.items() if each.to_status == APPROVED}
    writers = {}
    for path in sorted(PORTAL.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef):
                continue
            is_writing = path.parent.name == "rewards" and _verbs_of(node) & to_approved
            source = ast.unparse(node)
            if is_writing or "ReferralReward.insert(" in source or "Opening(RewardStatus.APPROVED" in source:
                writers[f"{path.parent.name}/{path.stem}.{node.name}"] = node
    return writers


def test_every_operation_that_writes_approved_requires_the_number_of_approvals() -> None:
    writers = _writers()
    # Neither approves: the first restores what the chain proves unpaid, the second asks by itself.
    undone = writers.pop("rewards/minting.return_to_approved")
    imported = writers.pop("ring_import/writers.write_reward")
    assert _verbs_of(undone) == {"return"}
    assert TRANSITIONS["return"].from_statuses == (RewardStatus.MINTING,)
    assert "_reward_values(" in ast.unparse(imported)
    assert set(writers) == {
        *(f"rewards/operations.{name}_reward" for name in ("approve", "open", "retry")),
        "rewards/operations.approve_missing",
    }
    for name, function in writers.items():
        required = [
            argument.arg
            for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
            if default is None
        ]
        assert required == ["approvals_needed"], name
        calls = [ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)]
        assert "approvals_needed" in calls, name
        assert {"_approval", "_try_budget", "reserve_budget"} & set(calls), f"{name} reserves no budget"
