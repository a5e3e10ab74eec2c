"""The accounts of the HTTP smoke check: a code to visit, and an account that can sign in during the check."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from portal.accounts import set_password
from portal.codes import issue_code, set_code_active
from portal.flows.smoke.steps import ACTOR, smoke_account
from portal.rewards import minting
from portal.visits import stats_by_code

_WALLET = f"0x{'dead':0>40}"


@contextmanager
def open_code() -> Iterator[str]:
    """Yield the share code of the smoke check; it is active only during the check."""
    code = issue_code(smoke_account("visited").id, _WALLET, ACTOR).code
    set_code_active(code, True, ACTOR, "smoke check")
    try:
        yield code
    finally:
        set_code_active(code, False, ACTOR, "smoke check")


@contextmanager
def open_account() -> Iterator[tuple[str, str]]:
    """Yield e-mail and password of a smoke account; the password is replaced afterwards."""
    account, password = smoke_account("visitor"), secrets.token_urlsafe(24)
    set_password(account.id, password, ACTOR, brand="")
    try:
        yield str(account.email), password
    finally:
        set_password(account.id, secrets.token_urlsafe(32), ACTOR, brand="")


def count_visits(code: str) -> int:
    """Return the visits of a code."""
    return stats_by_code([code])[code].total


def is_anything_to_mint(chain_id: int) -> bool:
    """Return whether a minting round would have work, which a check must not start."""
    mine, others = minting.count_mintable(chain_id)
    return bool(mine or others)
