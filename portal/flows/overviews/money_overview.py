"""Money of the platform by currency: due, owed in both directions, taken and minted this month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portal.commissions import sum_due
from portal.figures import IN_WEI, Figure
from portal.journal import balances_of_kinds
from portal.rewards import reward_totals

_PAYABLE, _RESERVE, _RECEIVABLE = "vendor_payable", "vendor_reserve", "vendor_receivable"


@dataclass(frozen=True)
class CurrencyMoney:
    """Money in one currency, in minor units.

    `due` is what the next payouts would take. `owed` is everything that vendors
    have not been paid yet, reserves included. `receivable` is what vendors owe for sales that their store collected.
    `sold` is what buyers paid since the first of the month (UTC).
    """

    currency: str
    due: int
    owed: int
    receivable: int
    sold: int


@dataclass(frozen=True)
class TokenMoney:
    """Reward tokens in wei: waiting for approval, owed to referrers, minted since the first of the month (UTC)."""

    pending: int
    approved: int
    minted: int


def money_overview(figures: Sequence[Figure], today: date) -> list[CurrencyMoney]:
    """Return the money of each currency that has any, in the order of their codes."""
    due = sum_due()
    balances = balances_of_kinds((_PAYABLE, _RESERVE, _RECEIVABLE))
    sold: dict[str, int] = {}
    for figure in _of_month(figures, "sales", today):
        sold[figure.currency] = sold.get(figure.currency, 0) + figure.amount
    currencies = {currency for _kind, currency in balances} | due.keys() | sold.keys()
    return [
        CurrencyMoney(
            currency,
            due=due.get(currency, (0, 0))[1],
            owed=balances.get((_PAYABLE, currency), 0) + balances.get((_RESERVE, currency), 0),
            receivable=-balances.get((_RECEIVABLE, currency), 0),
            sold=sold.get(currency, 0),
        )
        for currency in sorted(currencies)
    ]


def token_overview(figures: Sequence[Figure], today: date) -> TokenMoney:
    """Return the reward tokens that wait, are owed and were minted this month."""
    totals = reward_totals()
    return TokenMoney(
        pending=totals["pending_approval"][1],
        approved=totals["approved"][1] + totals["minting"][1],
        minted=sum(
            figure.amount for figure in _of_month(figures, "minted", today) if figure.currency == IN_WEI
        ),
    )


def _of_month(figures: Sequence[Figure], kind: str, today: date) -> list[Figure]:
    first = today.replace(day=1)
    return [figure for figure in figures if figure.kind == kind and figure.day >= first]
