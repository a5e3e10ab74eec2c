"""The programme in sentences: its rules, what it offers a referrer, and what it did to a reward.

See docs/rules/programme.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portal.lib.clock import EPOCH
from portal.programme import ApprovalConditions, ProgrammeRules
from portal.web.text.format import moment, number, percent, usd
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from models import ProgrammeVersion, ReferralReward
    from portal.flows.programme.offer import Offer

_OPEN = ("pending_approval", "approved", "failed")


def rule_sentences(rules: ProgrammeRules) -> list[str]:
    """Return the rules of a version as referrers read them, except the percent."""
    sentences = [
        ngettext(
            "From %(num)s paid referral on: %(percent)s more.",
            "From %(num)s paid referrals on: %(percent)s more.",
            at,
            percent=percent(points),
        )
        for at, points in ((level.referrals, level.percent) for level in rules.levels)
    ]
    sentences.append(
        _("Level, campaign and personal bonus are added together.")
        if rules.combine == "sum"
        else _("Of the level, campaign and personal bonuses, only the highest counts.")
    )
    return [*sentences, hold_sentence(rules), *approval_sentences(rules), *_budget_sentences(rules)]


def admin_sentences(rules: ProgrammeRules) -> list[str]:
    """Return what only admins read of a version: the conditions of its approvals."""
    conditions = rules.approval.conditions
    return list(_condition_sentences(conditions)) if conditions else []


def hold_sentence(rules: ProgrammeRules) -> str:
    """Return when a reward can be sent."""
    if rules.hold_days == 0:
        return _("A reward can be sent as soon as it is approved.")
    return ngettext(
        "A reward can be sent from %(num)s day after the payment.",
        "A reward can be sent from %(num)s days after the payment.",
        rules.hold_days,
    )


def percent_sentence(value: Decimal) -> str:
    """Return what a referrer earns where a product has no percent of its own."""
    return _(
        "You earn %(percent)s of the first purchase of everyone you refer. Some products have another percent.",
        percent=percent(value),
    )


# Of many campaigns the ones that add most are named.
CAMPAIGNS_NAMED = 5


def offer_sentences(offer: Offer) -> list[str]:
    """Return what a referrer earns and when, by the version in force."""
    sentences = [percent_sentence(offer.percent)]
    reached = [level for level in offer.rules.levels if level.referrals <= offer.referrals]
    coming = [level for level in offer.rules.levels if level.referrals > offer.referrals]
    if reached:
        sentences.append(_("Your level adds %(percent)s.", percent=percent(reached[-1].percent)))
    if coming:
        sentences.append(
            _(
                "Paid referrals so far: %(count)s. From %(number)s on, your level adds %(percent)s.",
                count=number(offer.referrals),
                number=number(coming[0].referrals),
                percent=percent(coming[0].percent),
            )
        )
    if offer.bonus:
        sentences.append(_("Your personal bonus adds %(percent)s.", percent=percent(offer.bonus.percent)))
    campaigns = sorted(offer.campaigns, key=lambda campaign: (-campaign.percent, campaign.ends_at))
    for campaign in campaigns[:CAMPAIGNS_NAMED]:
        sentences.append(
            _(
                "The campaign “%(name)s” adds %(percent)s until %(time)s.",
                name=campaign.name,
                percent=percent(campaign.percent),
                time=moment(campaign.ends_at),
            )
        )
    if more := len(campaigns[CAMPAIGNS_NAMED:]):
        sentences.append(ngettext("%(num)s more campaign applies.", "%(num)s more campaigns apply.", more))
    if len(sentences) > 2 and offer.rules.combine == "best":
        sentences.append(_("Of the level, campaign and personal bonuses, only the highest counts."))
    return [*sentences, hold_sentence(offer.rules)]


def programme_notes(reward: ReferralReward) -> Iterator[str]:
    """Return a sentence for each bonus of a reward, and for what it waits for."""
    bonus = reward.sizing.get("bonus") or {}
    for part in bonus.get("parts", ()):
        yield _bonus_part(part)
    if bonus and Decimal(bonus["offered"]) != Decimal(bonus["percent"]):
        most = percent(reward.reward_percent + reward.bonus_percent)
        yield _("Percent and bonus together are at most %(percent)s.", percent=most)
    if reward.status not in _OPEN:
        return
    if reward.waits_for_budget:
        yield _("The budget is used up. The reward is approved automatically once there is room for it.")
    if reward.mintable_from > datetime.now(UTC):
        yield _("It can be sent from %(time)s.", time=moment(reward.mintable_from))


def rules_note(version: ProgrammeVersion) -> str:
    """Return which version of the programme decided a reward."""
    if version.starts_at == EPOCH:
        return _(
            "Decided by version %(number)s of the programme, in force from the start.", number=version.id
        )
    return _(
        "Decided by version %(number)s of the programme, in force since %(time)s.",
        number=version.id,
        time=moment(version.starts_at),
    )


def share_text(reward: ReferralReward) -> str:
    """Return the percent of a reward, with its bonus if it has one."""
    own = percent(reward.reward_percent)
    if reward.bonus_percent == 0:
        return own
    return _("%(percent)s + %(bonus)s bonus", percent=own, bonus=percent(reward.bonus_percent))


def approval_sentences(rules: ProgrammeRules) -> Iterator[str]:
    """Yield who approves rewards of purchases paid with money and of purchases paid by credit."""
    if rules.approval.fiat == "manual":
        yield _("An admin approves rewards of purchases paid with money.")
    elif rules.approval.fiat == "conditional":
        yield _("Some rewards of purchases paid with money are approved automatically, others by an admin.")
    else:
        yield _("Rewards of purchases paid with money are approved automatically.")
    if rules.approval.crypto == "automatic":
        yield _("Rewards of purchases paid by credit are approved automatically.")
    else:
        yield _("An admin approves rewards of purchases paid by credit.")


def _condition_sentences(conditions: ApprovalConditions) -> Iterator[str]:
    if conditions.max_usd is not None:
        yield _("The reward is worth %(amount)s or less.", amount=usd(conditions.max_usd))
    if conditions.no_risk_hint:
        yield _("It has no risk hints.")
    if conditions.referrer_days:
        yield ngettext(
            "The referrer’s account is at least %(num)s day old.",
            "The referrer’s account is at least %(num)s days old.",
            conditions.referrer_days,
        )
    if conditions.referrer_minted:
        yield ngettext(
            "The referrer has at least %(num)s minted reward.",
            "The referrer has at least %(num)s minted rewards.",
            conditions.referrer_minted,
        )
    if conditions.customer_known:
        yield _("The customer would be recognised at another purchase.")


def _budget_sentences(rules: ProgrammeRules) -> Iterator[str]:
    if rules.budget_usd is not None:
        yield _(
            "Up to %(amount)s of rewards are approved per month; the rest wait.",
            amount=usd(rules.budget_usd),
        )


def _bonus_part(part: Mapping[str, Any]) -> str:
    points = percent(part["percent"])
    if part["kind"] == "level":
        return ngettext(
            "Bonus of %(percent)s: at least %(num)s paid referral before.",
            "Bonus of %(percent)s: at least %(num)s paid referrals before.",
            part["number"],
            percent=points,
        )
    if part["kind"] == "campaign":
        return _("Bonus of %(percent)s: campaign “%(name)s”.", percent=points, name=part["name"])
    return _("Bonus of %(percent)s: agreed with this referrer.", percent=points)
