"""Internal credit: an append-only ledger whose balance can never go below zero."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models import CreditBalance, CreditEntry
from portal.db import Actor, Page, cut_page, parse_cursor, query, record_event, transaction
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.money import (
    MAX_MINOR,
    MAX_TOTAL_MINOR,
    InvalidAmount,
    TotalTooLarge,
    check_currency,
    minor_digits,
    parse_amount,
    to_major,
)
from portal.lib.texts import clean_line

REASON_MAX = 200
TOP_UP_MAX_MAJOR = 10_000_000
STATEMENT_PAGE = 25
# How the key of a top-up begins that two admins agreed on; no form has such a key.
CONFIRMED = "proposal:"
# The reason of an entry that takes what a person gave up.
GIVEN_UP = "given up"


class CreditShort(PortalError):
    """The balance does not cover the amount; params: balance_minor, needed_minor, currency."""

    code = "credit_short"


class CreditAmountInvalid(PortalError):
    """The amount is not above zero, too large, or finer than the currency; params decimals and at_most (major)."""

    code = "credit_amount_invalid"


class CreditChanged(PortalError):
    """The balance is not the one that the person saw."""

    code = "credit_changed"


class CreditKeyInvalid(PortalError):
    """The form's key is missing, or was used for another top-up."""

    code = "credit_key_invalid"


class ReasonMissing(PortalError):
    code = "reason_missing"


@dataclass(frozen=True)
class StatementLine:
    """One entry of a user's ledger and the balance of its currency right after it, in minor units."""

    id: int
    amount_minor: int
    currency: str
    reason: str
    order_reference: str | None
    created_at: datetime
    is_refund: bool
    balance_minor: int


def parse_top_up(text: str, currency: str) -> int:
    """Return a top-up in minor units; raise CurrencyUnknown, InvalidAmount or CreditAmountInvalid naming the field."""
    currency = check_currency(currency)
    try:
        minor = parse_amount(text, currency)
    except InvalidAmount as error:
        if "ambiguous" in error.params:
            raise
        minor = 0
    _check_top_up(minor, currency)
    return minor


def check_reason(text: str) -> str:
    """Return a reason on one line; raise CharacterRefused, or ReasonMissing when it is empty or too long."""
    reason = clean_line(text, "reason")
    if not 1 <= len(reason) <= REASON_MAX:
        raise ReasonMissing(field="reason", at_most=REASON_MAX)
    return reason


def credit_balance(user_id: int, currency: str) -> int:
    """Return a user's credit in minor units of a currency."""
    row = CreditBalance.get_or_none((CreditBalance.user_id == user_id) & (CreditBalance.currency == currency))
    return row.balance_minor if row else 0


def credit_balances(user_id: int) -> dict[str, int]:
    """Return a user's credit in minor units by currency, for currencies with entries."""
    rows = CreditBalance.select().where(CreditBalance.user_id == user_id).order_by(CreditBalance.currency)
    return {row.currency: row.balance_minor for row in rows}


def list_statement(
    user_id: int, cursor: str | None = None, currency: str = "", limit: int = STATEMENT_PAGE
) -> Page[StatementLine]:
    """Return a page of a user's entries, newest first, of one currency or of all; raise CursorInvalid.

    Entries of one balance are written under its row's lock, so their ids are in the order they took effect and
    the sum up to an entry is the balance after it.
    """
    before_id = parse_cursor(cursor, CreditEntry.id)[0] if cursor else 2**63 - 1
    rows = query(
        """SELECT * FROM (
               SELECT id, amount_minor, currency, reason, order_reference, created_at, refund_id IS NOT NULL,
                   sum(amount_minor) OVER (PARTITION BY currency ORDER BY id)::bigint
               FROM credit_entries WHERE user_id = %s AND (%s = '' OR currency = %s)
           ) AS entries WHERE id < %s ORDER BY id DESC LIMIT %s""",
        [user_id, currency, currency, before_id, limit + 1],
    )
    return cut_page([StatementLine(*row) for row in rows], limit, lambda line: (line.id,))


def find_top_up(request_id: str) -> CreditEntry | None:
    """Return the entry a form has written, or None."""
    return CreditEntry.get_or_none(CreditEntry.request_id == request_id)


def recent_top_ups(user_id: int) -> dict[str, int]:
    """Return what single admins have added to an account within a day, in minor units by currency.

    What a second admin confirmed, and what a command added, is not part of it.
    """
    rows = query(
        """SELECT currency, sum(amount_minor)::bigint FROM credit_entries
           WHERE user_id = %s AND amount_minor > 0 AND request_id IS NOT NULL AND NOT starts_with(request_id, %s)
             AND created_at > now() - interval '1 day'
           GROUP BY currency""",
        [user_id, CONFIRMED],
    )
    return dict(rows)


