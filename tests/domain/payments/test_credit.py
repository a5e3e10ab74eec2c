"""The credit ledger: exact running balances, validated top-ups, and no overdraft under concurrency."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import CreditEntry, User
from portal.db import SYSTEM
from portal.db.checks import run_checks
from portal.lib.money import CurrencyUnknown
from portal.payments import (
    CreditAmountInvalid,
    CreditShort,
    add_credit,
    credit_balance,
    credit_balances,
    debit_credit,
    list_statement,
    parse_top_up,
)
from portal.payments.providers.internal_credit.ledger import TOP_UP_MAX_MAJOR, ReasonMissing
from tests.factories import make_user
from tests.support.threads import at_once

REFUSED = [
    "",
    " ",
    "0",
    "0.00",
    "-1",
    "NaN",
    "inf",
    "1e3",
    "1,5,5",
    "12.505",
    "1_000",
    "١",
    f"{TOP_UP_MAX_MAJOR}.01",
    "9" * 40,
]


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("12.50", "UAH", 1_250), (" 7 ", "USD", 700), ("0.01", "EUR", 1), ("1250", "JPY", 1_250),
     (str(TOP_UP_MAX_MAJOR), "UAH", TOP_UP_MAX_MAJOR * 100)],
)  # fmt: skip
def test_parse_top_up(text: str, currency: str, minor: int) -> None:
    assert parse_top_up(text, currency) == minor


@pytest.mark.parametrize("text", REFUSED)
def test_invalid_amount_is_refused_with_the_field(text: str) -> None:
    with pytest.raises(CreditAmountInvalid) as caught:
        parse_top_up(text, "UAH")
    assert (caught.value.field, caught.value.params["decimals"]) == ("amount", 2)


def test_currency_determines_the_decimals() -> None:
    with pytest.raises(CreditAmountInvalid) as caught:
        parse_top_up("12.5", "JPY")
    assert caught.value.params["decimals"] == 0


@pytest.mark.parametrize("currency", ["", "BTC", "UA", "XAU", "XTS", "XPT", "UAHX", "ua\u0433"])
def test_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(CurrencyUnknown) as caught:
        parse_top_up("10", currency)
    assert caught.value.field == "currency"


@given(st.integers(min_value=1, max_value=TOP_UP_MAX_MAJOR * 100))
def test_every_amount_within_bounds_round_trips(minor: int) -> None:
    assert parse_top_up(f"{minor // 100}.{minor % 100:02d}", "UAH") == minor


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_top_up_requires_a_reason(database: str, reason: str) -> None:
    user = make_user()
    with pytest.raises(ReasonMissing):
        add_credit(user.id, 100, "UAH", reason, SYSTEM)
    assert not CreditEntry.select().exists()


def test_statement_shows_the_balance_after_each_entry(database: str) -> None:
    user, other_user = make_user(), make_user()
    add_credit(other_user.id, 777, "UAH", "not theirs", SYSTEM)
    add_credit(user.id, 1_000, "UAH", "first", SYSTEM)
    add_credit(user.id, 50, "USD", "dollars", SYSTEM)
    debit_credit(user.id, 300, "UAH", "store_a_1")
    add_credit(user.id, 25, "UAH", "second", SYSTEM)
    lines = list_statement(user.id).rows
    entries = [(line.amount_minor, line.currency, line.balance_minor) for line in lines]
    assert entries == [(25, "UAH", 725), (-300, "UAH", 700), (50, "USD", 50), (1_000, "UAH", 1_000)]
    assert credit_balances(user.id) == {"UAH": 725, "USD": 50}
    # Balances of a later page include the entries before it.
    first = list_statement(user.id, limit=2)
    second = list_statement(user.id, first.next_cursor, limit=2)
    assert [*first.rows, *second.rows] == lines
    assert second.next_cursor is None
    assert [line.balance_minor for line in list_statement(user.id, currency="UAH").rows] == [725, 700, 1_000]


@pytest.mark.system_postgres
def test_concurrent_debits_never_overdraw_the_balance(database: str) -> None:
    user = make_user()
    add_credit(user.id, 1_000, "UAH", "start", SYSTEM)
    spend = [lambda n=n: debit_credit(user.id, 150, "UAH", f"store_race_{n}") for n in range(12)]
    top_up = [lambda: add_credit(user.id, 100, "UAH", "more", SYSTEM)] * 3
    raised = at_once([*spend, *top_up])
    assert {type(error) for error in raised} == {CreditShort}
    spent = CreditEntry.select().where(CreditEntry.amount_minor < 0).count()
    assert spent + len(raised) == 12
    assert credit_balance(user.id, "UAH") == 1_300 - 150 * spent >= 0
    # In order of ids, no entry overdraws the balance.
    balances = [line.balance_minor for line in list_statement(user.id, limit=100).rows]
    assert min(balances) >= 0
    assert balances[0] == credit_balance(user.id, "UAH")
    assert run_checks() == {}


def test_currencies_have_separate_balances(database: str) -> None:
    user: User = make_user()
    add_credit(user.id, 1_000, "USD", "dollars", SYSTEM)
    with pytest.raises(CreditShort):
        debit_credit(user.id, 1, "UAH", "store_a_1")
