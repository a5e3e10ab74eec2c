"""Payouts as pages show them: what is due and what is excluded, batches, reserves, a vendor's schedule."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from portal.commissions import (
    Owed,
    PayoutPlan,
    Reserve,
    count_not_due,
    held_reasons,
    pending_split,
    vendor_names,
)
from portal.lib.money import fraction_to_decimal, major_text, to_major
from portal.web.text.format import When, money, number, percent, when
from portal.web.text.messages import mint_waiting
from portal.web.text.rewards import explorer_url
from portal.web.text.settlements import stop_reason
from portal.web.text.translate import gettext as _
from portal.web.text.translate import ngettext

if TYPE_CHECKING:
    from models import MerchantConfig, Payout, PayoutBatch
    from portal.flows.payouts.pay_settlements import PayoutReview


@dataclass(frozen=True, slots=True)
class SettlementSum:
    """Settlements of one state: their total, their count in words and as a number."""

    amount: str
    count: str
    number: int


@dataclass(frozen=True, slots=True)
class SettlementSplit:
    """The settlements of one currency by state."""

    currency: str
    due: SettlementSum
    waiting: SettlementSum
    held: SettlementSum
    processing: SettlementSum
    completed: SettlementSum
    failed: SettlementSum


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """Settlements that are not paid yet, with the reason; `state` is a word such as "Held"."""

    state: str
    why: str
    vendor: str
    count: str
    net: str


@dataclass(frozen=True, slots=True)
class ExcludedRow:
    """Due settlements of a vendor that a run would leave out."""

    vendor: str
    count: str
    net: str
    why: str


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A payout that a run would make; `refusal` says why it would fail."""

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
class BatchRow:
    """A payout batch; `totals` are per currency."""

    id: int
    status: str
    created: When
    completed: When | None
    totals: tuple[str, ...]
    settlements: str
    is_simulated: bool


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A payout; `tx` is the hash of an on-chain transaction, `transaction_id` any id."""

    id: int
    batch_id: int
    created: When
    status: str
    currency: str
    vendor: str
    net: str
    reserve: str
    released: str | None
    amount: str
    why: str
    transaction_id: str | None
    tx: str | None
    tx_url: str | None
    rate: str | None
    is_simulated: bool


@dataclass(frozen=True, slots=True)
class ReserveRow:
    """The reserve of a vendor in one currency; `plain` is the balance as an input field takes it."""

    vendor_id: int
    vendor: str
    currency: str
    balance: str
    waiting: str | None
    plain: str
    is_empty: bool


def waiting_words(reason: str) -> str:
    """Return why due settlements of a vendor are not paid now."""
    return {
        "below_minimum": _("The total is below the minimum payout, so it accumulates."),
        "refunds_not_covered": _("Refunds are larger than the sales: they wait until sales cover them."),
        "next_run": _("This run is full. They are paid in the next one."),
        "rate_away": _("The exchange rate cannot be read right now."),
    }.get(reason, reason)


def problem_words(code: str) -> str:
    """Return what stops payouts, in words for an admin."""
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
    """Return how often a vendor is paid."""
    return {
        "INSTANT": _("Immediately"),
        "DAILY": _("Every day at midnight"),
        "WEEKLY": _("Every Monday"),
        "MONTHLY": _("On the first of the month"),
    }[frequency]


def split_rows(plan: PayoutPlan, vendor_ids: list[int] | None = None) -> list[SettlementSplit]:
    """Return per currency what is pending (due, waiting, held) and what is paid (completed, processing)."""
    rows = []
    for currency, states in pending_split(plan, vendor_ids).items():
        sums = {
            state: _sum(states.get(state), currency)
            for state in ("due", "waiting", "held", "processing", "completed", "failed")
        }
        rows.append(SettlementSplit(currency, **sums))
    return rows


def _sum(owed: Owed | None, currency: str) -> SettlementSum:
    count = owed.count if owed else 0
    return SettlementSum(
        money(owed.net_minor if owed else 0, currency),
        ngettext("%(num)s settlement", "%(num)s settlements", count),
        count,
    )


def reason_rows(plan: PayoutPlan) -> list[ReasonRow]:
    """Return what is waiting and what is held, each with its reason."""
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


def review_rows(review: PayoutReview) -> list[ReviewRow]:
    """Return what a run would pay, one row per vendor and currency."""
    names = vendor_names([payout.vendor_id for payout in review.plan.payouts])
    rows = []
    for payout in review.plan.payouts:
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


def rate_words(currency: str, units_per_usd: Decimal | Fraction | str | None, source: str) -> str | None:
    """Return the rate of a conversion and its source."""
    if units_per_usd is None:
        return None
    rate = number(round_rate(units_per_usd))
    where = {
        "nbu": _("National Bank of Ukraine"),
        "setting": _("server setting"),
        "parity": _("one to one with the dollar"),
    }.get(source, source)
    return _("%(rate)s %(currency)s per USD, %(where)s", rate=rate, currency=currency, where=where)


def round_rate(value: Decimal | Fraction | str) -> Decimal:
    """Return a rate with six decimals at most."""
    return fraction_to_decimal(Fraction(value), 6).normalize()


def excluded_rows(plan: PayoutPlan) -> list[ExcludedRow]:
    """Return what a run would leave out, with the reasons."""
    names = vendor_names([left.vendor_id for left in plan.excluded])
    return [
        ExcludedRow(
            vendor=names.get(left.vendor_id, ""),
            count=number(left.count),
            net=money(left.net_minor, left.currency),
            why=waiting_words(left.reason),
        )
        for left in plan.excluded
    ]


def batch_row(batch: PayoutBatch) -> BatchRow:
    """Return a batch as lists and its own page show it."""
    return BatchRow(
        id=batch.id,
        status=batch.status,
        created=when(batch.created_at),
        completed=when(batch.completed_at) if batch.completed_at else None,
        totals=tuple(money(row["amountMinor"], currency) for currency, row in sorted(batch.totals.items())),
        settlements=number(sum(row["settlements"] for row in batch.totals.values())),
        is_simulated=batch.mode == "simulated",
    )


def payout_row(payout: Payout) -> PayoutRow:
    """Return a payout as pages show it."""
    sent = payout.transaction_id if (payout.transaction_id or "").startswith("0x") else None
    return PayoutRow(
        id=payout.id,
        batch_id=payout.batch_id,
        created=when(payout.created_at),
        status=payout.status,
        currency=payout.currency,
        vendor=payout.vendor.name,
        net=money(payout.net_minor, payout.currency),
        reserve=money(payout.reserve_minor, payout.currency),
        released=money(payout.released_minor, payout.currency) if payout.released_minor else None,
        amount=money(payout.amount_minor, payout.currency),
        why=stop_reason(payout.failure_reason),
        transaction_id=payout.transaction_id,
        tx=sent,
        tx_url=explorer_url("tx", sent) if sent else None,
        rate=rate_words(payout.currency, payout.units_per_usd, payout.rate_source or ""),
        is_simulated=payout.batch.mode == "simulated",
    )


def reserve_row(reserve: Reserve) -> ReserveRow:
    """Return a reserve as pages show it."""
    return ReserveRow(
        vendor_id=reserve.vendor_id,
        vendor=reserve.vendor_name,
        currency=reserve.currency,
        balance=money(reserve.balance_minor, reserve.currency),
        waiting=money(reserve.waiting_minor, reserve.currency) if reserve.waiting_minor else None,
        plain=major_text(reserve.balance_minor, reserve.currency),
        is_empty=reserve.balance_minor <= 0,
    )


def schedule_facts(config: MerchantConfig | None) -> list[tuple[str, str]]:
    """Return the payout schedule of a vendor as (term, value); without a configuration, the defaults."""
    days = config.hold_days if config else 3
    minimum = config.minimum_payout_minor if config else 0
    return [
        (_("Payout schedule"), frequency_words(config.payout_frequency if config else "WEEKLY")),
        (_("Payout delay"), ngettext("%(num)s day", "%(num)s days", days)),
        (_("Minimum payout"), number(to_major(minimum, "UAH")) if minimum else _("None")),
        (_("Kept as reserve"), percent(config.reserve_percent if config else "0")),
    ]


def _reason(state: str, why: str, vendor: str, count: int, net: int, currency: str) -> ReasonRow:
    return ReasonRow(state, why, vendor, number(count), money(net, currency))
