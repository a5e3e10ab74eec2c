"""The rows of the reward queue: a page has fifty, so every text of a row is made here, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import quote

from portal.chain import checksummed
from portal.flows.overviews.queue_overview import QueueFacts, queue_facts
from portal.rewards import RewardDebts, debts_by_reward
from portal.rewards.errors import USED_REFERENCE
from portal.web.admin.rewards.presenters import HintText, TraceStep, hint_texts, trace_steps
from portal.web.core.urls import plain_url, url_for
from portal.web.text.format import moment, money, token_text
from portal.web.text.rewards import explain_briefly, explorer_url, reward_notes, why
from portal.web.text.translate import gettext as _
from portal.web.text.translate import per_language

if TYPE_CHECKING:
    from models import ReferralReward

OPEN_STATUSES = ("pending_approval", "approved", "failed")
_MOVING_STATUSES = ("approved", "minting")


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A row of the queue: the reward and what an admin weighs before deciding.

    `stopped` are the steps of the attribution that were not passed; the audit shows all of them. Decisions are sent to
    addresses below `url`; `approval` is the last part of the one that approves, "" where this admin cannot, and
    `approval_word` its word among `row_words`. `is_moving`: the status changes without an admin.
    """

    id: int
    order_reference: str
    audit_url: str
    created_iso: str
    created: str
    rail: str
    hints: tuple[HintText, ...]
    stopped: tuple[TraceStep, ...]
    wallet: str
    short_wallet: str
    wallet_url: str | None
    code: str
    code_url: str
    paid: str
    amount: str
    explained: str
    status: str
    tx_hash: str | None
    short_tx: str
    tx_url: str | None
    notes: tuple[str, ...]
    is_open: bool
    is_moving: bool
    may_decide: bool
    approval: str
    approval_word: str
    url: str


@dataclass(frozen=True, slots=True)
class _Page:
    """What all rows share: who reads them, and what their addresses begin with."""

    admin_id: int
    queue: str
    audit: str
    codes: str


def queue_rows(rewards: Sequence[ReferralReward], admin_id: int) -> list[QueueRow]:
    """Return the queue's rows as the given admin sees them."""
    facts = queue_facts(rewards)
    debts = debts_by_reward([reward.id for reward in rewards])
    page = _Page(
        admin_id,
        plain_url("admin.rewards.list"),
        f"{plain_url('admin.audit.search')}?reward=",
        url_for("admin.referrers.code", code="0").removesuffix("0"),
    )
    return [_row(reward, debts.get(reward.id), facts[reward.id], page) for reward in rewards]


@per_language
def row_words() -> dict[str, str]:
    """Return the words that every row repeats; some are named after the decisions and the rails."""
    return {
        "fiat": _("Money"),
        "crypto": _("Credit"),
        "no_wallet": _("No wallet yet"),
        "explorer": _("Open the address in the block explorer"),
        "explorer_tx": _("Open the transaction in the block explorer"),
        "approve": _("Approve"),
        "confirm": _("Confirm"),
        "retry": _("Retry"),
        "pay-missing": _("Pay what is missing"),
        "reject": _("Reject"),
    }


def _row(reward: ReferralReward, debts: RewardDebts | None, facts: QueueFacts, page: _Page) -> QueueRow:
    wallet, is_open = checksummed(reward.referrer_wallet), reward.status in OPEN_STATUSES
    is_own = reward.referrer_user_id == page.admin_id
    approval = "" if is_own or page.admin_id in facts.approved_by else _approval(reward)
    return QueueRow(
        id=reward.id,
        order_reference=reward.order_reference,
        audit_url=f"{page.audit}{reward.id}",
        created_iso=f"{reward.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        created=moment(reward.created_at),
        rail=reward.rail,
        hints=hint_texts(facts.hints),
        stopped=trace_steps([step for step in facts.trace if not step["passed"]]),
        wallet=wallet,
        short_wallet=f"{wallet[:6]}…{wallet[-4:]}",
        wallet_url=explorer_url("address", wallet) if wallet else None,
        code=reward.ref_code,
        code_url=page.codes + quote(reward.ref_code, safe=""),
        paid=money(reward.order_total_minor, reward.currency),
        amount=token_text(reward.reward_amount_wei),
        explained=explain_briefly(reward),
        status=reward.status,
        tx_hash=reward.tx_hash,
        short_tx=f"{reward.tx_hash[:8]}…{reward.tx_hash[-6:]}" if reward.tx_hash else "",
        tx_url=explorer_url("tx", reward.tx_hash) if reward.tx_hash else None,
        notes=tuple(_notes(reward, debts, facts, is_own=is_own and is_open)),
        is_open=is_open,
        is_moving=reward.status in _MOVING_STATUSES,
        may_decide=is_open and not is_own,
        approval=approval,
        approval_word="confirm" if approval == "approve" and facts.approved_by else approval,
        url=f"{page.queue}/{reward.id}",
    )


def _approval(reward: ReferralReward) -> str:
    if reward.status == "failed":
        return "pay-missing" if reward.failure_reason in USED_REFERENCE else "retry"
    return "approve" if reward.status == "pending_approval" else ""


def _notes(
    reward: ReferralReward, debts: RewardDebts | None, facts: QueueFacts, *, is_own: bool
) -> Iterator[str]:
    if reason := why(reward):
        yield reason
    yield from reward_notes(reward, debts)
    if facts.approved_by and reward.status in OPEN_STATUSES:
        names = ", ".join(facts.approved_by.values())
        yield _("Approved by %(names)s. A second admin must confirm.", names=names)
    if is_own:
        yield _("This is your own reward. Another admin must decide.")
