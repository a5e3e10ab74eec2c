"""An admin gives a person internal credit: every field checked, once a form, and the person is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from models import User
from portal.accounts import UserUnknown, find_user, find_user_by_email, find_wallet_owner, lock_user
from portal.db import Actor, transaction
from portal.lib.addresses import InvalidAddress, canonical_address
from portal.lib.errors import InputInvalid, PortalError
from portal.notifications import notify
from portal.payments import CreditKeyInvalid, add_credit, check_reason, find_top_up, parse_top_up
from portal.payments.refunds import REQUEST_ID_MAX

Checked = TypeVar("Checked")


def find_person(account: str) -> User:
    """Return the account of an e-mail address or a linked wallet; raise UserUnknown naming the field."""
    person = find_user_by_email(account) or _find_by_wallet(account)
    if person is None:
        raise UserUnknown(field="account")
    return person


def top_up_credit(
    account: str, amount: str, currency: str, reason: str, request_id: str, admin_id: int
) -> int | None:
    """Add credit to a person and tell them; return the new balance in minor units.

    `account` is as in `find_person`, `amount` in major units. None says that the form's key has added it before:
    nothing is added then.
    Raises InputInvalid naming every field at fault, or CreditKeyInvalid.
    """
    if not 1 <= len(request_id) <= REQUEST_ID_MAX:
        raise CreditKeyInvalid
    person, minor, told = _checked(account, amount, currency, reason)
    with transaction():
        # One person's forms queue here, so the second one sees what the first has written.
        lock_user(person.id)
        made = find_top_up(request_id)
        if made is not None:
            if (made.user_id, made.amount_minor, made.currency) != (person.id, minor, currency):
                raise CreditKeyInvalid
            return None
        balance = add_credit(person.id, minor, currency, told, Actor.user(admin_id), request_id=request_id)
        params = {"amountMinor": str(minor), "currency": currency, "reason": told}
        notify(person.id, "credit_added", f"credit_added:{request_id}", **params)
    return balance


def _find_by_wallet(text: str) -> User | None:
    try:
        owner = find_wallet_owner(canonical_address(text))
    except InvalidAddress:
        return None
    return find_user(owner) if owner else None


def _checked(account: str, amount: str, currency: str, reason: str) -> tuple[User, int, str]:
    errors: dict[str, PortalError] = {}
    person = _collect(errors, lambda: find_person(account))
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
