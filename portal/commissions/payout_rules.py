"""Decide what a payout run pays and what waits; pure.

A run pays each vendor once per currency: due sales and refunds are netted, the reserve is kept back from the
result, and nothing is paid below the merchant's minimum or below zero. A total of 0 is completed without a payment.
See docs/rules/payouts.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

from portal.commissions.rules import reserve_minor
from portal.lib.addresses import require_payee
from portal.lib.errors import PortalError
from portal.lib.money import MAX_MINOR, minor_digits

MOST_ROWS = 100

BELOW_MINIMUM = "below_minimum"
NOT_COVERED = "refunds_not_covered"
NEXT_RUN = "next_run"
TOO_LARGE = "payout_too_large"
RATE_AWAY = "rate_away"
SET_ASIDE = "payout_set_aside"

# The reasons for which a payout is refused: its rows become failed and can be retried once the cause is gone.
WALLET_MISSING = "payout_wallet_missing"
WALLET_REFUSED = "payout_wallet_refused"
RATE_MISSING = "payout_rate_missing"
AMOUNT_TOO_SMALL = "payout_amount_too_small"

# Reasons for which a payout that was sent failed; REVERTED proves that nothing was paid.
REVERTED = "payout_reverted"
SUPERSEDED = "payout_superseded"
NOT_PROVEN = "payout_not_proven"
PAID_DIFFERENTLY = "payout_paid_differently"
REFERENCE_USED = "payout_reference_used"
# The vendor may have been paid: an admin compares the treasury's history, one settlement at a time.
DOUBTFUL = (SUPERSEDED, NOT_PROVEN, PAID_DIFFERENTLY, REFERENCE_USED)

# A minimum has two decimals, whatever the currency of the payout.
MINIMUM_PARTS = 100


@dataclass(frozen=True)
class DueRow:
    """A settlement that is due, with its net payout in minor units, negative for a refund."""

    id: int
    vendor_id: int
    currency: str
    net_minor: int


@dataclass(frozen=True)
class PayoutTerms:
    """A merchant's minimum payout, in hundredths of a unit of each currency, and reserve percent."""

    minimum_minor: int = 0
    reserve_percent: Decimal = Decimal(0)

    def reaches_minimum(self, amount_minor: int, currency: str) -> bool:
        """Return whether an amount in minor units of a currency is at least the minimum."""
        minor_per_unit: int = 10 ** minor_digits(currency)
        return amount_minor * MINIMUM_PARTS >= self.minimum_minor * minor_per_unit


@dataclass(frozen=True)
class PlannedPayout:
    """A planned payment: `amount_minor` = net of the rows - reserve + released earlier reserves."""

    vendor_id: int
    currency: str
    rows: tuple[DueRow, ...]
    reserve_percent: Decimal
    released_minor: int

    @property
    def net_minor(self) -> int:
        return sum(row.net_minor for row in self.rows)

    @property
    def reserve_minor(self) -> int:
        return reserve_minor(self.net_minor, self.reserve_percent)

    @property
    def amount_minor(self) -> int:
        return self.net_minor - self.reserve_minor + self.released_minor


@dataclass(frozen=True)
class Exclusion:
    """A vendor's due rows of one currency that wait for a later run, and the reason code.

    `failure` is the error of a balance that cannot be planned.
    """

    vendor_id: int
    currency: str
    count: int
    net_minor: int
    reason: str
    failure: str | None = None


