"""Payouts in words: what is due and why something waits, batches, reserves, a vendor's schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from portal.commissions import (
    Exclusion,
    Owed,
    PayoutPlan,
    PlannedPayout,
    Reserve,
    StateSum,
    pending_split,
    vendor_names,
)
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

_MOST_REASONS = 20


@dataclass(frozen=True, slots=True)
class Total:
    """Settlements of one state and currency: their net sum, and their count in words and as a number."""

    amount: str
    count: str
    number: int


@dataclass(frozen=True, slots=True)
class TotalsRow:
    """What is pending (due, waiting, held) and what was paid in one currency."""

    currency: str
    due: Total
    waiting: Total
    held: Total
    processing: Total
    completed: Total
    failed: Total


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """Settlements that wait or are held for one reason; `vendors` is their number in words where it is known."""

    state: str
    why: str
    vendors: str
    count: str
    net: str


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One payout that is due; `refusal` is why it would fail."""

    vendor_id: int
    vendor: str
    count: str
    net: str
    reserve: str
    released: str | None
    amount: str
    refusal: str | None
    rate: str | None


@dataclass(frozen=True, slots=True)
class ExcludedRow:
    """Due settlements that a run leaves out, with the reason."""

    vendor: str
    count: str
    net: str
    why: str


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A payout batch; `totals` has one amount per currency."""

    id: int
    status: str
    totals: tuple[str, ...]
    settlements: str
    is_simulated: bool
    created_at: datetime
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """One payout to a vendor; `tx` is its transaction where it was paid on chain."""

    id: int
    batch_id: int
    vendor: str
    status: str
    is_simulated: bool
    net: str
    reserve: str
    released: str | None
    amount: str
    rate: str | None
    why: str
    transaction_id: str | None
    tx: str | None
    tx_url: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReserveRow:
    """A vendor's reserve in one currency; `typed` is the balance as a form field takes it."""

    vendor_id: int
    vendor: str
    currency: str
    balance: str
    waiting: str | None
    typed: str
    has_balance: bool


def waiting_words(reason: str) -> str:
    """Return why due settlements are not included in a run."""
    return {
        "below_minimum": _("The total is below the minimum payout, so it accumulates."),
        "refunds_not_covered": _("Refunds are larger than the sales: they wait until sales cover them."),
        "payout_too_large": _("The total is larger than one payout can be. Hold some of the settlements."),
        "next_run": _("This run is full. They are paid in the next one."),
        "rate_away": _("The exchange rate cannot be read right now."),
        "payout_set_aside": _("The last attempt to pay failed. It is repeated later."),
    }.get(reason, reason)


def problem_words(code: str) -> str:
    """Return why payouts cannot proceed."""
    return {
        "not_configured": _(
            "On-chain payouts need a node, the operator’s key, the payout token and its contract."
        ),
        "treasury_empty": _("The treasury’s tokens do not cover the next payout. Fund it."),
        "treasury_history_unknown": _(
            "The payout contract made payments that this portal does not know. Review them under “Unknown payments”."
        ),
        "history_unread": _("The payout contract’s history is being read. Payouts continue by themselves."),
        "paused": _("The payout contract is paused."),
        "role_missing": _("The payout contract does not accept the configured operator."),
        "token_differs": _("The payout contract pays another token than the settings say."),
        "mode_differs": _("The payout contract is not in TRANSFER mode."),
        "reward_cap": _("A payout is above the contract’s cap. Raise the cap."),
        "daily_cap": _("The payout contract’s daily cap is reached. Payouts continue after midnight UTC."),
        "no_gas": _("The treasury’s account cannot pay for gas. Top it up."),
        "token_refuses": _("The payout token refuses every transfer right now."),
        "contract_missing": _("The payout token is not at the configured address."),
        "other_leader": _("Another process is paying right now."),
        "fee_ceiling": _("Network fees are above the configured ceiling. Payouts continue when they fall."),
        "chain_away": _("The blockchain node cannot be reached. Payouts continue when it answers."),
        "finality_stalled": _("The network is not finalising blocks. Payouts continue by themselves."),
    }.get(code) or mint_waiting(code)


def frequency_words(frequency: str) -> str:
    """Return how often a vendor is paid."""
    return {
        "INSTANT": _("Immediately"),
        "DAILY": _("Every day at midnight"),
        "WEEKLY": _("Every Monday"),
        "MONTHLY": _("On the first of the month"),
    }[frequency]


def split_rows(plan: PayoutPlan, sums: Sequence[StateSum]) -> list[TotalsRow]:
    """Return what is pending and what was paid, one row per currency."""
    return [
        TotalsRow(
            currency,
            *(
                _total(states.get(state), currency)
                for state in ("due", "waiting", "held", "processing", "completed", "failed")
            ),
        )
        for currency, states in pending_split(plan, sums).items()
    ]


def reason_rows(
    plan: PayoutPlan, sums: Sequence[StateSum], due: Mapping[str, tuple[int, int]]
) -> list[ReasonRow]:
    """Return why settlements wait or are held, by reason and currency; held ones by the most frequent reasons only."""
    not_due = [
        _reason(_("Waiting"), _("The payout date has not come yet."), "", count, net, currency)
        for currency, (count, net) in _not_due(sums, due).items()
    ]
    held = sorted((each for each in sums if each.status == "held"), key=lambda each: -each.count)
    held_rows = [
        _reason(_("Held"), stop_reason(each.reason), "", each.count, each.net_minor, each.currency)
        for each in held[:_MOST_REASONS]
    ]
    return [*not_due, *waiting_rows(plan), *held_rows]


