"""Send a vendor to a payment provider to pay an open commission statement. See docs/rules/statements.md."""

from __future__ import annotations

from collections.abc import Sequence

from models import CommissionStatement, PaymentTransaction, User
from portal.accounts import lock_enabled_user
from portal.commissions import StatementStatusConflict, get_statement
from portal.db import Actor, transaction
from portal.flows.checkout.departure import depart, mark_redirected
from portal.flows.checkout.open_attempt import is_reusable
from portal.lib.clock import epoch_milliseconds, utc_now
from portal.payments import (
    STATEMENT_PURPOSE,
    Form,
    PaymentProvider,
    PurchaseLine,
    Redirect,
    build_statement_reference,
    find_and_lock_payment,
    find_last_payment,
    offered_provider,
    open_payment,
    parse_reference,
)
from portal.settings import Settings


def begin_statement_payment(
    statement_id: int,
    vendor_ids: Sequence[int],
    payer: User,
    locale: str,
    settings: Settings,
    provider_name: str = "",
) -> Form | Redirect:
    """Return the form or address where a vendor pays an open statement of one of `vendor_ids`.

    An attempt that is still open at the same provider is used again. Raises StatementUnknown, StatementStatusConflict,
    PaymentInProgress or ProviderUnknown.
    """
    provider, actor = offered_provider(provider_name, settings), Actor.user(payer.id)
    with transaction():
        lock_enabled_user(payer.id)
        statement = get_statement(statement_id, vendor_ids)
        if statement.status != "open":
            raise StatementStatusConflict(state=statement.status)
        payment = open_payment(
            _reference(statement, provider, actor),
            purpose=STATEMENT_PURPOSE,
            method=provider,
            entity_id=str(statement.id),
            user_id=payer.id,
            amount_minor=statement.amount_minor,
            currency=statement.currency,
            actor=actor,
        )
        mark_redirected(payment, actor)
    line = PurchaseLine(f"Commission statement {statement.id}", statement.amount_minor, 1)
    return depart(provider, payment, [line], payer, locale, settings)


def find_statement_payment(statement_id: int) -> PaymentTransaction | None:
    """Return the last attempt to pay a statement by a provider, or None."""
    return find_last_payment(STATEMENT_PURPOSE, str(statement_id))


def _reference(statement: CommissionStatement, provider: PaymentProvider, actor: Actor) -> str:
    """Return the reference of the attempt: that of the last one if it can be used again, else a new one."""
    last = find_statement_payment(statement.id)
    used = 0
    if last is not None:
        locked = find_and_lock_payment(last.order_reference)
        if locked is not None and is_reusable(locked, provider, actor):
            return str(locked.order_reference)
        used = parse_reference(last.order_reference).milliseconds
    return build_statement_reference(statement.id, max(used + 1, epoch_milliseconds(utc_now())))