@dataclass(frozen=True)
class PayoutPlan:
    """What a run would pay, and what it excludes."""

    payouts: tuple[PlannedPayout, ...] = ()
    excluded: tuple[Exclusion, ...] = ()

    @property
    def digest(self) -> str:
        """Return a text that changes with anything that would be paid."""
        payouts = [
            (p.vendor_id, p.currency, p.amount_minor, sorted(row.id for row in p.rows)) for p in self.payouts
        ]
        return sha256(repr(sorted(payouts)).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Balance:
    """What is due to a vendor in one currency: the number of rows, their net and released reserves in minor units."""

    vendor_id: int
    currency: str
    count: int
    net_minor: int
    released_minor: int = 0

    @property
    def key(self) -> tuple[int, str]:
        return self.vendor_id, self.currency

    @property
    def worth_minor(self) -> int:
        return self.net_minor + self.released_minor


def plan_payouts(
    balances: Iterable[Balance],
    rows: Mapping[tuple[int, str], Sequence[DueRow]],
    terms: Mapping[int, PayoutTerms],
    most_rows: int = MOST_ROWS,
    aside: Collection[tuple[int, str]] = (),
) -> PayoutPlan:
    """Plan one run over balances in their order, of at most `most_rows` rows.

    `rows` has the due rows of the balances that a run may take, by vendor and currency: all of them, or of a balance
    that is longer than a run its oldest refunds and largest sales. A balance that does not fit waits for the next run.
    The balances `aside` wait, and so does one that cannot be planned.
    """
    payouts: list[PlannedPayout] = []
    excluded: list[Exclusion] = []
    remaining = most_rows
    for balance in balances:
        if balance.key in aside:
            excluded.append(_excluded(balance, SET_ASIDE))
            continue
        planned = plan_balance(
            balance, rows.get(balance.key), terms.get(balance.vendor_id, PayoutTerms()), most_rows
        )
        if isinstance(planned, Exclusion):
            excluded.append(planned)
        elif len(planned.rows) > remaining:
            excluded.append(_excluded(balance, NEXT_RUN))
        else:
            payouts.append(planned)
            remaining -= len(planned.rows)
    return PayoutPlan(tuple(payouts), tuple(excluded))


def plan_balance(
    balance: Balance, rows: Sequence[DueRow] | None, terms: PayoutTerms, most_rows: int = MOST_ROWS
) -> PlannedPayout | Exclusion:
    """Return the payout of a balance, or why it waits; without rows, that it waits for the next run at the latest."""
    try:
        planned = _plan(balance, rows, terms, most_rows)
    except Exception as error:  # one vendor's data must not stop the others
        return replace(_excluded(balance, SET_ASIDE), failure=f"{type(error).__name__}: {error}")
    return planned if isinstance(planned, PlannedPayout) else _excluded(balance, planned)


def leave_out(plan: PayoutPlan, currencies: Collection[str], reason: str) -> PayoutPlan:
    """Return the plan without the payouts in some currencies, which wait for the given reason."""
    remaining = tuple(payout for payout in plan.payouts if payout.currency not in currencies)
    excluded = tuple(
        Exclusion(p.vendor_id, p.currency, len(p.rows), p.net_minor + p.released_minor, reason)
        for p in plan.payouts
        if p.currency in currencies
    )
    return PayoutPlan(remaining, plan.excluded + excluded)


def token_units(amount_minor: int, currency: str, units_per_usd: Fraction, decimals: int) -> int:
    """Return a payout in base units of a dollar token: amount in minor units / rate, floored once at the end."""
    usd = Fraction(amount_minor, 10 ** minor_digits(currency)) / units_per_usd
    return int(usd * 10**decimals // 1)


def batch_totals(plan: PayoutPlan) -> dict[str, dict[str, int]]:
    """Return the totals of a plan per currency, in minor units."""
    totals: dict[str, dict[str, int]] = {}
    for payout in plan.payouts:
        row = totals.setdefault(
            payout.currency,
            dict.fromkeys(
                ("payouts", "settlements", "netMinor", "reserveMinor", "releasedMinor", "amountMinor"), 0
            ),
        )
        row["payouts"] += 1
        row["settlements"] += len(payout.rows)
        row["netMinor"] += payout.net_minor
        row["reserveMinor"] += payout.reserve_minor
        row["releasedMinor"] += payout.released_minor
        row["amountMinor"] += payout.amount_minor
    return totals


def batch_outcome(statuses: Sequence[str]) -> str | None:
    """Return the final status of a batch from its payouts' statuses, None while one is processing."""
    present = set(statuses)
    if "processing" in present:
        return None
    if present == {"failed"}:
        return "failed"
    return "partial" if "failed" in present else "completed"


def _plan(
    balance: Balance, rows: Sequence[DueRow] | None, terms: PayoutTerms, most_rows: int
) -> PlannedPayout | str:
    """Return the payout of a balance, or the reason why it waits."""
    amount_minor = balance.worth_minor - reserve_minor(balance.net_minor, terms.reserve_percent)
    if balance.worth_minor < 0:
        return NOT_COVERED
    # A balance of 0 is paid by nothing, so that its rows do not wait for a later sale.
    if balance.worth_minor > 0 and not terms.reaches_minimum(amount_minor, balance.currency):
        return BELOW_MINIMUM
    if max(balance.net_minor, balance.worth_minor) > MAX_MINOR:
        return TOO_LARGE
    if rows is None and balance.count:
        return NEXT_RUN
    whole = _planned(balance, rows or (), terms)
    if len(whole.rows) == balance.count <= most_rows and whole.net_minor == balance.net_minor:
        return whole
    # All due rows together reach the minimum; the chosen rows may be below it.
    part = _planned(balance, _cut(whole.rows, most_rows, balance.net_minor), terms)
    # Refunds may not be among the chosen rows; their amount must not be paid.
    least = min(1, balance.worth_minor)
    is_covered = least <= part.net_minor + part.released_minor <= balance.worth_minor
    return part if is_covered and part.rows else NOT_COVERED


def _planned(balance: Balance, rows: Sequence[DueRow], terms: PayoutTerms) -> PlannedPayout:
    return PlannedPayout(
        balance.vendor_id, balance.currency, tuple(rows), terms.reserve_percent, balance.released_minor
    )


def most_refunds(most_rows: int) -> int:
    """Return how many refunds a payout of at most `most_rows` rows takes."""
    return max(1, most_rows // 2)


def _cut(rows: Sequence[DueRow], most_rows: int, total_minor: int) -> list[DueRow]:
    """Choose at most `most_rows` rows: refunds first, then the largest sales, never above `total_minor`."""
    refunds = [row for row in rows if row.net_minor < 0][: most_refunds(most_rows)]
    sales = sorted((row for row in rows if row.net_minor >= 0), key=lambda row: -row.net_minor)
    chosen = refunds + sales[: most_rows - len(refunds)]
    while chosen and sum(row.net_minor for row in chosen) > total_minor:
        chosen.pop()
    return chosen


def _excluded(balance: Balance, reason: str) -> Exclusion:
    return Exclusion(balance.vendor_id, balance.currency, balance.count, balance.worth_minor, reason)


def wallet_refusal(wallet: str | None, own_addresses: Collection[str]) -> str | None:
    """Return why a vendor's wallet, in stored form, cannot be paid, None if it can."""
    if wallet is None:
        return WALLET_MISSING
    try:
        require_payee(wallet, own_addresses, "payout_wallet")
    except PortalError:
        return WALLET_REFUSED
    return None
