"""Keyed hashes of where accounts were seen, and the accounts seen at the same place.

Only hashes are stored: HMAC-SHA256 with the secret of the server and a random salt of the period, both of which are
needed to test a guess. A salt is deleted with its hashes after its period (docs/privacy.md).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from datetime import date
from hashlib import sha256

from portal.accounts.signal_rules import usable_periods
from portal.db import query

_NEW_SALT = "INSERT INTO signal_salts (period, salt) VALUES (%s, %s) ON CONFLICT DO NOTHING"
# The join drops hashes whose salt was pruned between reading and using it.
_RECORD = """
INSERT INTO access_signals (period, kind, hash, user_id)
SELECT s.period, s.kind, s.hash, %s FROM unnest(%s::integer[], %s::text[], %s::bytea[]) AS s (period, kind, hash)
JOIN signal_salts USING (period) ON CONFLICT DO NOTHING
"""
_OTHERS = """
SELECT DISTINCT theirs.kind, theirs.user_id
FROM unnest(%s::integer[], %s::text[], %s::bytea[]) AS s (period, kind, hash)
JOIN access_signals theirs USING (period, kind, hash) WHERE theirs.user_id <> %s
"""
_PRUNE = "DELETE FROM signal_salts WHERE period < %s RETURNING period"


def record_signals(user_id: int, seen: Mapping[str, str], secret: str, today: date) -> list[tuple[str, int]]:
    """Record the signals {kind: value} of an account and return (kind, account) of others with the same signals.

    Call it outside a transaction: the signals must be visible to others before the search, so that of two accounts seen
    at the same moment at least one finds the other.
    """
    hashes = _hashes(seen, secret, today)
    if not hashes:
        return []
    periods, kinds, digests = (list(column) for column in zip(*hashes, strict=True))
    query(_RECORD, [user_id, periods, kinds, digests])
    return [(kind, other) for kind, other in query(_OTHERS, [periods, kinds, digests, user_id])]


def prune_signals(today: date) -> int:
    """Delete expired salts with their hashes and return the number of salts."""
    return len(query(_PRUNE, [usable_periods(today)[-1]]))


def _hashes(seen: Mapping[str, str], secret: str, today: date) -> list[tuple[int, str, bytes]]:
    if not seen:
        return []
    return [
        (period, kind, _hash(secret, salt, kind, value))
        for period, salt in _salts(today)
        for kind, value in seen.items()
    ]


def _salts(today: date) -> list[tuple[int, bytes]]:
    newest, *_ = periods = usable_periods(today)
    query(_NEW_SALT, [newest, secrets.token_bytes(32)])
    rows = query("SELECT period, salt FROM signal_salts WHERE period = ANY(%s)", [list(periods)])
    return [(period, bytes(salt)) for period, salt in rows]


def _hash(secret: str, salt: bytes, kind: str, value: str) -> bytes:
    key = hmac.digest(secret.encode(), salt, sha256)
    return hmac.digest(key, f"{kind}:{value}".encode(), sha256)[:16]
