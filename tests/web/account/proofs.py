"""What tests of linking and of signing in share: time that passes, and many requests at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from portal.db import query, release_connection


def expire() -> None:
    """Let every open text be eleven minutes old, as the database tells time."""
    query("UPDATE wallet_challenges SET created_at = created_at - interval '11 minutes',"
          " expires_at = expires_at - interval '11 minutes'")  # fmt: skip


def at_once(times: int, call: Callable[[], int]) -> list[int]:
    """Call from as many threads and return what they answered, sorted."""

    def run(_number: int) -> int:
        try:
            return call()
        finally:
            release_connection()

    with ThreadPoolExecutor(times) as pool:
        return sorted(pool.map(run, range(times)))
