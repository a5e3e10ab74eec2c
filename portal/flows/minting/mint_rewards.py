"""Mint approved rewards: one leader's round, in an order that no crash, reorganisation or lost answer can break.

1. what the chain took back is open again; 2. open transactions are settled when final, else sent again or bumped;
3. nothing unmined: approved rewards are claimed, simulated, signed, committed, and only then sent;
4. events are compared with the ledger (CHAIN.md section 2).

Transactions that are mined but not final do not hold up the next batch: their nonces are used, and the
simulation at the head sees them. At most one transaction of ours is ever waiting in a mempool.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from models import ReferralReward
from portal.chain import (
    AnyChain,
    Chain,
    ChainAway,
    Leader,
    LeaderLost,
    NodeRefused,
    OperatorKey,
    WrongChain,
    database_now,
    lead,
)
from portal.chain.errors import ContractMissing
from portal.chain.sending.operations import Waiting
from portal.chain.sending.sender import count_open_items
from portal.chain.state import recall, remember
from portal.db import Actor, connection
from portal.flows.minting._audit import audit_before_sending, audit_when_due, is_idle
from portal.flows.minting._claim import claim_and_send
from portal.flows.minting._context import OnMinted, Round
from portal.flows.minting._open_transactions import reopen_rewards, settle_rewards
from portal.flows.minting.mint_jobs import (
    NothingToMint,
    create_mint_job,
    list_job_reward_ids,
    refresh_mint_jobs,
)
from portal.notifications import notify
from portal.rewards import RewardStatusConflict, get_reward, minting
from portal.settings import Settings

__all__ = [
    "MintReport",
    "OnMinted",
    "WaitingReason",
    "drive_minting",
    "mint_rewards",
    "notify_minted",
    "request_mint",
    "run_mint",
    "waiting_reason",
]

_PAUSE_SECONDS = 0.25


@dataclass(frozen=True)
class MintReport:
    """What one round did: rewards looked at, put into a transaction, final, failed; why it could not do more.

    `waiting_reason` is a stable code (docs/on-chain.md lists them), `waiting_detail` says more in English;
    `open_rewards` stand in transactions that are not final yet.
    """

    processed: int = 0
    submitted: int = 0
    minted: int = 0
    failed: int = 0
    waiting_reason: str | None = None
    waiting_detail: str = ""
    open_rewards: int = 0
    job_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the answer of the mint routes (SPEC section 7)."""
        is_held_up = self.waiting_reason not in (None, "other_leader", "no_key")
        return {
            "success": not is_held_up or bool(self.submitted or self.minted),
            "processed": self.processed,
            "submitted": self.submitted,
            "minted": self.minted,
            "failed": self.failed,
            "jobId": self.job_id,
            "waitingReason": self.waiting_reason,
        }


@dataclass(frozen=True)
class WaitingReason:
    """Why minting waits and since when; `code` is stable, `detail` is in English."""

    code: str
    detail: str
    since: datetime


def mint_rewards(
    chain: AnyChain,
    settings: Settings,
    limit: int,
    actor: Actor,
    *,
    on_minted: OnMinted | None = None,
    reward_ids: Sequence[int] | None = None,
) -> MintReport:
    """Run one round if this process can lead, claiming at most `limit` rewards, of `reward_ids` only where given.

    `on_minted` is called with reward ids inside the transaction that makes them `minted`. Never raises for what
    the chain does: the report says why nothing more was possible. Raises DatabaseAway.
    """
    with connection():
        if not isinstance(chain, Chain):
            return _wait(chain, Waiting("not_configured", chain.reason))
        if chain.operator is None:
            return _wait(chain, Waiting("no_key", "this process holds no minter key"))
        with lead(chain.leader_name) as leader:
            if leader is None:
                return MintReport(waiting_reason="other_leader", open_rewards=count_open_items("reward"))
            return _lead_round(chain, settings, limit, actor, leader, chain.operator, on_minted, reward_ids)


def run_mint(
    chain: AnyChain, settings: Settings, limit: int, actor: Actor, reward_ids: Sequence[int] | None = None
) -> MintReport:
    """Run one round and notify the referrers of what became minted.

    With nothing approved, nothing open and a young audit it asks the chain nothing: this runs every few seconds.
    """
    with connection():
        if chain.configured and is_idle(chain):
            return MintReport()
    return mint_rewards(chain, settings, limit, actor, on_minted=notify_minted, reward_ids=reward_ids)


def request_mint(
    chain: AnyChain, settings: Settings, limit: int, user_id: int, reward_id: int | None = None
) -> MintReport:
    """Write a mint job of an admin for one reward or the oldest `limit`, and run its first round at once.

    Later rounds of any process go on with it. Raises RewardUnknown, or RewardStatusConflict when the one
    reward is not approved.
    """
    with connection():
        if reward_id is not None and (reward := get_reward(reward_id)).status != "approved":
            raise RewardStatusConflict(status=reward.status)
        chosen = None if reward_id is None else [reward_id]
        actor = Actor.user(user_id)
        kind = "batch" if reward_id is None else "single"
        try:
            job_id = create_mint_job(
                actor, chain_id=chain.chain_id, limit=limit, reward_ids=chosen, kind=kind
            )
        except NothingToMint:
            return run_mint(chain, settings, limit, actor)
        report = run_mint(chain, settings, limit, actor, list_job_reward_ids(job_id))
        return replace(report, job_id=job_id)


