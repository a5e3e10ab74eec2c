"""The people of the HTTP smoke check: a code of its own to visit, and an account that can sign in for a minute."""

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
    """Yield the smoke check's own share code, active only meanwhile."""
    code = issue_code(smoke_account("visited").id, _WALLET, ACTOR).code
    set_code_active(code, True, ACTOR, "smoke check")
    try:
        yield code
    finally:
        set_code_active(code, False, ACTOR, "smoke check")


@contextmanager
def open_account() -> Iterator[tuple[str, str]]:
    """Yield e-mail and password of a smoke account; the password is replaced by one kept nowhere."""
    account, password = smoke_account("visitor"), secrets.token_urlsafe(24)
    set_password(account.id, password, ACTOR)
    try:
        yield str(account.email), password
    finally:
        set_password(account.id, secrets.token_urlsafe(32), ACTOR)


def count_visits(code: str) -> int:
    """Return how many visits a reader sees of a code."""
    return stats_by_code([code])[code].total


def is_anything_to_mint(chain_id: int) -> bool:
    """Tell whether a minting round would have work: a check must not start it."""
    mine, others = minting.count_mintable(chain_id)
    return bool(mine or others)
