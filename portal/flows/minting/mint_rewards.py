"""Mint rewards in rounds of one leader. See docs/rules/minting.md.

A round has four steps, and their order makes it safe against crashes, reorganizations and lost responses:

1. reopen transactions that a reorganization removed;
2. settle open transactions that are final, send or bump the others;
3. while fewer transactions than allowed are unmined: claim, simulate, sign and commit mintable rewards, and only then
   send them;
4. compare the contract's events with the ledger.

A transaction that is mined but not final does not delay the next batch: its nonce is used, and the simulation at
the latest block sees its effect. At most `REFERRAL_MINT_OPEN_TRANSACTIONS` wait in a mempool at any time; what they
may still take is counted against the caps, the treasury and the operator's balance.
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
    lead,
    order_ref,
)
from portal.chain.errors import ContractMissing
from portal.chain.sending.operations import Waiting
from portal.chain.sending.sender import count_open_items
from portal.chain.state import is_remembered, recall, recall_many, remember
from portal.db import Actor, connection, database_now, transaction
from portal.db.failing import require_database
from portal.flows.minting._audit import audit_before_sending, audit_when_due, is_idle
from portal.flows.minting._claim import claim_and_send
from portal.flows.minting._context import MintRound, OnMinted
from portal.flows.minting._open_transactions import reopen_rewards, settle_rewards
from portal.flows.minting.mint_jobs import (
    NothingToMint,
    create_mint_job,
    list_job_reward_ids,
    refresh_mint_jobs,
)
from portal.flows.minting.watch_chain import watch_name
from portal.flows.webhooks.publish import publish_rewards
from portal.logs import get_logger
from portal.notifications import notify
from portal.rewards import minting
from portal.rewards.mintable import payment_reference
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
    "state_name",
    "waiting_reason",
]

log = get_logger(__name__)

# Between rounds: while there is more to send, while a transaction is not mined, and while only finality is awaited.
_PAUSE_SECONDS, _UNMINED_PAUSE_SECONDS, _FINALITY_PAUSE_SECONDS = 0.25, 0.5, 1.5


@dataclass(frozen=True)
class MintReport:
    """Numbers of rewards that a round processed, submitted in a transaction, minted (final) and failed.

    `waiting_reason` is the stable code of what prevents more (docs/on-chain.md lists them), `waiting_detail` its
    explanation in English; `open_rewards` are in transactions that are not final yet, and `is_unmined` is whether one
    of these is not even mined.
    """

    processed: int = 0
    submitted: int = 0
    minted: int = 0
    failed: int = 0
    waiting_reason: str | None = None
    waiting_detail: str = ""
    open_rewards: int = 0
    job_id: int | None = None
    is_unmined: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the response of `POST /api/refcodes/mint`."""
        is_blocked = self.waiting_reason not in (None, "other_leader", "no_key")
        return {
            "success": not is_blocked or bool(self.submitted or self.minted),
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
    """Run one round if this process becomes leader; claim at most `limit` rewards, only from `reward_ids` if given.

    `on_minted` is called with reward ids inside the transaction that makes them `minted`. Chain errors are
    reported, not raised. Raises DatabaseAway.
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

    It sends no chain request while nothing is approved or open and the last audit is recent.
    """
    with connection():
        if chain.configured and is_idle(chain):
            return MintReport()
    return mint_rewards(chain, settings, limit, actor, on_minted=notify_minted, reward_ids=reward_ids)


def request_mint(
    chain: AnyChain, settings: Settings, limit: int, user_id: int, reward_id: int | None = None
) -> MintReport:
    """Create an admin's mint job and run its first round; later rounds of any process continue the job.

    The job holds the oldest `limit` mintable rewards; if there are none, the round only settles. With `reward_id` it
    holds that reward alone: raises RewardUnknown, RewardStatusConflict or RewardNotMintable.
    """
    actor = Actor.user(user_id)
    with connection():
        if reward_id is not None:
            job_id = _create_single_job(reward_id, chain.chain_id, actor)
        else:
            try:
                job_id = create_mint_job(actor, chain_id=chain.chain_id, limit=limit)
            except NothingToMint:
                return run_mint(chain, settings, limit, actor)
        report = run_mint(chain, settings, limit, actor, list_job_reward_ids(job_id))
        return replace(report, job_id=job_id)


def _create_single_job(reward_id: int, chain_id: int, actor: Actor) -> int:
    try:
        return create_mint_job(actor, chain_id=chain_id, reward_ids=[reward_id], kind="single")
    except NothingToMint:
        minting.require_mintable(reward_id, chain_id)
        raise


def notify_minted(reward_ids: Sequence[int]) -> None:
    """Notify the referrers, once per reward, that their tokens arrived, and the stores' webhook endpoints."""
    _publish_minted(reward_ids)
    for reward in ReferralReward.select().where(ReferralReward.id.in_(list(reward_ids))):
        try:
            notify(
                reward.referrer_user_id,
                "referral_reward_minted",
                f"referral_reward_minted:{reward.id}",
                orderReference=reward.order_reference,
                amountWei=str(reward.reward_amount_wei),
                txHash=reward.tx_hash,
                paymentHash=order_ref(payment_reference(reward.order_reference, reward.payment_number)),
            )
        except Exception as error:
            # The transaction that records the mint continues: a payment on chain must not wait for a letter.
            require_database(error)
            log.exception("mint not announced", reward_id=reward.id)


def _publish_minted(reward_ids: Sequence[int]) -> None:
    """Publish mints; like a notification, an event that cannot be written does not undo a recorded mint."""
    try:
        with transaction():
            publish_rewards(reward_ids)
    except Exception as error:
        require_database(error)
        log.exception("mints not published", reward_ids=list(reward_ids))


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
    work: MintRound | None = None
    problem: Waiting | None = None
    try:
        node = chain.node(database_now())
        work = MintRound(
            chain=chain,
            node=node,
            leader=leader,
            key=key,
            actor=actor,
            batch_size=settings.referral_mint_batch_size,
            most_unmined=settings.referral_mint_open_transactions,
            latest=node.head or node.block("latest"),
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


def _run(work: MintRound, limit: int) -> None:
    """Run the four steps of a round."""
    reopen_rewards(work)
    followed = settle_rewards(work)
    work.is_unmined = bool(followed.unmined)
    work.free_slots = followed.free_slots(work.most_unmined, work.key.address)
    if work.free_slots and limit > 0 and _has_mintable(work):
        audit_before_sending(work)
        try:
            claim_and_send(work, limit)
        except Waiting as waiting:
            # The audit does not depend on whether anything can be paid now.
            work.note(waiting)
    audit_when_due(work)


def _has_mintable(work: MintRound) -> bool:
    here, elsewhere = minting.count_mintable(work.chain.chain_id)
    if elsewhere and not here:
        work.note(Waiting("other_chain", f"{elsewhere} rewards belong to another chain"))
    return here > 0


def _report(chain: Chain, work: MintRound | None, problem: Waiting | None) -> MintReport:
    _remember(chain, problem)
    return MintReport(
        processed=work.processed if work else 0,
        submitted=work.submitted if work else 0,
        minted=len(work.minted) if work else 0,
        failed=work.failed if work else 0,
        waiting_reason=problem.code if problem else None,
        waiting_detail=problem.detail if problem else "",
        open_rewards=count_open_items("reward"),
        is_unmined=work is not None and work.is_unmined,
    )


def _wait(chain: AnyChain, problem: Waiting) -> MintReport:
    if problem.code != "no_key" or not is_remembered(state_name(chain.chain_id), but=problem.code):
        # Where another process holds the key, it stores its own reason.
        _remember(chain, problem)
    return MintReport(
        waiting_reason=problem.code, waiting_detail=problem.detail, open_rewards=count_open_items("reward")
    )


def _remember(chain: AnyChain, problem: Waiting | None) -> None:
    code, detail = (problem.code, problem.detail) if problem else (None, "")
    if remember(state_name(chain.chain_id), {"code": code, "detail": detail}):
        if problem:
            log.warning("minting waits", reason=code, detail=detail)
        else:
            log.info("minting is possible")
    refresh_mint_jobs(code)


def state_name(chain_id: int) -> str:
    """Return the name under which the reason of the last round is stored."""
    return f"mint_waiting:{chain_id}"


def waiting_reason(chain_id: int) -> WaitingReason | None:
    """Return why the last round could not do more, None if nothing prevents minting."""
    state = recall(state_name(chain_id))
    if state is None or not state[0].get("code"):
        return None
    value, since = state
    return WaitingReason(value["code"], value.get("detail", ""), since)


def list_obstacles(chain: AnyChain) -> list[str]:
    """Return the codes of why minting waits now, and of what will stop it soon by the last check of the chain."""
    waiting, watched = state_name(chain.chain_id), watch_name(chain)
    values = {name: value for name, (value, _since) in recall_many([waiting, watched]).items()}
    codes = [values.get(waiting, {}).get("code"), *values.get(watched, {}).get("problems", ())]
    return list(dict.fromkeys(code for code in codes if code and code != "other_leader"))


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
    is_stopping: Callable[[], bool] = lambda: False,
) -> MintReport:
    """Run rounds until `limit` rewards are submitted, nothing is left, or `seconds` are over; return the sum.

    A process that is stopping finishes the present round only.

    It sends no chain request while nothing is approved or open and the last audit is recent.
    """
    total = MintReport()
    with connection():
        if chain.configured and is_idle(chain):
            return total
    deadline = time.monotonic() + seconds
    while True:
        report = mint_rewards(
            chain, settings, limit - total.submitted, actor, on_minted=on_minted, reward_ids=reward_ids
        )
        total = _sum(total, report)
        on_round(total)
        if _is_done(report) or is_stopping() or time.monotonic() >= deadline:
            return total
        time.sleep(_pause_seconds(report))


def _pause_seconds(report: MintReport) -> float:
    """Return how long to wait before the next round, so that a node is not asked for what takes its time anyway."""
    if report.submitted or report.processed:
        return _PAUSE_SECONDS
    return _UNMINED_PAUSE_SECONDS if report.is_unmined else _FINALITY_PAUSE_SECONDS


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
        is_unmined=report.is_unmined,
    )
