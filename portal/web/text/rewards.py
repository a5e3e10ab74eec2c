"""A reward in words: how the amount came about, where it stands, what happened when."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from portal.chain import checksum
from portal.lib.money import fraction_to_decimal
from portal.rewards import RewardDebts, debts_by_reward
from portal.runtime import current_portal
from portal.web.text.format import ago, iso, moment, money, number, percent, token_text, usd
from portal.web.text.messages import failure_text
from portal.web.text.translate import gettext as _

if TYPE_CHECKING:
    from models import ReferralReward


def reward_row(reward: ReferralReward, debts: RewardDebts | None = None) -> dict[str, Any]:
    """Return what a page shows of a reward and of what refunds took of it."""
    return {
        "reward": reward,
        "wallet": checksum(reward.referrer_wallet),
        "wallet_url": explorer_url("address", checksum(reward.referrer_wallet)),
        "tx_url": explorer_url("tx", reward.tx_hash) if reward.tx_hash else None,
        "amount": token_text(reward.reward_amount_wei),
        "explained": explain(reward),
        "why": why(reward),
        "refunds": refund_notes(reward, debts),
        "steps": timeline(reward),
    }


def reward_rows(rewards: Sequence[ReferralReward]) -> list[dict[str, Any]]:
    """Return what a page shows of several rewards, their debts read at once."""
    debts = debts_by_reward([reward.id for reward in rewards])
    return [reward_row(reward, debts.get(reward.id)) for reward in rewards]


def refund_notes(reward: ReferralReward, debts: RewardDebts | None) -> list[str]:
    """Say what refunds did to a reward: reduced, kept back for another order, owed after it was minted."""
    notes = []
    if reward.granted_wei and reward.status != "rejected":
        lost = reward.granted_wei - reward.reward_amount_wei - reward.netted_wei
        if lost > 0:
            notes.append(
                _(
                    "Reduced from %(amount)s: part of the order was refunded.",
                    amount=token_text(reward.granted_wei),
                )
            )
    if reward.refund_due:
        notes.append(_("The order was refunded while the reward was being sent. This settles by itself."))
    for kept in debts.kept_back if debts else []:
        notes.append(
            _(
                "%(amount)s was kept back: order %(reference)s was refunded after its reward was minted.",
                amount=token_text(kept.amount_wei),
                reference=kept.order_reference,
            )
        )
    for debit in debts.debits if debts else []:
        notes.append(
            _(
                "Refunded after minting: %(amount)s is owed, %(netted)s of it was kept back of later rewards.",
                amount=token_text(debit.amount_wei),
                netted=token_text(debit.netted_wei),
            )
        )
    return notes


def explain(reward: ReferralReward) -> str:
    """Say in one sentence how the amount came about, such as 5% of 1 000 UAH at 40 UAH per USD."""
    share = {
        "percent": percent(reward.reward_percent),
        "total": money(reward.order_total_minor, reward.currency),
    }
    if reward.reward_amount_wei is None:
        return _("%(percent)s of %(total)s", **share)
    amounts = {"usd": usd(reward.usd_value), "tokens": token_text(_granted(reward))}
    if reward.currency != "UAH":
        return _("%(percent)s of %(total)s = %(usd)s = %(tokens)s", **share, **amounts)
    return _(
        "%(percent)s of %(total)s at %(rate)s UAH per USD = %(usd)s = %(tokens)s",
        **share,
        **amounts,
        rate=_rate(reward),
    )


def why(reward: ReferralReward) -> str:
    """Return the reason of a failed or refused reward in words, else an empty text."""
    if reward.status not in ("failed", "rejected"):
        return ""
    params = reward.sizing.get("failure", {}).get("params", {})
    return failure_text(reward.failure_reason, params or None)


def timeline(reward: ReferralReward) -> list[dict[str, Any]]:
    """Return the reward's steps: paid, approved, sent, confirmed; or where it stopped."""
    steps = [_step(_("Order paid"), "done", reward.created_at)]
    if reward.status in ("rejected", "failed") and reward.approved_at:
        steps.append(_step(_("Approved"), "done", reward.approved_at))
    if reward.status == "rejected":
        return [*steps, _step(_("Refused"), "failed", reward.updated_at, note=why(reward))]
    if reward.status == "failed":
        return [*steps, _step(_("Failed"), "failed", reward.updated_at, note=why(reward))]
    waiting = reward.status == "pending_approval"
    approved = _("Approved") if not waiting else _("Waiting for approval")
    steps.append(_step(approved, "current" if waiting else "done", reward.approved_at))
    state = {"approved": "current", "minting": "current", "minted": "done"}.get(reward.status, "todo")
    sent = _step(_("Sent to your wallet"), "done" if reward.status == "minted" else state, None)
    if reward.tx_hash:
        sent |= {"url": explorer_url("tx", reward.tx_hash), "url_label": _("Transaction"), "external": True}
    confirmed = _step(_("Confirmed on chain"), "done" if reward.status == "minted" else "todo", None)
    if reward.status == "minted":
        confirmed |= _at(reward.updated_at)
    return [*steps, sent, confirmed]


def explorer_url(kind: str, value: str) -> str | None:
    """Return the explorer's page of a transaction or an address; None when no explorer is configured."""
    base = current_portal().settings.chain_explorer_url
    return f"{base}/{kind}/{value}" if base else None


def _step(title: str, state: str, at: Any, note: str = "") -> dict[str, Any]:
    return {"title": title, "state": state, "note": note or None, **(_at(at) if at else {})}


def _at(at: Any) -> dict[str, str]:
    return {"iso": iso(at), "time": ago(at), "time_title": moment(at)}


def _granted(reward: ReferralReward) -> int | None:
    granted: int | None = reward.granted_wei or reward.reward_amount_wei
    return granted


def _rate(reward: ReferralReward) -> str:
    rate = reward.sizing.get("usdRate")
    return number(fraction_to_decimal(Fraction(rate), 6).normalize()) if rate else number(Decimal(0))
