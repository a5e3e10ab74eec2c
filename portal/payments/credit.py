"""Internal credit: an append-only ledger whose balance can never go below zero."""

from __future__ import annotations

from models import CreditBalance, CreditEntry
from portal.db import Actor, query, record_event, transaction
from portal.lib.errors import PortalError

REASON_MAX = 200


class CreditShort(PortalError):
    """The balance does not cover the amount; params: balance_minor, needed_minor, currency."""

    code = "credit_short"


class CreditAmountInvalid(PortalError):
    code = "amount_invalid"


class ReasonMissing(PortalError):
    code = "reason_missing"


def credit_balance(user_id: int, currency: str) -> int:
    """Return a person's credit in minor units of a currency."""
    row = CreditBalance.get_or_none((CreditBalance.user_id == user_id) & (CreditBalance.currency == currency))
    return row.balance_minor if row else 0


def add_credit(user_id: int, amount_minor: int, currency: str, reason: str, actor: Actor) -> int:
    """Top up a person's credit and return the new balance; the reason stays on the ledger."""
    if amount_minor <= 0:
        raise CreditAmountInvalid(field="amount")
    if not 1 <= len(reason.strip()) <= REASON_MAX:
        raise ReasonMissing(field="reason", at_most=REASON_MAX)
    with transaction():
        rows = query(
            """INSERT INTO credit_balances (user_id, currency, balance_minor) VALUES (%s, %s, %s)
               ON CONFLICT (user_id, currency) DO UPDATE
               SET balance_minor = credit_balances.balance_minor + excluded.balance_minor
               RETURNING balance_minor""",
            [user_id, currency, amount_minor],
        )
        _append(user_id, amount_minor, currency, reason.strip(), None)
        record_event(actor, "credit", user_id, "credit_added", reason=reason.strip())
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


def return_credit(
    user_id: int, amount_minor: int, currency: str, order_reference: str, refund_id: int
) -> None:
    """Give credit back to the buyer of a reference, once a refund: the ledger has one entry for each."""
    with transaction():
        query(
            """UPDATE credit_balances SET balance_minor = balance_minor + %s WHERE user_id = %s AND currency = %s""",
            [amount_minor, user_id, currency],
        )
        _append(user_id, amount_minor, currency, "refund", order_reference, refund_id)


def _append(
    user_id: int,
    amount_minor: int,
    currency: str,
    reason: str,
    order_reference: str | None,
    refund_id: int | None = None,
) -> None:
    CreditEntry.insert(
        user_id=user_id,
        amount_minor=amount_minor,
        currency=currency,
        reason=reason,
        order_reference=order_reference,
        refund_id=refund_id,
    ).execute()
