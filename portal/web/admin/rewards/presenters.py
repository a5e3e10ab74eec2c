"""What admin pages show of rewards: frozen values, no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from portal.chain import checksummed
from portal.flows.minting.mint_jobs import MintJobProgress, MintJobReward, MintReview
from portal.flows.overviews.risk_hints import RiskHint
from portal.rewards import RewardDebts, debts_by_reward
from portal.web.text.format import gas_coin, money, number, token_text
from portal.web.text.messages import failure_text, guard_text
from portal.web.text.rewards import explain, explorer_url, reward_notes, why
from portal.web.text.risk_hints import risk_hint
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import MintJob, ReferralReward

OPEN_STATUSES = ("pending_approval", "approved", "failed")


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One guard of an attribution; `result` is passed or failed."""

    result: str
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class HintText:
    """A risk hint as a sentence; `level` is low, medium or high."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class RewardSummary:
    """A reward in words; `why` is empty unless it failed or was rejected."""

    id: int
    order_reference: str
    code: str
    status: str
    created_at: datetime
    wallet: str
    wallet_url: str | None
    paid: str
    amount: str
    explained: str
    why: str
    notes: tuple[str, ...]
    tx_hash: str | None
    tx_url: str | None


@dataclass(frozen=True, slots=True)
class StatusTotal:
    """How many rewards have a status and their sum."""

    status: str
    count: int
    amount: str


@dataclass(frozen=True, slots=True)
class ReviewView:
    """What a mint would send; an em dash stands for what the chain cannot say."""

    count: int
    total: str
    transactions: str
    gas: str
    cost: str
    balance: str


@dataclass(frozen=True, slots=True)
class JobSummary:
    """A minting job in a list."""

    id: int
    status: str
    minted: int
    failed: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class JobView:
    """A minting job with its progress."""

    id: int
    status: str
    is_running: bool
    can_stop: bool
    total: int
    done: int
    counts: tuple[tuple[str, int], ...]
    failed: int


@dataclass(frozen=True, slots=True)
class JobRow:
    """One reward of a minting job."""

    reward_id: int
    order_reference: str
    wallet: str
    amount: str
    status: str
    why: str
    tx_hash: str | None
    tx_url: str | None


def reward_summaries(rewards: Sequence[ReferralReward]) -> list[RewardSummary]:
    """Return rewards in words; their debts are read at once."""
    debts = debts_by_reward([reward.id for reward in rewards])
    return [_summary(reward, debts.get(reward.id)) for reward in rewards]


def status_totals(totals: dict[str, tuple[int, int]]) -> list[StatusTotal]:
    """Return count and sum of each status, from {status: (count, wei)}."""
    return [StatusTotal(status, count, token_text(wei)) for status, (count, wei) in totals.items()]


def hint_texts(hints: Sequence[RiskHint]) -> tuple[HintText, ...]:
    """Return risk hints as sentences."""
    return tuple(HintText(hint.level, risk_hint(hint.code, hint.number)) for hint in hints)


def trace_steps(trace: Sequence[Mapping[str, Any]]) -> tuple[TraceStep, ...]:
    """Return an order's attribution trace: what was decided when it was placed, and again when paid."""
    if not trace:
        return ()
    stages = {
        "order": _("when the order was placed"),
        "payment": _("when it was paid"),
        "later": _("when an order that was paid earlier was reported"),
    }
    return tuple(
        TraceStep("passed" if step["passed"] else "failed", guard_text(step), stages[step["stage"]])
        for step in trace
    )


def review_view(review: MintReview) -> ReviewView:
    """Return what a mint would send."""
    balance = review.operator_balance_wei
    return ReviewView(
        len(review.reward_ids),
        token_text(review.total_wei),
        number(review.transactions),
        number(review.gas) if review.gas else "—",
        "—" if review.cost_wei is None else gas_coin(review.cost_wei),
        "—" if balance is None else gas_coin(balance),
    )


def job_summaries(jobs: Sequence[MintJob]) -> list[JobSummary]:
    """Return minting jobs for a list."""
    return [JobSummary(job.id, job.status, job.minted, job.failed, job.created_at) for job in jobs]


def job_view(progress: MintJobProgress) -> JobView:
    """Return a minting job with its progress."""
    job, counts = progress.job, progress.counts
    return JobView(
        job.id,
        job.status,
        progress.is_running,
        progress.is_running and not job.stop_requested,
        progress.total,
        progress.done,
        tuple((status, counts.get(status, 0)) for status in ("approved", "minting", "minted", "failed")),
        counts.get("failed", 0),
    )


def job_row(reward: MintJobReward) -> JobRow:
    """Return one reward of a minting job."""
    return JobRow(
        reward.reward_id,
        reward.order_reference,
        checksummed(reward.wallet),
        token_text(reward.amount_wei),
        reward.status,
        failure_text(reward.failure_reason) if reward.status in ("failed", "rejected") else "",
        reward.tx_hash,
        explorer_url("tx", reward.tx_hash) if reward.tx_hash else None,
    )


def _summary(reward: ReferralReward, debts: RewardDebts | None) -> RewardSummary:
    wallet = checksummed(reward.referrer_wallet)
    return RewardSummary(
        id=reward.id,
        order_reference=reward.order_reference,
        code=reward.ref_code,
        status=reward.status,
        created_at=reward.created_at,
        wallet=wallet,
        wallet_url=explorer_url("address", wallet) if wallet else None,
        paid=money(reward.order_total_minor, reward.currency),
        amount=token_text(reward.reward_amount_wei),
        explained=explain(reward),
        why=why(reward),
        notes=tuple(reward_notes(reward, debts)),
        tx_hash=reward.tx_hash,
        tx_url=explorer_url("tx", reward.tx_hash) if reward.tx_hash else None,
    )
