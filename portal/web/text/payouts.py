"""Payouts in words: what would be paid and why something waits, batches, reserves, a merchant's schedule."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from portal.commissions import PayoutPlan, Reserve, count_not_due, held_reasons, pending_split, vendor_names
from portal.lib.money import fraction_to_decimal, major_text, to_major
from portal.web.text.format import money, number, percent
from portal.web.text.messages import mint_waiting
from portal.web.text.rewards import explorer_url
from portal.web.text.settlements import stop_reason
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from models import MerchantConfig, Payout, PayoutBatch
    from portal.flows.payouts.pay_settlements import PayoutReview


def waiting_words(reason: str) -> str:
    """Return why a vendor's due settlements are left for later."""
    return {
        "below_minimum": _("The total is below the minimum payout, so it accumulates."),
        "refunds_not_covered": _("Refunds are larger than the sales: they wait until sales cover them."),
        "next_run": _("This run is full: the next one takes them."),
        "rate_away": _("The exchange rate cannot be read right now."),
    }.get(reason, reason)


def problem_words(code: str) -> str:
    """Return why payouts cannot go on, in words for an admin."""
    return {
        "not_configured": _("On-chain payouts need a node, the treasury’s key and the payout token."),
        "treasury_empty": _("The treasury’s tokens do not cover the next payout. Fund it."),
        "no_gas": _("The treasury’s account cannot pay for gas. Top it up."),
        "token_refuses": _("The payout token refuses every transfer right now."),
        "contract_missing": _("The payout token is not at the configured address."),
        "other_leader": _("Another process is paying right now."),
        "fee_ceiling": _("Network fees are above the configured ceiling. Payouts continue when they fall."),
        "chain_away": _("The blockchain node cannot be reached. Payouts continue when it answers."),
        "finality_stalled": _("The network is not finalising blocks. Payouts continue by themselves."),
    }.get(code) or mint_waiting(code)


def frequency_words(frequency: str) -> str:
    """Return how often a merchant is paid."""
    return {
        "INSTANT": _("At once"),
        "DAILY": _("Every day at midnight"),
        "WEEKLY": _("Every Monday"),
        "MONTHLY": _("On the first of the month"),
    }[frequency]


def split_rows(plan: PayoutPlan, vendor_ids: list[int] | None = None) -> list[dict[str, Any]]:
    """Return per currency what is pending (due, waiting, held) and paid (completed, processing)."""
    rows = []
    for currency, states in pending_split(plan, vendor_ids).items():
        row: dict[str, Any] = {"currency": currency}
        for state in ("due", "waiting", "held", "processing", "completed", "failed"):
            owed = states.get(state)
            count = owed.count if owed else 0
            row[state] = {
                "amount": money(owed.net_minor if owed else 0, currency),
                "count": ngettext("%(num)s settlement", "%(num)s settlements", count),
                "number": count,
            }
        rows.append(row)
    return rows


def reason_rows(plan: PayoutPlan) -> list[dict[str, str]]:
    """Return what waits and what is held, each with its reason."""
    names = vendor_names([left.vendor_id for left in plan.excluded])
    rows = [
        _reason(_("Waiting"), _("Their payout date has not come yet."), "", count, net, currency)
        for currency, (count, net) in count_not_due().items()
    ]
    rows += [
        _reason(
            _("Waiting"),
            waiting_words(left.reason),
            names.get(left.vendor_id, ""),
            left.count,
            left.net_minor,
            left.currency,
        )
        for left in plan.excluded
    ]
    rows += [
        _reason(_("Held"), stop_reason(reason), "", count, net, currency)
        for currency, reason, count, net in held_reasons()
    ]
    return rows


