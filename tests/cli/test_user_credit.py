"""`flask user credit`: every refusal is a sentence and an exit status, and nothing changes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from models import CreditBalance, CreditEntry, EventLog, Proposal, User
from portal.lib.clock import utc_now
from portal.lib.money import MAX_TOTAL_MINOR
from portal.payments import credit_balance
from tests.cli.conftest import MakePortal, invoke
from tests.factories import make_user


@pytest.fixture
def person(database: str) -> User:
    return make_user(email="olena@example.com", email_confirmed_at=utc_now())


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "shown"),
    [
        ("1 234,50", "uah", 123_450, "1234.50 UAH"),
        ("1500", "JPY", 1_500, "1500 JPY"),
        ("1.5", "KWD", 1_500, "1.500 KWD"),
        ("0.0001", "CLF", 1, "0.0001 CLF"),
        ("7", "usdt", 700, "7.00 USDT"),
    ],
)
def test_credit_in_any_currency(
    make_portal: MakePortal, person: User, amount: str, currency: str, minor: int, shown: str
) -> None:
    result = invoke(make_portal(), "user", "credit", person.email, amount, currency, "--reason", "gift")
    assert (result.exit_code, result.output) == (0, f"olena@example.com now has {shown}.\n")
    assert credit_balance(person.id, currency.upper()) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "reason", "part"),
    [
        ("5", "XYZ", "gift", "CURRENCY: 'XYZ' is no currency"),
        ("5", "BGN", "gift", "for CURRENCY: "),
        ("5", "\uff35\uff21\uff28", "gift", "for CURRENCY: "),
        ("5.5", "JPY", "gift", "at most 0 decimals"),
        ("1.2345", "KWD", "gift", "at most 3 decimals"),
        ("1,234", "UAH", "gift", "AMOUNT: the comma"),
        *((amount, "UAH", "gift", "AMOUNT: enter an amount above zero") for amount in
          ("1e5", "NaN", "Infinity", "+5", "0", "", "٥", "9" * 40, "9" * 5000)),
        ("5", "UAH", " ", "--reason: enter a reason"),
        ("5", "UAH", "x\x07", "--reason: remove the character"),
    ],
)  # fmt: skip
def test_refusals_are_sentences(
    make_portal: MakePortal, person: User, amount: str, currency: str, reason: str, part: str
) -> None:
    result = invoke(make_portal(), "user", "credit", person.email, amount, currency, "--reason", reason)
    assert (result.exit_code, part in result.output) == (2, True), result.output
    assert not CreditEntry.select().exists()


def test_balance_beyond_the_limit_is_refused_with_a_sentence(make_portal: MakePortal, person: User) -> None:
    CreditBalance.insert(user_id=person.id, currency="UAH", balance_minor=MAX_TOTAL_MINOR).execute()
    result = invoke(make_portal(), "user", "credit", person.email, "5", "UAH", "--reason", "gift")
    limit = "The credit of olena@example.com can be at most 10000000000000.00 UAH. Nothing was added."
    assert (result.exit_code, result.output) == (1, f"Error: {limit}\n")


def test_unknown_account_is_refused(make_portal: MakePortal) -> None:
    result = invoke(make_portal(), "user", "credit", "no@example.com", "5", "UAH", "--reason", "gift")
    assert (result.exit_code, "no account no@example.com" in result.output) == (1, True)


def test_an_amount_above_the_limit_is_added_and_recorded_as_the_command(
    make_portal: MakePortal, database: str
) -> None:
    user = make_user(email="ann@example.com")
    portal = make_portal(credit_second_approval_usd=Decimal(10))
    result = invoke(portal, "user", "credit", "ann@example.com", "5000", "USD", "--reason", "Gift")
    assert (result.exit_code, credit_balance(user.id, "USD")) == (0, 500_000), result.output
    assert not Proposal.select().exists()
    event = EventLog.get(EventLog.event == "credit_added")
    assert (event.actor, event.actor_user_id) == ("command:user", None)


@pytest.mark.parametrize(
    "command",
    [
        "user credit olena@example.com 10 UAH --reason gift",
        "user role olena@example.com admin",
        "vendor create Shop --owner olena@example.com",
    ],
)
def test_accounts_whose_email_was_never_confirmed_are_named(
    make_portal: MakePortal, person: User, command: str
) -> None:
    app, warning = make_portal(), "olena@example.com was never confirmed"
    assert warning not in invoke(app, *command.split()).output
    User.update(email_confirmed_at=None, role="user").execute()
    assert warning in invoke(app, *command.replace("Shop", "Other").split()).output