def add_credit(
    user_id: int,
    amount_minor: int,
    currency: str,
    reason: str,
    actor: Actor,
    *,
    request_id: str | None = None,
    confirmed_by: int | None = None,
) -> int:
    """Top up a user's credit and return the new balance; the reason stays on the ledger.

    `request_id` is the form's key, unique among all entries; `confirmed_by` is the second admin. Raises InputInvalid
    with TotalTooLarge for a balance above MAX_TOTAL_MINOR.
    """
    _check_top_up(amount_minor, currency)
    reason = check_reason(reason)
    with transaction():
        rows = query(
            """INSERT INTO credit_balances (user_id, currency, balance_minor) VALUES (%s, %s, %s)
               ON CONFLICT (user_id, currency) DO UPDATE
               SET balance_minor = credit_balances.balance_minor + excluded.balance_minor
               WHERE credit_balances.balance_minor <= %s - excluded.balance_minor
               RETURNING balance_minor""",
            [user_id, currency, amount_minor, MAX_TOTAL_MINOR],
        )
        if not rows:
            limit = to_major(MAX_TOTAL_MINOR, currency)
            raise InputInvalid({"amount": TotalTooLarge(field="amount", at_most=limit, currency=currency)})
        _append(user_id, amount_minor, currency, reason, None, request_id=request_id)
        data: dict[str, object] = {"amountMinor": str(amount_minor), "currency": currency}
        if confirmed_by is not None:
            data["confirmedBy"] = confirmed_by
        record_event(actor, "credit", user_id, "credit_added", reason=reason, data=data)
    return int(rows[0][0])


def debit_credit(user_id: int, amount_minor: int, currency: str, order_reference: str) -> int:
    """Spend credit on a reference and return the new balance; raise CreditShort and change nothing.

    The guarded update makes two simultaneous checkouts queue for the same balance row.
    """
    with transaction():
        rows = query(
            """UPDATE credit_balances SET balance_minor = balance_minor - %s
               WHERE user_id = %s AND currency = %s AND balance_minor >= %s RETURNING balance_minor""",
            [amount_minor, user_id, currency, amount_minor],
        )
        if not rows and amount_minor:
            balance = credit_balance(user_id, currency)
            raise CreditShort(balance_minor=balance, needed_minor=amount_minor, currency=currency)
        if amount_minor:
            _append(user_id, -amount_minor, currency, "purchase", order_reference)
    return int(rows[0][0]) if rows else 0


def give_up_credit(
    user_id: int, currency: str, seen_minor: int, actor: Actor, reason: str | None = None
) -> bool:
    """Take all credit of a currency from a person who gives it up; return whether there was any.

    `seen_minor` is the balance that they saw; raise CreditChanged where it is another one by now.
    """
    with transaction():
        rows = query(
            """UPDATE credit_balances SET balance_minor = 0
               WHERE user_id = %s AND currency = %s AND balance_minor = %s AND balance_minor > 0
               RETURNING user_id""",
            [user_id, currency, seen_minor],
        )
        if not rows:
            if credit_balance(user_id, currency):
                raise CreditChanged
            return False
        _append(user_id, -seen_minor, currency, GIVEN_UP, None)
        data = {"amountMinor": str(seen_minor), "currency": currency}
        record_event(actor, "credit", user_id, "credit_given_up", reason=reason, data=data)
    return True


def return_credit(
    user_id: int, amount_minor: int, currency: str, order_reference: str, refund_id: int
) -> None:
    """Give credit back to the buyer of a reference, once per refund: the ledger has one entry for each.

    A refund may exceed MAX_TOTAL_MINOR, which limits top-ups. Raises TotalTooLarge for a balance beyond its column.
    """
    with transaction():
        rows = query(
            """UPDATE credit_balances SET balance_minor = balance_minor + %s
               WHERE user_id = %s AND currency = %s AND balance_minor <= %s RETURNING balance_minor""",
            [amount_minor, user_id, currency, MAX_MINOR - amount_minor],
        )
        if not rows:
            raise TotalTooLarge(field="amount", at_most=to_major(MAX_MINOR, currency), currency=currency)
        _append(user_id, amount_minor, currency, "refund", order_reference, refund_id)


def _append(
    user_id: int,
    amount_minor: int,
    currency: str,
    reason: str,
    order_reference: str | None,
    refund_id: int | None = None,
    request_id: str | None = None,
) -> None:
    CreditEntry.insert(
        user_id=user_id,
        amount_minor=amount_minor,
        currency=currency,
        reason=reason,
        order_reference=order_reference,
        refund_id=refund_id,
        request_id=request_id,
    ).execute()


def _check_top_up(amount_minor: int, currency: str) -> None:
    decimals = minor_digits(currency)
    if not 0 < amount_minor <= TOP_UP_MAX_MAJOR * 10**decimals:
        raise CreditAmountInvalid(field="amount", decimals=decimals, at_most=TOP_UP_MAX_MAJOR)