def review_rows(review: PayoutReview) -> list[dict[str, Any]]:
    """Return what would be paid, a row a vendor and currency."""
    names = vendor_names([payout.vendor_id for payout in review.plan.payouts])
    rows = []
    for payout in review.plan.payouts:
        currency = payout.currency
        quote = review.quotes.get(currency)
        refusal = review.refused.get((payout.vendor_id, currency))
        rows.append(
            {
                "vendor_id": payout.vendor_id,
                "vendor": names.get(payout.vendor_id, ""),
                "count": number(len(payout.rows)),
                "net": money(payout.net_minor, currency),
                "reserve": money(payout.reserve_minor, currency),
                "released": money(payout.released_minor, currency) if payout.released_minor else None,
                "amount": money(payout.amount_minor, currency),
                "refusal": stop_reason(refusal) if refusal else None,
                "rate": rate_words(currency, quote.units_per_usd, quote.rate_source) if quote else None,
            }
        )
    return rows


def rate_words(currency: str, units_per_usd: Any, source: str) -> str | None:
    """Return the rate of a conversion and where it comes from."""
    if units_per_usd is None:
        return None
    rate = number(round_rate(units_per_usd))
    where = {
        "nbu": _("National Bank of Ukraine"),
        "setting": _("server setting"),
        "parity": _("one to one with the dollar"),
    }.get(source, source)
    return _("%(rate)s %(currency)s per USD, %(where)s", rate=rate, currency=currency, where=where)


def round_rate(value: Any) -> Any:
    """Return a rate with six decimals at most."""
    return fraction_to_decimal(Fraction(value), 6).normalize()


def excluded_rows(plan: PayoutPlan) -> list[dict[str, str]]:
    """Return what a run would leave out, with the reasons."""
    names = vendor_names([left.vendor_id for left in plan.excluded])
    return [
        {
            "vendor": names.get(left.vendor_id, ""),
            "count": number(left.count),
            "net": money(left.net_minor, left.currency),
            "why": waiting_words(left.reason),
        }
        for left in plan.excluded
    ]


def batch_row(batch: PayoutBatch) -> dict[str, Any]:
    """Return what a list shows of a batch."""
    return {
        "batch": batch,
        "totals": [money(row["amountMinor"], currency) for currency, row in sorted(batch.totals.items())],
        "settlements": number(sum(row["settlements"] for row in batch.totals.values())),
        "is_simulated": batch.mode == "simulated",
    }


def payout_row(payout: Payout) -> dict[str, Any]:
    """Return what a page shows of a payout."""
    sent = payout.transaction_id if (payout.transaction_id or "").startswith("0x") else None
    return {
        "payout": payout,
        "vendor": payout.vendor.name,
        "net": money(payout.net_minor, payout.currency),
        "reserve": money(payout.reserve_minor, payout.currency),
        "released": money(payout.released_minor, payout.currency) if payout.released_minor else None,
        "amount": money(payout.amount_minor, payout.currency),
        "why": stop_reason(payout.failure_reason),
        "tx": sent,
        "tx_url": explorer_url("tx", sent) if sent else None,
        "rate": rate_words(payout.currency, payout.units_per_usd, payout.rate_source or ""),
    }


def reserve_row(reserve: Reserve) -> dict[str, Any]:
    """Return what a page shows of a reserve."""
    return {
        "reserve": reserve,
        "balance": money(reserve.balance_minor, reserve.currency),
        "waiting": money(reserve.waiting_minor, reserve.currency) if reserve.waiting_minor else None,
        "plain": major_text(reserve.balance_minor, reserve.currency),
    }


def schedule_facts(config: MerchantConfig | None) -> list[tuple[str, str]]:
    """Return a merchant's payout schedule as facts; without a configuration the defaults hold."""
    days = config.hold_days if config else 3
    minimum = config.minimum_payout_minor if config else 0
    return [
        (_("Payout schedule"), frequency_words(config.payout_frequency if config else "WEEKLY")),
        (_("Payout delay"), ngettext("%(num)s day", "%(num)s days", days)),
        (_("Minimum payout"), number(to_major(minimum, "UAH"))),
        (_("Kept as reserve"), percent(config.reserve_percent if config else "0")),
    ]


def _reason(state: str, why: str, vendor: str, count: int, net: int, currency: str) -> dict[str, str]:
    return {
        "state": state,
        "why": why,
        "vendor": vendor,
        "count": number(count),
        "net": money(net, currency),
    }
