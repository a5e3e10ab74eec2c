"""Add internal credit to an account, as an admin, once per form; the person is notified."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from models import User
from portal.accounts import UserUnknown, find_user, find_user_by_email, find_wallet_owner, lock_user
from portal.db import Actor, transaction
from portal.lib.addresses import AddressChecksumWrong, InvalidAddress, canonical_address
from portal.lib.errors import InputInvalid, PortalError
from portal.notifications import notify
from portal.payments import CreditKeyInvalid, add_credit, check_reason, find_top_up, parse_top_up
from portal.payments.refunds import REQUEST_ID_MAX

Checked = TypeVar("Checked")


def find_person(account: str) -> User:
    """Return the account of an e-mail address or a linked wallet; raise UserUnknown or
    AddressChecksumWrong naming the field."""
    person = find_user_by_email(account) or _find_by_wallet(account)
    if person is None:
        raise UserUnknown(field="account")
    return person


def top_up_credit(
    account: str, amount: str, currency: str, reason: str, request_id: str, admin_id: int
) -> int | None:
    """Add credit, notify the person and return the new balance in minor units.

    `account` is as in `find_person`, `amount` in major units. Returns None, and adds nothing, when the key of the form
    was used before. Raises InputInvalid with every invalid field, or CreditKeyInvalid.
    """
    if not 1 <= len(request_id) <= REQUEST_ID_MAX:
        raise CreditKeyInvalid
    person, minor, reason_text = _checked(account, amount, currency, reason)
    with transaction():
        # Concurrent forms for one person wait here, so the second sees what the first wrote.
        lock_user(person.id)
        existing = find_top_up(request_id)
        if existing is not None:
            if (existing.user_id, existing.amount_minor, existing.currency) != (person.id, minor, currency):
                raise CreditKeyInvalid
            return None
        balance = add_credit(
            person.id, minor, currency, reason_text, Actor.user(admin_id), request_id=request_id
        )
        params = {"amountMinor": str(minor), "currency": currency, "reason": reason_text}
        notify(person.id, "credit_added", f"credit_added:{request_id}", **params)
    return balance


def _find_by_wallet(text: str) -> User | None:
    try:
        owner = find_wallet_owner(canonical_address(text))
    except AddressChecksumWrong:
        raise AddressChecksumWrong(field="account") from None
    except InvalidAddress:
        return None
    return find_user(owner) if owner else None


def _checked(account: str, amount: str, currency: str, reason: str) -> tuple[User, int, str]:
    errors: dict[str, PortalError] = {}
    person = _collect(errors, lambda: find_person(account))
    minor = _collect(errors, lambda: parse_top_up(amount, currency))
    reason_text = _collect(errors, lambda: check_reason(reason))
    if person is None or minor is None or reason_text is None:
        raise InputInvalid(errors)
    return person, minor, reason_text


def _collect(errors: dict[str, PortalError], check: Callable[[], Checked]) -> Checked | None:
    try:
        return check()
    except PortalError as error:
        errors[error.field or ""] = error
        return None
