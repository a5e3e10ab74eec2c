"""Helpers for wallet-proof tests: expired challenges and concurrent requests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from portal.db import query, release_connection


def expire_challenges() -> None:
    """Make every open challenge eleven minutes older by the database clock."""
    query("UPDATE wallet_challenges SET created_at = created_at - interval '11 minutes',"
          " expires_at = expires_at - interval '11 minutes'")  # fmt: skip


def run_concurrently(times: int, call: Callable[[], int]) -> list[int]:
    """Run the call in `times` threads and return the sorted results."""

    def run(_number: int) -> int:
        try:
            return call()
        finally:
            release_connection()

    with ThreadPoolExecutor(times) as pool:
        return sorted(pool.map(run, range(times)))
