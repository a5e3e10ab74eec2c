"""Add internal credit to an account, as an admin, once per form; the person is notified.

From a limit on, a second admin has to confirm it. See docs/rules/second_admin.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from models import CreditEntry, Proposal, User
from portal.accounts import UserUnknown, find_user, find_user_by_email, find_wallet_owner, lock_user
from portal.db import Actor, query, transaction
from portal.flows.approvals.propose_change import propose_change
from portal.flows.approvals.second_admin import Judgement, Rates, judge, read_rates
from portal.lib.addresses import AddressChecksumWrong, InvalidAddress, canonical_address
from portal.lib.errors import InputInvalid, PortalError
from portal.lib.money import check_currency
from portal.notifications import notify
from portal.payments import (
    CONFIRMED,
    CreditKeyInvalid,
    add_credit,
    check_reason,
    find_top_up,
    parse_top_up,
    recent_top_ups,
)
from portal.payments.refunds import REQUEST_ID_MAX
from portal.proposals import CREDIT, Draft, amount_of, find_proposal_by_request
from portal.settings import Settings

Checked = TypeVar("Checked")

# What one admin alone has added to all accounts within a day, in minor units by currency.
_OF_ADMIN = """
SELECT data ->> 'currency', sum((data ->> 'amountMinor')::bigint)::bigint FROM event_log
WHERE event = 'credit_added' AND at > now() - interval '1 day'
  AND entity = 'credit' AND actor_user_id = %s AND NOT data ? 'confirmedBy'
GROUP BY data ->> 'currency'
"""


class CreditToSelf(PortalError):
    """Nobody adds credit to their own account."""

    code = "credit_to_self"


@dataclass(frozen=True)
class TopUp:
    """The result of a form: the new balance in minor units, or None where nothing was added (again).

    `waits` says that a second admin has to confirm it.
    """

    balance_minor: int | None
    waits: bool = False


def find_person(account: str) -> User:
    """Return the account of an e-mail address or a linked wallet; raise UserUnknown or
    AddressChecksumWrong naming the field."""
    person = find_user_by_email(account) or _find_by_wallet(account)
    if person is None:
        raise UserUnknown(field="account")
    return person


def top_up_credit(
    account: str, amount: str, currency: str, reason: str, request_id: str, admin_id: int, settings: Settings
) -> TopUp:
    """Add credit and notify the person, or propose it to a second admin.

    `account` is as in `find_person`, `amount` in major units. A key that was used before adds nothing. Raises
    InputInvalid with every invalid field, CreditToSelf, or CreditKeyInvalid.
    """
    if not 1 <= len(request_id) <= REQUEST_ID_MAX or request_id.startswith(CONFIRMED):
        raise CreditKeyInvalid
    person, minor, currency, reason_text = _checked(account, amount, currency, reason)
    if person.id == admin_id:
        raise CreditToSelf(field="account")
    rates = read_rates(settings)
    with transaction():
        # Concurrent forms for one person or of one admin wait here, so the second sees what the first wrote.
        for user_id in sorted((person.id, admin_id)):
            lock_user(user_id)
        existing = find_top_up(request_id) or find_proposal_by_request(request_id)
        if existing is not None:
            if _what(existing) != (person.id, minor, currency):
                raise CreditKeyInvalid
            return TopUp(None, waits=isinstance(existing, Proposal))
        verdict = _judge(person.id, admin_id, minor, currency, settings, rates)
        draft = _draft(person.id, minor, currency, reason_text, request_id, verdict)
        if draft is not None:
            propose_change(draft, admin_id)
            return TopUp(None, waits=True)
        actor = Actor.user(admin_id)
        return TopUp(give_credit(person.id, minor, currency, reason_text, actor, request_id=request_id))


def give_credit(
    user_id: int,
    minor: int,
    currency: str,
    reason: str,
    actor: Actor,
    *,
    request_id: str,
    confirmed_by: int | None = None,
) -> int:
    """Add credit, notify the person and return the new balance in minor units."""
    with transaction():
        balance = add_credit(
            user_id, minor, currency, reason, actor, request_id=request_id, confirmed_by=confirmed_by
        )
        params = {"amountMinor": str(minor), "currency": currency, "reason": reason}
        notify(user_id, "credit_added", f"credit_added:{request_id}", **params)
    return balance


def _what(existing: CreditEntry | Proposal) -> tuple[int, int, str] | None:
    if isinstance(existing, Proposal):
        return (int(existing.subject), *amount_of(existing)) if existing.kind == CREDIT else None
    return existing.user_id, existing.amount_minor, existing.currency


def _judge(
    user_id: int, admin_id: int, minor: int, currency: str, settings: Settings, rates: Rates
) -> Judgement:
    """Judge a top-up together with the small ones of a day: those of the account, and those of the admin."""
    verdicts = []
    for amounts in (recent_top_ups(user_id), dict(query(_OF_ADMIN, [admin_id]))):
        in_all = {**amounts, currency: amounts.get(currency, 0) + minor}
        verdicts.append(judge(in_all, settings.credit_limit_usd, rates))
    return next((verdict for verdict in verdicts if verdict.needs_second), verdicts[0])


def _draft(
    user_id: int,
    minor: int,
    currency: str,
    reason: str,
    request_id: str,
    verdict: Judgement,
) -> Draft | None:
    """Return what a second admin has to confirm, None if one admin is enough."""
    if not verdict.needs_second:
        return None
    return Draft(CREDIT, str(user_id), reason, request_id, verdict.usd_value, minor, currency)


def _find_by_wallet(text: str) -> User | None:
    try:
        owner = find_wallet_owner(canonical_address(text, "account"))
    except AddressChecksumWrong:
        raise
    except InvalidAddress:
        return None
    return find_user(owner) if owner else None


def _checked(account: str, amount: str, currency: str, reason: str) -> tuple[User, int, str, str]:
    errors: dict[str, PortalError] = {}
    person = _collect(errors, lambda: find_person(account))
    code = _collect(errors, lambda: check_currency(currency))
    minor = _collect(errors, lambda: parse_top_up(amount, code)) if code else None
    reason_text = _collect(errors, lambda: check_reason(reason))
    if person is None or code is None or minor is None or reason_text is None:
        raise InputInvalid(errors)
    return person, minor, code, reason_text


def _collect(errors: dict[str, PortalError], check: Callable[[], Checked]) -> Checked | None:
    try:
        return check()
    except PortalError as error:
        errors[error.field or ""] = error
        return None
