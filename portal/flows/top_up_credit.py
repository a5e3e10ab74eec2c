"""An admin gives a person internal credit: every field checked, once a form, and the person is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from models import User
from portal.accounts import UserUnknown, find_user_by_email, lock_user
from portal.db import Actor, transaction
from portal.lib.errors import InputInvalid, PortalError
from portal.notices import notify
from portal.payments import CreditKeyInvalid, add_credit, check_reason, find_top_up, parse_top_up
from portal.payments.refunds import REQUEST_ID_MAX

Checked = TypeVar("Checked")


def find_person(email: str) -> User:
    """Return the account of an e-mail address; raise UserUnknown naming the field."""
    person = find_user_by_email(email)
    if person is None:
        raise UserUnknown(field="email")
    return person


def top_up_credit(
    email: str, amount: str, currency: str, reason: str, request_id: str, admin_id: int
) -> tuple[User, int | None]:
    """Add credit to a person and tell them; return the person and the new balance in minor units.

    `amount` is in major units. The balance is None when the form's key has added it before: nothing is added then.
    Raises InputInvalid naming every field at fault, or CreditKeyInvalid.
    """
    if not 1 <= len(request_id) <= REQUEST_ID_MAX:
        raise CreditKeyInvalid
    person, minor, told = _checked(email, amount, currency, reason)
    with transaction():
        # One person's forms queue here, so the second one sees what the first has written.
        lock_user(person.id)
        made = find_top_up(request_id)
        if made is not None:
            if (made.user_id, made.amount_minor, made.currency) != (person.id, minor, currency):
                raise CreditKeyInvalid
            return person, None
        balance = add_credit(person.id, minor, currency, told, Actor.user(admin_id), request_id=request_id)
        params = {"amountMinor": str(minor), "currency": currency, "reason": told}
        notify(person.id, "credit_added", f"credit_added:{request_id}", **params)
    return person, balance


def _checked(email: str, amount: str, currency: str, reason: str) -> tuple[User, int, str]:
    errors: dict[str, PortalError] = {}
    person = _collect(errors, lambda: find_person(email))
    minor = _collect(errors, lambda: parse_top_up(amount, currency))
    told = _collect(errors, lambda: check_reason(reason))
    if person is None or minor is None or told is None:
        raise InputInvalid(errors)
    return person, minor, told


def _collect(errors: dict[str, PortalError], check: Callable[[], Checked]) -> Checked | None:
    try:
        return check()
    except PortalError as error:
        errors[error.field or ""] = error
        return None