def notify_minted(reward_ids: Sequence[int]) -> None:
    """Tell the referrers, once a reward, that their tokens arrived (SPEC section 5)."""
    for reward in ReferralReward.select().where(ReferralReward.id.in_(list(reward_ids))):
        notify(
            reward.referrer_user_id,
            "referral_reward_minted",
            f"referral_reward_minted:{reward.id}",
            orderReference=reward.order_reference,
            amountWei=str(reward.reward_amount_wei),
            txHash=reward.tx_hash,
        )


def _lead_round(
    chain: Chain,
    settings: Settings,
    limit: int,
    actor: Actor,
    leader: Leader,
    key: OperatorKey,
    on_minted: OnMinted | None,
    reward_ids: Sequence[int] | None,
) -> MintReport:
    work: Round | None = None
    problem: Waiting | None = None
    try:
        node = chain.node(database_now())
        work = Round(
            chain=chain,
            node=node,
            leader=leader,
            key=key,
            actor=actor,
            batch_size=settings.referral_mint_batch_size,
            latest=node.block("latest"),
            finalized=node.block("finalized"),
            on_minted=on_minted,
            reward_ids=reward_ids,
        )
        _run(work, limit)
    except Waiting as waiting:
        problem = waiting
    except (ChainAway, NodeRefused, WrongChain, ContractMissing, LeaderLost) as error:
        problem = Waiting(error.code, str(error))
    return _report(chain, work, problem or (work.problem if work else None))


def _run(work: Round, limit: int) -> None:
    """The four rules, in their order."""
    reopen_rewards(work)
    is_unmined = settle_rewards(work)
    if not is_unmined and limit > 0 and _has_approved(work):
        audit_before_sending(work)
        try:
            claim_and_send(work, limit)
        except Waiting as waiting:
            # Nothing can be paid now; the audit goes on all the same.
            work.note(waiting)
    audit_when_due(work)


def _has_approved(work: Round) -> bool:
    mine, others = minting.count_approved(work.chain.chain_id)
    if others and not mine:
        work.note(Waiting("other_chain", f"{others} rewards belong to another chain"))
    return mine > 0


def _report(chain: Chain, work: Round | None, problem: Waiting | None) -> MintReport:
    _remember(chain, problem)
    return MintReport(
        processed=work.processed if work else 0,
        submitted=work.submitted if work else 0,
        minted=len(work.minted) if work else 0,
        failed=work.failed if work else 0,
        waiting_reason=problem.code if problem else None,
        waiting_detail=problem.detail if problem else "",
        open_rewards=count_open_items("reward"),
    )


def _wait(chain: AnyChain, problem: Waiting) -> MintReport:
    if problem.code != "no_key":
        # A process without a key knows nothing of why the one that holds it waits.
        _remember(chain, problem)
    return MintReport(
        waiting_reason=problem.code, waiting_detail=problem.detail, open_rewards=count_open_items("reward")
    )


def _remember(chain: AnyChain, problem: Waiting | None) -> None:
    code, detail = (problem.code, problem.detail) if problem else (None, "")
    remember(_state_name(chain.chain_id), {"code": code, "detail": detail})
    refresh_mint_jobs(code)


def _state_name(chain_id: int) -> str:
    return f"mint_waiting:{chain_id}"


def waiting_reason(chain_id: int) -> WaitingReason | None:
    """Return why the last round could not do more, None when nothing holds minting up."""
    found = recall(_state_name(chain_id))
    if found is None or not found[0].get("code"):
        return None
    return WaitingReason(found[0]["code"], found[0].get("detail", ""), found[1])


def drive_minting(
    chain: AnyChain,
    settings: Settings,
    actor: Actor,
    *,
    limit: int,
    seconds: float,
    reward_ids: Sequence[int] | None = None,
    on_minted: OnMinted | None = None,
    on_round: Callable[[MintReport], None] = lambda _: None,
) -> MintReport:
    """Run rounds until `limit` rewards are final, nothing is left, or `seconds` have passed; return the sum."""
    total = MintReport()
    deadline = time.monotonic() + seconds
    while True:
        report = mint_rewards(
            chain, settings, limit - total.submitted, actor, on_minted=on_minted, reward_ids=reward_ids
        )
        total = _sum(total, report)
        on_round(total)
        if _is_done(report) or time.monotonic() >= deadline:
            return total
        time.sleep(_PAUSE_SECONDS)


def _is_done(report: MintReport) -> bool:
    return not report.open_rewards and not report.submitted and not report.processed


def _sum(total: MintReport, report: MintReport) -> MintReport:
    return MintReport(
        total.processed + report.processed,
        total.submitted + report.submitted,
        total.minted + report.minted,
        total.failed + report.failed,
        report.waiting_reason,
        report.waiting_detail,
        report.open_rewards,
    )
