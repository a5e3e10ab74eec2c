"""Rewards as pages show them: how the amount came about, the current state, what happened when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import url_for

from portal.chain import checksummed
from portal.lib.money import fraction_to_decimal
from portal.rewards import RewardDebts, debts_by_reward
from portal.runtime import current_portal
from portal.web.text.format import When, money, number, token_text, usd, when
from portal.web.text.messages import failure_text
from portal.web.text.programme import programme_notes, share_text
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import ReferralReward


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """A step of a reward; `state` is done, current, todo or failed."""

    title: str
    state: str
    iso: str | None = None
    time: str | None = None
    time_title: str | None = None
    note: str | None = None
    url: str | None = None
    url_label: str | None = None
    external: bool = False


@dataclass(frozen=True, slots=True)
class RewardRow:
    """A reward with what refunds took from it; `total` is the paid amount of the order it was earned with."""

    id: int
    order_reference: str
    ref_code: str
    rail: str
    status: str
    referrer_user_id: int
    created_at: datetime
    created: When
    order_total_minor: int
    currency: str
    total: str
    amount: str
    explained: str
    why: str
    refunds: tuple[str, ...]
    steps: tuple[TimelineStep, ...]
    wallet: str
    wallet_url: str | None
    tx_hash: str | None
    tx_url: str | None


def reward_row(reward: ReferralReward, debts: RewardDebts | None = None) -> RewardRow:
    """Return a reward as pages show it."""
    wallet = checksummed(reward.referrer_wallet)
    return RewardRow(
        id=reward.id,
        order_reference=reward.order_reference,
        ref_code=reward.ref_code,
        rail=reward.rail,
        status=reward.status,
        referrer_user_id=reward.referrer_user_id,
        created_at=reward.created_at,
        created=when(reward.created_at),
        order_total_minor=reward.order_total_minor,
        currency=reward.currency,
        total=money(reward.order_total_minor, reward.currency),
        amount=token_text(reward.reward_amount_wei),
        explained=explain(reward),
        why=why(reward),
        refunds=tuple(reward_notes(reward, debts)),
        steps=tuple(timeline(reward)),
        wallet=wallet,
        wallet_url=explorer_url("address", wallet) if wallet else None,
        tx_hash=reward.tx_hash,
        tx_url=explorer_url("tx", reward.tx_hash) if reward.tx_hash else None,
    )


def reward_rows(rewards: Sequence[ReferralReward]) -> list[RewardRow]:
    """Return several rewards as pages show them, their debts read in one query."""
    debts = debts_by_reward([reward.id for reward in rewards])
    return [reward_row(reward, debts.get(reward.id)) for reward in rewards]


def reward_notes(reward: ReferralReward, debts: RewardDebts | None) -> list[str]:
    """Return what a reward waits for, and a sentence for each effect of refunds on it."""
    notes = [*programme_notes(reward), *refund_notes(reward, debts)]
    if reward.waits_for_statement and reward.status in ("pending_approval", "approved", "failed"):
        notes.append(_("It is sent only after the vendor has paid the commission of the order."))
    if not reward.referrer_wallet and reward.status in ("pending_approval", "approved", "failed"):
        notes.append(_("Waiting for the referrer to verify a wallet on the portal."))
    return notes


def refund_notes(reward: ReferralReward, debts: RewardDebts | None) -> list[str]:
    """Return a sentence for each effect of refunds on a reward. See docs/rules/refunds.md."""
    notes = []
    if reward.granted_wei and reward.status != "rejected":
        lost = reward.granted_wei - reward.reward_amount_wei - reward.netted_wei
        if lost > 0:
            before = token_text(reward.granted_wei)
            notes.append(_("Reduced from %(amount)s: part of the order was refunded.", amount=before))
    if reward.refund_due:
        notes.append(
            _("The order was refunded while the reward was being sent. It is adjusted automatically.")
        )
    for deduction in debts.kept_back if debts else []:
        notes.append(
            _(
                "%(amount)s was deducted: order %(reference)s was refunded after its reward had been sent.",
                amount=token_text(deduction.amount_wei),
                reference=deduction.order_reference,
            )
        )
    for debit in debts.debits if debts else []:
        notes.append(
            _(
                "Refunded after the reward was sent: %(amount)s is owed, of which %(netted)s was deducted from later"
                " rewards.",
                amount=token_text(debit.amount_wei),
                netted=token_text(debit.netted_wei),
            )
        )
    return notes


def explain(reward: ReferralReward) -> str:
    """Return how the amount came about, such as "5% of 1 000 UAH at 40 UAH per USD = ...".

    See docs/rules/rewards.md.
    """
    share = {
        "percent": share_text(reward),
        "total": money(reward.order_total_minor, reward.currency),
    }
    if reward.reward_amount_wei is None:
        return _("%(percent)s of %(total)s", **share)
    granted = reward.granted_wei or reward.reward_amount_wei
    amounts = {"usd": usd(reward.usd_value), "tokens": token_text(granted)}
    if reward.currency != "UAH":
        return _("%(percent)s of %(total)s = %(usd)s = %(tokens)s", **share, **amounts)
    return _(
        "%(percent)s of %(total)s at %(rate)s UAH per USD = %(usd)s = %(tokens)s",
        **share,
        **amounts,
        rate=_rate(reward),
    )


def explain_briefly(reward: ReferralReward) -> str:
    """Return how the amount came about beside the total and the tokens: "5% at 40 UAH per USD = $1.25"."""
    if reward.reward_amount_wei is None:
        return share_text(reward)
    if reward.currency != "UAH":
        return _("%(percent)s = %(usd)s", percent=share_text(reward), usd=usd(reward.usd_value))
    return _(
        "%(percent)s at %(rate)s UAH per USD = %(usd)s",
        percent=share_text(reward),
        rate=_rate(reward),
        usd=usd(reward.usd_value),
    )


def why(reward: ReferralReward) -> str:
    """Return the reason of a failed or rejected reward, "" for any other."""
    if reward.status not in ("failed", "rejected"):
        return ""
    params = reward.sizing.get("failure", {}).get("params", {})
    return failure_text(reward.failure_reason, params or None)


def timeline(reward: ReferralReward) -> list[TimelineStep]:
    """Return the steps of a reward for its referrer: paid, approved, sent, confirmed; or where it stopped."""
    steps = [_step(_("Order paid"), "done", reward.created_at)]
    if reward.status in ("rejected", "failed"):
        if reward.approved_at:
            steps.append(_step(_("Approved"), "done", reward.approved_at))
        title = _("Rejected") if reward.status == "rejected" else _("Failed")
        return [*steps, _step(title, "failed", reward.updated_at, note=why(reward))]
    is_waiting, is_minted = reward.status == "pending_approval", reward.status == "minted"
    approval = _("Waiting for approval") if is_waiting else _("Approved")
    steps.append(_step(approval, "current" if is_waiting else "done", reward.approved_at))
    sending = {"approved": "current", "minting": "current", "minted": "done"}.get(reward.status, "todo")
    steps.append(_step(_("Sent to your wallet"), sending, None, tx_hash=reward.tx_hash))
    title = _("Confirmed on the blockchain")
    if not is_minted:
        return [*steps, _step(title, "todo", None)]
    confirmed = _step(title, "done", reward.updated_at)
    url = url_for("referrer.check_payment", reward_id=reward.id)
    return [*steps, replace(confirmed, url=url, url_label=_("Check my payment on the chain"))]


def explorer_url(kind: str, value: str) -> str | None:
    """Return the block explorer's page of a transaction or an address; None without a configured explorer."""
    base = current_portal().settings.chain_explorer_url
    return f"{base}/{kind}/{value}" if base else None


def _step(
    title: str, state: str, at: datetime | None, note: str = "", tx_hash: str | None = None
) -> TimelineStep:
    moment = when(at) if at else None
    return TimelineStep(
        title,
        state,
        iso=moment.iso if moment else None,
        time=moment.ago if moment else None,
        time_title=moment.full if moment else None,
        note=note or None,
        url=explorer_url("tx", tx_hash) if tx_hash else None,
        url_label=_("Transaction") if tx_hash else None,
        external=tx_hash is not None,
    )


def _rate(reward: ReferralReward) -> str:
    return number(_rate_of(reward.sizing.get("usdRate") or "0"))


@lru_cache(maxsize=1024)
def _rate_of(fraction: str) -> Decimal:
    """Return a rate with six places; the rewards of a day share it."""
    return fraction_to_decimal(Fraction(fraction), 6).normalize()
