"""E-mails for password resets, address confirmation and addresses that are already in use."""

from __future__ import annotations

from datetime import timedelta

from models import PasswordResetRequest, User
from portal.accounts import (
    LINK_LIFETIMES,
    RESET_QUEUE,
    deliverable_email,
    find_user_by_email,
    forget_reset_request,
    get_user,
    list_reset_requests,
    open_link,
)
from portal.db import transaction, work_through
from portal.lib.clock import utc_now
from portal.mail import queue_letter


def answer_reset_requests() -> int:
    """Queue a reset link for each requested account and return the number of e-mails.

    A request that cannot be answered is set aside and tried again later.
    """
    written = 0

    def answer(request: PasswordResetRequest) -> None:
        nonlocal written
        with transaction():
            if forget_reset_request(request.id):
                written += _answer_reset(request.email)

    work_through(RESET_QUEUE, list_reset_requests(), lambda request: request.id, answer)
    return written


def request_email(user_id: int, email: str, session_id: int) -> str:
    """Send a confirmation link to a new address of an account and return the address; raise EmailInvalid.

    A link for another address than the account's works in the session that asked for it only.
    An address of another account also gets an e-mail, about the attempt, so the page does not reveal that it is in use.
    """
    address = deliverable_email(email)
    user, owner = get_user(user_id), find_user_by_email(address)
    with transaction():
        if owner is not None and owner.id != user_id:
            _notify_in_use(owner)
        else:
            is_new = (user.email or "").lower() != address.lower()
            send_confirmation(user, address, session_id if is_new else None)
    return address


def send_confirmation(user: User, address: str, session_id: int | None = None) -> None:
    """Queue a confirmation link, unless too many were sent in the last minutes."""
    key = open_link("confirm_email", user.id, address, session_id)
    if key:
        lifetime = LINK_LIFETIMES["confirm_email"]
        queue_letter("confirm_email", address, user.locale, lifetime, {"key": key}, user_id=user.id)


def sign_up_again(email: str) -> None:
    """Answer a sign-up with an e-mail that has an account.

    Until the mailbox is proven, its reader gets the link again; the first registration gives no claim to it.
    """
    owner = find_user_by_email(email)
    if owner is None or owner.email is None:
        return
    with transaction():
        if owner.email_confirmed_at is None:
            send_confirmation(owner, owner.email)
        else:
            _notify_in_use(owner)


def _answer_reset(email: str) -> bool:
    user = find_user_by_email(email)
    if user is None or user.email is None:
        return False
    # To the stored address, never to the typed one: case folding can equate different mailboxes.
    key = open_link("reset_password", user.id, user.email)
    if key is None:
        return False
    lifetime = LINK_LIFETIMES["reset_password"]
    return queue_letter("reset_password", user.email, user.locale, lifetime, {"key": key}, user_id=user.id)


def _notify_in_use(owner: User) -> None:
    # At most one per hour, however often someone tries.
    once = f"email_in_use:{owner.id}:{utc_now():%Y%m%d%H}"
    lifetime = timedelta(hours=1)
    assert owner.email, "the account was found by its e-mail"
    queue_letter("email_in_use", owner.email, owner.locale, lifetime, user_id=owner.id, dedupe_key=once)
