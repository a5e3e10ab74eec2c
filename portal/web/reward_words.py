"""A reward in words: how the amount came about, where it stands, what happened when."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from portal.chain import checksum
from portal.lib.money import fraction_to_decimal
from portal.web.format import ago, iso, moment, money, number, percent, token_text, usd
from portal.web.requests import portal
from portal.web.sentences import failure_text
from portal.web.translate import gettext as _

if TYPE_CHECKING:
    from models import ReferralReward


def reward_row(reward: ReferralReward) -> dict[str, Any]:
    """Return what a page shows of a reward."""
    return {
        "reward": reward,
        "wallet": checksum(reward.referrer_wallet),
        "wallet_url": explorer_url("address", checksum(reward.referrer_wallet)),
        "tx_url": explorer_url("tx", reward.tx_hash) if reward.tx_hash else None,
        "amount": token_text(reward.reward_amount_wei),
        "explained": explain(reward),
        "why": why(reward),
        "steps": timeline(reward),
    }


def explain(reward: ReferralReward) -> str:
    """Say in one sentence how the amount came about, such as 5% of 1 000 UAH at 40 UAH per USD."""
    share = {
        "percent": percent(reward.reward_percent),
        "total": money(reward.order_total_minor, reward.currency),
    }
    if reward.reward_amount_wei is None:
        return _("%(percent)s of %(total)s", **share)
    amounts = {"usd": usd(reward.usd_value), "tokens": token_text(reward.reward_amount_wei)}
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
    base = portal().settings.chain_explorer_url
    return f"{base}/{kind}/{value}" if base else None


def _step(title: str, state: str, at: Any, note: str = "") -> dict[str, Any]:
    return {"title": title, "state": state, "note": note or None, **(_at(at) if at else {})}


def _at(at: Any) -> dict[str, str]:
    return {"iso": iso(at), "time": ago(at), "time_title": moment(at)}


def _rate(reward: ReferralReward) -> str:
    rate = reward.sizing.get("usdRate")
    return number(fraction_to_decimal(Fraction(rate), 6).normalize()) if rate else number(Decimal(0))