def waiting_rows(plan: PayoutPlan) -> list[ReasonRow]:
    """Return what a run leaves out, by reason and currency."""
    return [
        _reason(
            _("Waiting"),
            waiting_words(reason),
            ngettext("%(num)s vendor", "%(num)s vendors", len(group)),
            sum(left.count for left in group),
            sum(left.net_minor for left in group),
            currency,
        )
        for (reason, currency), group in _by_reason(plan.excluded).items()
    ]


def _by_reason(excluded: Sequence[Exclusion]) -> dict[tuple[str, str], list[Exclusion]]:
    groups: dict[tuple[str, str], list[Exclusion]] = {}
    for left in excluded:
        groups.setdefault((left.reason, left.currency), []).append(left)
    return groups


def _not_due(sums: Sequence[StateSum], due: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Return {currency: (count, net in minor units)} of the pending settlements that are not due yet."""
    pending = {each.currency: each for each in sums if each.status == "pending"}
    rest = {
        currency: (each.count - due.get(currency, (0, 0))[0], each.net_minor - due.get(currency, (0, 0))[1])
        for currency, each in pending.items()
    }
    return {currency: (count, net) for currency, (count, net) in rest.items() if count > 0}


def review_rows(review: PayoutReview, payouts: Sequence[PlannedPayout]) -> list[ReviewRow]:
    """Return some payouts of a review, one row per vendor and currency."""
    names = vendor_names([payout.vendor_id for payout in payouts])
    rows = []
    for payout in payouts:
        currency = payout.currency
        quote = review.quotes.get(currency)
        refusal = review.refused.get((payout.vendor_id, currency))
        rows.append(
            ReviewRow(
                vendor_id=payout.vendor_id,
                vendor=names.get(payout.vendor_id, ""),
                count=number(len(payout.rows)),
                net=money(payout.net_minor, currency),
                reserve=money(payout.reserve_minor, currency),
                released=money(payout.released_minor, currency) if payout.released_minor else None,
                amount=money(payout.amount_minor, currency),
                refusal=stop_reason(refusal) if refusal else None,
                rate=rate_words(currency, quote.units_per_usd, quote.rate_source) if quote else None,
            )
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
    """Return a rate with at most six decimals."""
    return fraction_to_decimal(Fraction(value), 6).normalize()


def excluded_rows(excluded: Sequence[Exclusion]) -> list[ExcludedRow]:
    """Return what a run leaves out, with the reasons."""
    names = vendor_names([left.vendor_id for left in excluded])
    return [
        ExcludedRow(
            names.get(left.vendor_id, ""),
            number(left.count),
            money(left.net_minor, left.currency),
            waiting_words(left.reason),
        )
        for left in excluded
    ]


def batch_row(batch: PayoutBatch) -> BatchRow:
    """Return a batch as pages show it."""
    return BatchRow(
        id=batch.id,
        status=batch.status,
        totals=tuple(
            money(total["amountMinor"], currency) for currency, total in sorted(batch.totals.items())
        ),
        settlements=number(sum(total["settlements"] for total in batch.totals.values())),
        is_simulated=batch.mode == "simulated",
        created_at=batch.created_at,
        completed_at=batch.completed_at,
    )


def payout_row(payout: Payout) -> PayoutRow:
    """Return a payout as pages show it."""
    sent = payout.transaction_id if (payout.transaction_id or "").startswith("0x") else None
    return PayoutRow(
        id=payout.id,
        batch_id=payout.batch_id,
        vendor=payout.vendor.name,
        status=payout.status,
        is_simulated=payout.batch.mode == "simulated",
        net=money(payout.net_minor, payout.currency),
        reserve=money(payout.reserve_minor, payout.currency),
        released=money(payout.released_minor, payout.currency) if payout.released_minor else None,
        amount=money(payout.amount_minor, payout.currency),
        rate=rate_words(payout.currency, payout.units_per_usd, payout.rate_source or ""),
        why=stop_reason(payout.failure_reason),
        transaction_id=payout.transaction_id,
        tx=sent,
        tx_url=explorer_url("tx", sent) if sent else None,
        created_at=payout.created_at,
    )


def reserve_row(reserve: Reserve) -> ReserveRow:
    """Return a reserve as pages show it."""
    return ReserveRow(
        vendor_id=reserve.vendor_id,
        vendor=reserve.vendor_name,
        currency=reserve.currency,
        balance=money(reserve.balance_minor, reserve.currency),
        waiting=money(reserve.waiting_minor, reserve.currency) if reserve.waiting_minor else None,
        typed=major_text(reserve.balance_minor, reserve.currency),
        has_balance=reserve.balance_minor > 0,
    )


def schedule_facts(config: MerchantConfig | None) -> list[tuple[str, str]]:
    """Return a vendor's payout schedule as facts; without a configuration the defaults apply."""
    days = config.hold_days if config else 3
    minimum = config.minimum_payout_minor if config else 0
    return [
        (_("Payout schedule"), frequency_words(config.payout_frequency if config else "WEEKLY")),
        (_("Payout delay"), ngettext("%(num)s day", "%(num)s days", days)),
        (_("Minimum payout"), number(to_major(minimum, "UAH")) if minimum else _("None")),
        (_("Kept as reserve"), percent(config.reserve_percent if config else "0")),
    ]


def _total(owed: Owed | None, currency: str) -> Total:
    count = owed.count if owed else 0
    return Total(
        money(owed.net_minor if owed else 0, currency),
        ngettext("%(num)s settlement", "%(num)s settlements", count),
        count,
    )


def _reason(state: str, why: str, vendor: str, count: int, net: int, currency: str) -> ReasonRow:
    return ReasonRow(state, why, vendor, number(count), money(net, currency))
