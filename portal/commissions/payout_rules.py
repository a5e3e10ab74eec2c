"""Decide what a payout run pays and what waits; pure (SPEC section 4).

Money moves once a vendor and currency: sales and refunds that are due are netted, the reserve is kept back of
what is left, and nothing is paid below the merchant's minimum or below zero.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

from portal.commissions.rules import reserve_minor
from portal.lib.money import minor_digits

MOST_ROWS = 100

BELOW_MINIMUM = "below_minimum"
NOT_COVERED = "refunds_not_covered"
NEXT_RUN = "next_run"
RATE_AWAY = "rate_away"

# The reasons a payout is refused for: its rows become failed and may be retried once the cause is gone.
WALLET_MISSING = "payout_wallet_missing"
RATE_MISSING = "payout_rate_missing"
AMOUNT_TOO_SMALL = "payout_amount_too_small"


@dataclass(frozen=True)
class DueRow:
    """A settlement that is due: its net payout in minor units, negative for a refund."""

    id: int
    vendor_id: int
    currency: str
    net_minor: int


@dataclass(frozen=True)
class PayoutTerms:
    """What a merchant's payouts are cut by; the minimum counts in minor units of each currency."""

    minimum_minor: int = 0
    reserve_percent: Decimal = Decimal(0)


@dataclass(frozen=True)
class PlannedPayout:
    """One payment to be: `amount_minor` = net of the rows - reserve + what was released of earlier reserves."""

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
    """A vendor's due rows of one currency that this run leaves waiting, and the stable reason."""

    vendor_id: int
    currency: str
    count: int
    net_minor: int
    reason: str


@dataclass(frozen=True)
class PayoutPlan:
    """What a run would pay, and what it leaves out."""

    payouts: tuple[PlannedPayout, ...] = ()
    excluded: tuple[Exclusion, ...] = ()

    @property
    def digest(self) -> str:
        """Return a text that differs when anything that would be paid differs."""
        told = [
            (p.vendor_id, p.currency, p.amount_minor, sorted(row.id for row in p.rows)) for p in self.payouts
        ]
        return sha256(repr(sorted(told)).encode()).hexdigest()[:32]


@dataclass
class _Purse:
    """What waits for one vendor in one currency, oldest row first."""

    vendor_id: int
    currency: str
    rows: list[DueRow] = field(default_factory=list)
    released_minor: int = 0


def plan_payouts(
    rows: Iterable[DueRow],
    terms: Mapping[int, PayoutTerms],
    released: Mapping[tuple[int, str], int],
    most_rows: int = MOST_ROWS,
) -> PayoutPlan:
    """Plan one run over due rows, oldest first: at most `most_rows` of them, whole purses where they fit.

    `released` is what admins gave back of reserves, by vendor and currency, and nobody has paid yet. A purse
    that alone has more rows than a run may take is cut; one that does not fit any more waits for the next run.
    """
    payouts: list[PlannedPayout] = []
    excluded: list[Exclusion] = []
    room = most_rows
    for purse in _purses(rows, released):
        planned = _plan_purse(purse, terms.get(purse.vendor_id, PayoutTerms()), most_rows)
        if isinstance(planned, str):
            excluded.append(_excluded(purse, planned))
        elif len(planned.rows) > room:
            excluded.append(_excluded(purse, NEXT_RUN))
        else:
            payouts.append(planned)
            room -= len(planned.rows)
    return PayoutPlan(tuple(payouts), tuple(excluded))


def leave_out(plan: PayoutPlan, currencies: Collection[str], reason: str) -> PayoutPlan:
    """Return the plan without the payouts in some currencies, which wait for the given reason."""
    kept = tuple(payout for payout in plan.payouts if payout.currency not in currencies)
    left = tuple(
        Exclusion(p.vendor_id, p.currency, len(p.rows), p.net_minor + p.released_minor, reason)
        for p in plan.payouts
        if p.currency in currencies
    )
    return PayoutPlan(kept, plan.excluded + left)


def token_units(amount_minor: int, currency: str, units_per_usd: Fraction, decimals: int) -> int:
    """Return a payout in base units of a dollar token: amount / rate, floored once at the end."""
    usd = Fraction(amount_minor, 10 ** minor_digits(currency)) / units_per_usd
    return int(usd * 10**decimals // 1)


def batch_outcome(statuses: Sequence[str]) -> str | None:
    """Return the final status of a batch by its payouts' statuses, None while one is under way."""
    found = set(statuses)
    if "processing" in found:
        return None
    if found == {"failed"}:
        return "failed"
    return "partial" if "failed" in found else "completed"


def _purses(rows: Iterable[DueRow], released: Mapping[tuple[int, str], int]) -> list[_Purse]:
    purses: dict[tuple[int, str], _Purse] = {}
    for row in rows:
        key = (row.vendor_id, row.currency)
        purses.setdefault(key, _Purse(*key)).rows.append(row)
    for key, amount in released.items():
        purses.setdefault(key, _Purse(*key)).released_minor = amount
    return list(purses.values())


def _plan_purse(purse: _Purse, terms: PayoutTerms, most_rows: int) -> PlannedPayout | str:
    """Return the payout of a purse, or why it waits."""
    whole = _planned(purse, purse.rows, terms)
    worth = whole.net_minor + whole.released_minor
    if worth < 0:
        return NOT_COVERED
    if worth == 0 or whole.amount_minor < terms.minimum_minor:
        return BELOW_MINIMUM
    if len(purse.rows) <= most_rows:
        return whole
    # The minimum was reached by all that is due; a cut of it may be smaller.
    part = _planned(purse, _cut(purse.rows, most_rows, whole.net_minor), terms)
    # A cut may leave refunds behind, and then must not pay what they take back.
    return part if 0 < part.net_minor + part.released_minor <= worth else NOT_COVERED


def _planned(purse: _Purse, rows: Sequence[DueRow], terms: PayoutTerms) -> PlannedPayout:
    return PlannedPayout(
        purse.vendor_id, purse.currency, tuple(rows), terms.reserve_percent, purse.released_minor
    )


def _cut(rows: Sequence[DueRow], most_rows: int, total_minor: int) -> list[DueRow]:
    """Choose rows of a purse that is too long: refunds first, then large sales, never more than the purse is worth."""
    refunds = [row for row in rows if row.net_minor < 0][: max(1, most_rows // 2)]
    sales = sorted((row for row in rows if row.net_minor >= 0), key=lambda row: -row.net_minor)
    chosen = refunds + sales[: most_rows - len(refunds)]
    while chosen and sum(row.net_minor for row in chosen) > total_minor:
        chosen.pop()
    return chosen


def _excluded(purse: _Purse, reason: str) -> Exclusion:
    net = sum(row.net_minor for row in purse.rows) + purse.released_minor
    return Exclusion(purse.vendor_id, purse.currency, len(purse.rows), net, reason)
