"""Limit password guessing without letting an attacker lock out the owner.

An address can fail a few times per account; all unfamiliar networks together can fail more often. A network from which
the account has signed in before has a limit of its own.
"""

from __future__ import annotations

import hashlib

from models import SignInFailure
from portal.accounts.devices import Device
from portal.accounts.emails import find_user_by_email, typed_email
from portal.accounts.sessions import is_known_place
from portal.db import query
from portal.lib.errors import PortalError

ADDRESS_MINUTES = 15
ACCOUNT_MINUTES = 60


class SignInPaused(PortalError):
    """Too many incorrect passwords for this account from this address."""

    code = "sign_in_paused"


def note_attempt(email: str, device: Device, per_address: int, per_account: int) -> int:
    """Record an attempt as failed until it succeeds and return its id; raise SignInPaused at the limit.

    Attempts on unknown accounts are recorded too, so that timing reveals nothing.
    """
    account = _account_key(email)
    user = find_user_by_email(email)
    is_known = is_known_place(user.id if user else 0, device.network)
    from_here, from_elsewhere = _failures(account, device.address)
    if from_here >= per_address or (not is_known and from_elsewhere >= per_account):
        raise SignInPaused(minutes=ADDRESS_MINUTES)
    return int(
        SignInFailure.insert(account=account, address=device.address, is_known_place=is_known).execute()
    )


def forgive_attempts(email: str, device: Device) -> None:
    """Delete the failures of an address on an account after a correct password."""
    here = (SignInFailure.account == _account_key(email)) & (SignInFailure.address == device.address)
    SignInFailure.delete().where(here).execute()


def drop_attempt(attempt_id: int) -> None:
    """Delete an attempt whose password was never checked."""
    SignInFailure.delete().where(SignInFailure.id == attempt_id).execute()


def prune_failures() -> int:
    """Delete failures that no longer count and return their number."""
    rows = query(
        "DELETE FROM sign_in_failures WHERE at < now() - make_interval(mins => %s) RETURNING id",
        [ACCOUNT_MINUTES],
    )
    return len(rows)


def _failures(account: str, address: str) -> tuple[int, int]:
    """Return the failures on an account from one address, and from all unfamiliar networks."""
    ((here, elsewhere),) = query(
        """SELECT count(*) FILTER (WHERE address = %s AND at > now() - make_interval(mins => %s)),
                  count(*) FILTER (WHERE NOT is_known_place)
           FROM sign_in_failures WHERE account = %s AND at > now() - make_interval(mins => %s)""",
        [address, ADDRESS_MINUTES, account, ACCOUNT_MINUTES],
    )
    return int(here), int(elsewhere)


def _account_key(email: str) -> str:
    return hashlib.sha256(typed_email(email).lower().encode()).hexdigest()
