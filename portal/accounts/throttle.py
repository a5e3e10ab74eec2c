"""Slow down whoever guesses passwords, without letting them lock the owner out.

One address may fail a few times on one account; all unfamiliar places together may fail more often. A place the
account has signed in from before is counted for itself, so nobody elsewhere can close it.
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
    """Too many wrong passwords for this account from here."""

    code = "sign_in_paused"


def note_attempt(email: str, device: Device, per_address: int, per_account: int) -> int:
    """Count an attempt as failed until it succeeds and return its id; raise SignInPaused when there were too many.

    An unknown address costs and leaves the same as a known one.
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
    """Forget the failures of one address on one account: the password was right at last."""
    here = (SignInFailure.account == _account_key(email)) & (SignInFailure.address == device.address)
    SignInFailure.delete().where(here).execute()


def prune_failures() -> int:
    """Delete failures that no longer count and return how many."""
    rows = query(
        "DELETE FROM sign_in_failures WHERE at < now() - make_interval(mins => %s) RETURNING id",
        [ACCOUNT_MINUTES],
    )
    return len(rows)


def _failures(account: str, address: str) -> tuple[int, int]:
    """Return the failures on an account from one address, and from all unfamiliar places."""
    ((here, elsewhere),) = query(
        """SELECT count(*) FILTER (WHERE address = %s AND at > now() - make_interval(mins => %s)),
                  count(*) FILTER (WHERE NOT is_known_place)
           FROM sign_in_failures WHERE account = %s AND at > now() - make_interval(mins => %s)""",
        [address, ADDRESS_MINUTES, account, ACCOUNT_MINUTES],
    )
    return int(here), int(elsewhere)


def _account_key(email: str) -> str:
    return hashlib.sha256(typed_email(email).lower().encode()).hexdigest()
