"""Letters about an account that nobody is signed in to yet: reset links, confirmation links, addresses in use."""

from __future__ import annotations

from datetime import timedelta

from models import User
from portal.accounts import (
    LINK_LIFETIMES,
    find_user_by_email,
    forget_reset_request,
    get_user,
    list_reset_requests,
    normalise_email,
    open_link,
)
from portal.db import transaction
from portal.lib.clock import utc_now
from portal.mail import queue_letter


def answer_reset_requests() -> int:
    """Write a letter with a link to each account whose e-mail was named; return how many were written."""
    with transaction():
        requests = list_reset_requests()
        written = sum(_answer_reset(request.email) for request in requests)
        for request in requests:
            forget_reset_request(request.id)
    return written


def request_email(user_id: int, email: str) -> str:
    """Send a link to the e-mail that an account is to have and return it; raise EmailInvalid.

    An e-mail of somebody else gets a letter too, one that says so: the page gives nothing away.
    """
    address = normalise_email(email)
    user, owner = get_user(user_id), find_user_by_email(address)
    with transaction():
        if owner is not None and owner.id != user_id:
            _tell_taken(owner)
        else:
            send_confirmation(user, address)
    return address


def send_confirmation(user: User, address: str) -> None:
    """Queue the letter whose link confirms an e-mail, unless the last minutes brought enough of them."""
    key = open_link("confirm_email", user.id, address)
    if key:
        lifetime = LINK_LIFETIMES["confirm_email"]
        queue_letter("confirm_email", address, user.locale, lifetime, {"key": key}, user_id=user.id)


def sign_up_again(email: str) -> None:
    """Tell the owner of an account that somebody tried to open another with the same e-mail."""
    owner = find_user_by_email(email)
    if owner is not None:
        _tell_taken(owner)


def _answer_reset(email: str) -> bool:
    user = find_user_by_email(email)
    if user is None or user.email is None:
        return False
    # To the e-mail as stored, never as typed: lower-casing makes one of letters that mailboxes tell apart.
    key = open_link("reset_password", user.id, user.email)
    if key is None:
        return False
    lifetime = LINK_LIFETIMES["reset_password"]
    return queue_letter("reset_password", user.email, user.locale, lifetime, {"key": key}, user_id=user.id)


def _tell_taken(owner: User) -> None:
    # One an hour is enough, however often somebody tries.
    once = f"email_in_use:{owner.id}:{utc_now():%Y%m%d%H}"
    lifetime = timedelta(hours=1)
    assert owner.email, "the account was found by its e-mail"
    queue_letter("email_in_use", owner.email, owner.locale, lifetime, user_id=owner.id, dedupe_key=once)
