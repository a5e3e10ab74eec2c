"""Keys with which a store calls the API: shown once, stored as a hash, revoked at once. See docs/rules/stores.md."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from peewee import SQL, ModelSelect, fn

from models import Store, StoreKey
from portal.db import Actor, Keyset, Page, Prepared, query, record_event, transaction
from portal.lib.clock import utc_now
from portal.lib.errors import PortalError
from portal.stores.queries import lock_store

KeyMode = Literal["live", "test"]

ORDERS_WRITE, ORDERS_READ, ATTRIBUTION_READ = "orders:write", "orders:read", "attribution:read"
SCOPES = (ORDERS_WRITE, ORDERS_READ, ATTRIBUTION_READ)
# Two keys of a mode are valid at once, so that a store can change from one to the other without a gap.
VALID_AT_ONCE = 2
REVOKED_PAGE = 20
_USE_NOTED_EVERY = timedelta(minutes=1)
_BASE62 = string.ascii_letters + string.digits
_KEY = re.compile(r"rk_(?:live|test)_[0-9A-Za-z]{32}")
_PREFIX_LENGTH = len("rk_live_") + 4
_KEY_COLUMNS = tuple(field.column_name for field in StoreKey._meta.sorted_fields)
_STORE_COLUMNS = tuple(field.column_name for field in Store._meta.sorted_fields)
# Every request begins with it. Building the statement from models takes longer than running it.
_FIND = Prepared(f"""
SELECT {", ".join(f"k.{column}" for column in _KEY_COLUMNS)}, {", ".join(f"s.{column}" for column in _STORE_COLUMNS)}
FROM store_keys k JOIN stores s ON s.id = k.store_id
WHERE k.key_hash = %(hash)s AND k.revoked_at IS NULL AND s.active
""")  # noqa: S608 - constants


class StoreKeyInvalid(PortalError):
    """The key is missing, malformed, unknown or revoked, or its store is disconnected."""

    code = "store_key_invalid"


class ScopeMissing(PortalError):
    """The key may not do this; param `scope` is what it lacks."""

    code = "scope_missing"


class TooManyKeys(PortalError):
    """The store has as many valid keys of this mode as it may have; param `at_most`."""

    code = "too_many_keys"


class KeyUnknown(PortalError):
    """The store has no such key, or it is already revoked."""

    code = "store_key_unknown"


@dataclass(frozen=True)
class NewKey:
    """A key that was just created; the text is not stored and cannot be shown again."""

    id: int
    text: str


def create_key(
    store_id: int,
    mode: KeyMode,
    actor: Actor,
    *,
    scopes: Collection[str] = SCOPES,
    created_by: int | None = None,
) -> NewKey:
    """Create a key of a store; raise TooManyKeys while two of the mode are valid."""
    text = f"rk_{mode}_{''.join(secrets.choice(_BASE62) for _ in range(32))}"
    with transaction():
        lock_store(store_id)
        valid = _valid_keys(store_id).where(StoreKey.mode == mode).count()
        if valid >= VALID_AT_ONCE:
            raise TooManyKeys(at_most=VALID_AT_ONCE)
        key_id = StoreKey.insert(
            store=store_id,
            mode=mode,
            prefix=text[:_PREFIX_LENGTH],
            key_hash=_hash(text),
            scopes=sorted(scopes),
            created_by=created_by,
        ).execute()
        record_event(actor, "store", store_id, "store_key_created", data={"prefix": text[:_PREFIX_LENGTH]})
    return NewKey(key_id, text)


def revoke_key(store_id: int, key_id: int, actor: Actor) -> None:
    """End a key at once; raise KeyUnknown."""
    with transaction():
        row = (
            StoreKey.update(revoked_at=fn.now())
            .where((StoreKey.id == key_id) & (StoreKey.store == store_id) & StoreKey.revoked_at.is_null())
            .returning(StoreKey.prefix)
            .execute()
        )
        revoked = next(iter(row), None)
        if revoked is None:
            raise KeyUnknown
        record_event(actor, "store", store_id, "store_key_revoked", data={"prefix": revoked.prefix})


def list_keys(store_id: int) -> list[StoreKey]:
    """Return the keys of a store, the newest first, revoked ones included."""
    return list(StoreKey.select().where(StoreKey.store == store_id).order_by(StoreKey.id.desc()))


def list_valid_keys(store_id: int) -> list[StoreKey]:
    """Return the valid keys of a store, the newest first; there are at most two of each mode."""
    return list(_valid_keys(store_id).order_by(StoreKey.id.desc()))


def list_revoked_keys(store_id: int, cursor: str | None = None) -> Page[StoreKey]:
    """Return a page of the revoked keys of a store, the newest first; raise CursorInvalid."""
    revoked = (StoreKey.store == store_id) & StoreKey.revoked_at.is_null(False)
    newest_first: Keyset[StoreKey] = Keyset(StoreKey.select().where(revoked), StoreKey.id)
    return newest_first.page(cursor, REVOKED_PAGE)


def newest_key_uses(store_ids: Collection[int]) -> dict[int, datetime]:
    """Return when a key of each of some stores was used last, of those whose keys were used."""
    return dict(
        query(
            "SELECT store_id, max(last_used_at) FROM store_keys"
            " WHERE store_id = ANY(%s) AND last_used_at IS NOT NULL GROUP BY 1",
            [list(store_ids)],
        )
    )


def get_key(text: str, scope: str) -> StoreKey:
    """Return the key with this text and its store; raise StoreKeyInvalid, or ScopeMissing if it may not do this."""
    key = _find_key(text) if _KEY.fullmatch(text) else None
    if key is None:
        raise StoreKeyInvalid
    if scope not in key.scopes:
        raise ScopeMissing(scope=scope)
    return key


def note_key_used(key: StoreKey) -> None:
    """Record that a key is in use, at most once a minute."""
    if key.last_used_at is not None and utc_now() - key.last_used_at < _USE_NOTED_EVERY:
        return
    StoreKey.update(last_used_at=fn.now()).where(
        (StoreKey.id == key.id)
        & (StoreKey.last_used_at.is_null() | (StoreKey.last_used_at < SQL("now() - interval '1 minute'")))
    ).execute()


def _find_key(text: str) -> StoreKey | None:
    rows = query(_FIND, {"hash": _hash(text)})
    if not rows:
        return None
    row = rows[0]
    key = StoreKey(**dict(zip(_KEY_COLUMNS, row, strict=False)))
    key.store = Store(**dict(zip(_STORE_COLUMNS, row[len(_KEY_COLUMNS) :], strict=True)))
    return key


def _valid_keys(store_id: int) -> ModelSelect[StoreKey]:
    return StoreKey.select().where((StoreKey.store == store_id) & StoreKey.revoked_at.is_null())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
